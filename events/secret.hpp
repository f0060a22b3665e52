// A password, token, key or code: can be used, and neither compared, printed nor logged by accident. Wiped when it
// goes.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace heliograph {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret& operator=(Secret other) {  // what was here is wiped with `other`
    text_.swap(other.text_);
    return *this;
  }
  ~Secret() {
    // volatile: the compiler would drop writes to memory that is about to be freed.
    for (volatile char& c : text_) c = 0;
  }
  bool operator==(const Secret&) const = delete;
  /// Requires: what is revealed goes to its service only, never into a sentence, a log line or an event.
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

/// Takes as long for a first byte that differs as for the last. The length is no secret.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace heliograph
