// A figure that is known, or the reason why it is not. An unknown figure is never zero: it has no value to print.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace heliograph {

struct Unavailable {
  std::string why;  // finishes "unavailable (...)": "there is no meter in the record"
  bool operator==(const Unavailable&) const = default;
};

template <class T>
class Known {
 public:
  Known(T value) : held_(std::move(value)) {}
  Known(Unavailable reason) : held_(std::move(reason)) {}

  /// nullptr when unavailable.
  const T* value() const { return std::get_if<T>(&held_); }
  T* value() { return std::get_if<T>(&held_); }
  /// Requires: unavailable.
  const std::string& why() const { return std::get<Unavailable>(held_).why; }
  explicit operator bool() const { return held_.index() == 0; }

 private:
  std::variant<T, Unavailable> held_;
};

}  // namespace heliograph
