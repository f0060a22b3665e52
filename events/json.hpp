// JSON out, with our number rules: what every answer, stream and export is made of, so it writes straight into its text. JSON in is
// simdjson, at each door.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "events/metric.hpp"
#include "events/time.hpp"

namespace heliograph {

/// Requires: keys and values come as JSON has them, and what was begun is ended.
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view k);
  /// What is not UTF-8 (a device's or a file's bytes) becomes U+FFFD: the JSON is valid whatever was said.
  JsonWriter& string(std::string_view s);
  JsonWriter& integer(std::int64_t n);
  JsonWriter& unsigned_integer(std::uint64_t n);
  JsonWriter& boolean(bool b) { return raw(b ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  /// Shortest decimal that reads back as `d`; null for NaN and infinities. No zero has a sign.
  JsonWriter& number(double d);
  /// `d` rounded to at most `decimals` (0 to 9) digits after the point; where that many do not fit, as number().
  JsonWriter& rounded(double d, unsigned decimals);
  /// Exact decimal `value * 10^-decimals` without trailing zeros: no floating point on the way.
  JsonWriter& decimal(std::int64_t value, unsigned decimals);
  /// A stored metric value in API units; null for `missing`.
  JsonWriter& metric(Metric metric, std::int64_t value);
  JsonWriter& time(Micros at);
  /// `json` must be valid JSON.
  JsonWriter& raw(std::string_view json);

  JsonWriter& field(std::string_view k, std::string_view v) { return key(k).string(v); }
  JsonWriter& field(std::string_view k, const char* v) { return key(k).string(v); }
  JsonWriter& field(std::string_view k, const std::string& v) { return key(k).string(v); }
  JsonWriter& field(std::string_view k, bool v) { return key(k).boolean(v); }
  JsonWriter& field(std::string_view k, double v) { return key(k).number(v); }
  template <class Int>
    requires std::is_integral_v<Int>
  JsonWriter& field(std::string_view k, Int v) {
    if constexpr (std::is_same_v<Int, bool>) return key(k).boolean(v);
    else if constexpr (std::is_signed_v<Int>) return key(k).integer(v);
    else return key(k).unsigned_integer(v);
  }

  std::string_view view() const { return {text_.data(), size_}; }
  std::string str() const { return std::string(view()); }
  /// Hands the text over and begins anew.
  std::string take();
  void clear() { size_ = 0; }
  /// That so much will be written, about.
  void expect(std::size_t bytes) {
    if (text_.size() < bytes) text_.resize(bytes);
  }

 private:
  /// Where the next `most` bytes go; written() says how many they were.
  char* room(std::size_t most) {
    if (text_.size() - size_ < most) grow(most);
    return text_.data() + size_;
  }
  void written(const char* end) { size_ = static_cast<std::size_t>(end - text_.data()); }
  /// Room for a value, behind the comma that must stand before it: behind anything but an opening or a colon.
  char* room_for_value(std::size_t most) {
    char* at = room(most + 1);
    if (size_ > 0 && at[-1] != '[' && at[-1] != '{' && at[-1] != ':') *at++ = ',';
    return at;
  }
  JsonWriter& open(char mark) {
    char* at = room_for_value(1);
    *at = mark;
    written(at + 1);
    return *this;
  }
  JsonWriter& close(char mark) {
    *room(1) = mark;
    ++size_;
    return *this;
  }
  void grow(std::size_t most);
  void put_string(std::string_view s);

  std::string text_;      // its end is not written yet
  std::size_t size_ = 0;  // of what is
  std::pair<Micros, std::string> time_;  // the last one, in quotes: an answer often says the same again and again
};

}  // namespace heliograph
