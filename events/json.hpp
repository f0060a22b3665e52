// JSON out: a thin name over RapidJSON's writer with our number rules. JSON in is simdjson, at each door.
#pragma once

#include <rapidjson/writer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "events/metric.hpp"
#include "events/time.hpp"

namespace heliograph {

class JsonWriter {
 public:
  JsonWriter() : writer_(text_) {}

  JsonWriter& begin_object() { writer_.StartObject(); return *this; }
  JsonWriter& end_object() { writer_.EndObject(); return *this; }
  JsonWriter& begin_array() { writer_.StartArray(); return *this; }
  JsonWriter& end_array() { writer_.EndArray(); return *this; }
  JsonWriter& key(std::string_view k) { return string(k); }
  /// What is not UTF-8 (a device's or a file's bytes) becomes U+FFFD: the JSON is valid whatever was said.
  JsonWriter& string(std::string_view s);
  JsonWriter& integer(std::int64_t n);
  JsonWriter& unsigned_integer(std::uint64_t n);
  JsonWriter& boolean(bool b) { writer_.Bool(b); return *this; }
  JsonWriter& null() { writer_.Null(); return *this; }
  /// Shortest decimal that reads back as `d`; null for NaN and infinities.
  JsonWriter& number(double d);
  /// `d` rounded to at most `decimals` (0 to 9) digits after the point; where that many do not fit, as number().
  JsonWriter& rounded(double d, unsigned decimals);
  /// Exact decimal `value * 10^-decimals` without trailing zeros: no floating point on the way.
  JsonWriter& decimal(std::int64_t value, unsigned decimals);
  /// A stored metric value in API units; null for `missing`.
  JsonWriter& metric(Metric metric, std::int64_t value);
  JsonWriter& time(Micros at);
  /// `json` must be valid JSON.
  JsonWriter& raw(std::string_view json) { writer_.put(rapidjson::kObjectType, json); return *this; }

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

  std::string_view view() const { return text_.text; }
  std::string str() const { return text_.text; }
  /// Hands the text over. Nothing may be written after it.
  std::string take() { return std::move(text_.text); }
  void clear() { text_.text.clear(); writer_.Reset(text_); }

 private:
  /// What RapidJSON writes to.
  struct Text {
    using Ch = char;
    void Put(char c) { text.push_back(c); }
    void Flush() {}
    std::string text;
  };
  struct Writer : rapidjson::Writer<Text> {
    using rapidjson::Writer<Text>::Writer;
    /// Texts that need no look at each byte, whole: RawValue copies byte by byte.
    void put(rapidjson::Type type, std::string_view json) {
      Prefix(type);
      os_->text.append(json);
      EndValue(true);
    }
    void put_quoted(std::string_view plain) {
      Prefix(rapidjson::kStringType);
      os_->text.append(1, '"').append(plain).append(1, '"');
      EndValue(true);
    }
  };
  static rapidjson::SizeType size(std::string_view s) { return static_cast<rapidjson::SizeType>(s.size()); }
  Text text_;
  Writer writer_;
  std::pair<Micros, std::string> time_;  // the last one written: an answer often says the same again and again
};

}  // namespace heliograph
