// JSON out: a thin name over RapidJSON's writer with our number rules. JSON in is simdjson, at each door.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/metric.hpp"
#include "events/time.hpp"

namespace heliograph {

class JsonWriter {
 public:
  JsonWriter() : writer_(buffer_) {}

  JsonWriter& begin_object() { writer_.StartObject(); return *this; }
  JsonWriter& end_object() { writer_.EndObject(); return *this; }
  JsonWriter& begin_array() { writer_.StartArray(); return *this; }
  JsonWriter& end_array() { writer_.EndArray(); return *this; }
  JsonWriter& key(std::string_view k) { writer_.Key(k.data(), size(k)); return *this; }
  /// What is not UTF-8 (a device's or a file's bytes) becomes U+FFFD: the JSON is valid whatever was said.
  JsonWriter& string(std::string_view s);
  JsonWriter& integer(std::int64_t n) { writer_.Int64(n); return *this; }
  JsonWriter& unsigned_integer(std::uint64_t n) { writer_.Uint64(n); return *this; }
  JsonWriter& boolean(bool b) { writer_.Bool(b); return *this; }
  JsonWriter& null() { writer_.Null(); return *this; }
  /// Shortest decimal that reads back as `d`; null for NaN and infinities.
  JsonWriter& number(double d);
  /// Exact decimal `value * 10^-decimals` without trailing zeros: no floating point on the way.
  JsonWriter& decimal(std::int64_t value, unsigned decimals);
  /// A stored metric value in API units; null for `missing`.
  JsonWriter& metric(Metric metric, std::int64_t value);
  JsonWriter& time(Micros at) { return string(format_time(at)); }
  /// `json` must be valid JSON.
  JsonWriter& raw(std::string_view json) { writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType); return *this; }

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

  std::string_view view() const { return {buffer_.GetString(), buffer_.GetSize()}; }
  std::string str() const { return std::string(view()); }
  void clear() { buffer_.Clear(); writer_.Reset(buffer_); }

 private:
  static rapidjson::SizeType size(std::string_view s) { return static_cast<rapidjson::SizeType>(s.size()); }
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

}  // namespace heliograph
