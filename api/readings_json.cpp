#include "api/readings_json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "api/decimal.hpp"
#include "api/readings_line.hpp"
#include "api/readings_shape.hpp"
#include "events/json.hpp"

namespace heliograph {
namespace {

namespace ondemand = simdjson::ondemand;
using namespace telemetry;

constexpr int depth_max = 32;  // of fields that we skip

bool space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
string_view without_spaces(string_view text) {
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  return text;
}

/// Words for "no number" that senders write bare or quoted.
bool not_a_number(string_view text) {
  constexpr std::array<string_view, 9> words{"NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "Inf", "-Inf", "-NaN"};
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// At most `bytes` of UTF-8, never half a character.
string_view cut(string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

/// RFC 3339 to a moment, remembering the last text and the last date: a tick's nodes share both.
class TimeReader {
 public:
  Result<Micros> read(string_view text) {
    if (text.size() == last_size_ && std::memcmp(text.data(), last_.data(), last_size_) == 0) return last_at_;
    if (text.size() == 20 && text[19] == 'Z' && std::memcmp(text.data(), date_.data(), 11) == 0) {
      const int h = two(text, 11), m = two(text, 14), s = two(text, 17);
      if (h >= 0 && h < 24 && m >= 0 && m < 60 && s >= 0 && s < 60 && text[13] == ':' && text[16] == ':')
        return remember(text, day_ + h * hour_us + m * minute_us + s * second_us);
    }
    auto at = parse_time(text);
    if (!at) return at;
    if (*at < 0) return fail(Errc::invalid, "\"" + std::string(cut(text, 60)) + "\" lies before 1970.");
    if (text.size() == 20 && text[10] == 'T' && text[19] == 'Z') {
      std::memcpy(date_.data(), text.data(), 11);
      day_ = *at - *at % day_us;
    }
    return remember(text, *at);
  }

 private:
  static int two(string_view t, std::size_t i) {
    const auto a = static_cast<unsigned>(t[i] - '0'), b = static_cast<unsigned>(t[i + 1] - '0');
    return a > 9 || b > 9 ? -1 : static_cast<int>(a * 10 + b);
  }
  Micros remember(string_view text, Micros at) {
    if (text.size() <= last_.size()) {
      std::memcpy(last_.data(), text.data(), text.size());
      last_size_ = text.size();
      last_at_ = at;
    }
    return at;
  }
  std::array<char, 40> last_{};
  std::size_t last_size_ = 0;
  Micros last_at_ = 0;
  std::array<char, 11> date_{};
  Micros day_ = 0;
};

}  // namespace

struct ReadingsParser::State {
  ondemand::parser parser;
  std::vector<char> padded;
  Groups groups;
  const TextMap<Named>& direct = direct_names();
  Shapes shapes{groups};
  TimeReader times;
  ReadingBuilder builder;
  Line line;
  IngestBatch out;
  std::uint64_t bodies = 0;

  // ---- fields: false = the line is refused, line.wrong says why ---------------------------------------------

  bool not_json(simdjson::error_code code) {
    return line.refuse(std::string("This is not a JSON object (") + simdjson::error_message(code) + ").");
  }

  static string_view token(ondemand::value& value) { return without_spaces(value.raw_json_token()); }

  /// The text of a string token; unescapes only where there is something to unescape.
  bool text_of(ondemand::value& value, string_view raw, string_view& text) {
    if (raw.size() >= 2 && raw.back() == '"' && raw.find('\\') == string_view::npos)
      return text = raw.substr(1, raw.size() - 2), true;
    const auto code = value.get_string().get(text);
    return code == simdjson::SUCCESS || not_json(code);
  }

  bool wants_string(ondemand::value& value, string_view key, string_view& text) {
    const string_view raw = token(value);
    if (raw.empty() || raw[0] != '"') return line.refuse("\"" + std::string(key) + "\" must be a text.");
    return text_of(value, raw, text);
  }

  bool number(const Named& means, string_view raw) {
    const auto d = parse_json_number(raw);
    if (d && means.text) {  // of an endless number its whole part, so that what is kept is a number, too
      const auto whole = raw.size() <= raw_bytes_max ? raw : raw.substr(0, std::min(raw.find_first_of(".eE"), raw_bytes_max));
      return line.put(means.metric, {CellKind::unreadable, 0, whole}), true;
    }
    // Cut to what a suspect keeps, such a number could look like another one: it is no number to us.
    if (d && raw.size() > raw_bytes_max) return line.put(means.metric, {CellKind::unreadable, 0, raw}), true;
    if (d) {
      const auto stored = scaled(*d, means.power);
      if (stored && *stored >= means.min && *stored <= means.max) line.put(means.metric, {CellKind::number, *stored, {}});
      else line.put(means.metric, {CellKind::implausible, 0, raw});
      return true;
    }
    if (not_a_number(raw)) return line.put(means.metric, {CellKind::implausible, 0, raw}), true;
    return line.refuse("This is not JSON (\"" + std::string(cut(raw, 60)) + "\" is no value).");
  }

  bool value_of(const Named& means, ondemand::value& value) {
    const string_view raw = token(value);
    if (raw.empty()) return line.refuse("This is not JSON: a value is missing.");
    const char c = raw[0];
    if (c == '"') {
      string_view text;
      if (!text_of(value, raw, text)) return false;
      if (means.text) return line.put(means.metric, {CellKind::word, 0, cut(text, word_bytes_max)}), true;
      return line.put(means.metric, {not_a_number(text) ? CellKind::implausible : CellKind::unreadable, 0, text}), true;
    }
    if (c == '{' || c == '[') return line.put(means.metric, {CellKind::unreadable, 0, raw.substr(0, 1)}), skip(value, 0);
    if (raw == "true" || raw == "false") {
      if (means.metric == Metric::switch_on) return line.put(means.metric, {CellKind::number, c == 't', {}}), true;
      return line.put(means.metric, {CellKind::unreadable, 0, raw}), true;
    }
    if (raw == "null") return line.put(means.metric, {CellKind::unreadable, 0, raw}), true;
    return number(means, raw);
  }

  /// Reads over a value that means nothing to us, but demands that it is JSON: a cut line must not pass.
  bool skip(ondemand::value& value, int depth) {
    const string_view raw = token(value);
    if (raw.empty()) return line.refuse("This is not JSON: a value is missing.");
    if (depth > depth_max) return line.refuse("This JSON is nested deeper than 32 levels.");
    if (raw[0] == '{') {
      ondemand::object object;
      if (const auto code = value.get_object().get(object)) return not_json(code);
      for (auto each : object) {
        ondemand::field field;
        if (const auto code = std::move(each).get(field)) return not_json(code);
        if (!skip(field.value(), depth + 1)) return false;
      }
      return true;
    }
    if (raw[0] == '[') {
      ondemand::array array;
      if (const auto code = value.get_array().get(array)) return not_json(code);
      for (auto each : array) {
        ondemand::value item;
        if (const auto code = std::move(each).get(item)) return not_json(code);
        if (!skip(item, depth + 1)) return false;
      }
      return true;
    }
    if (raw[0] == '"' || raw == "null" || raw == "true" || raw == "false" || not_a_number(raw) || parse_json_number(raw)) return true;
    return line.refuse("This is not JSON (\"" + std::string(cut(raw, 60)) + "\" is no value).");
  }

  void ignore(string_view group, string_view key) {
    const auto same = [&](const std::string& name) {
      if (group.empty()) return name == key;
      return name.size() == group.size() + 1 + key.size() && name.starts_with(group) && name.ends_with(key);
    };
    if (out.ignored.size() >= ignored_names_max || std::any_of(out.ignored.begin(), out.ignored.end(), same)) return;
    std::string name(group);
    if (!group.empty()) name += '.';
    out.ignored.push_back(name.append(key));
  }

  /// A key as it stands between its quotes. Escaped ones are none of ours.
  static string_view key_of(ondemand::field& field) {
    const char* const from = field.key().raw();
    const char* at = from;
    while (*at != '"' && *at != '\\' && at - from < 64) ++at;
    return {from, static_cast<std::size_t>(at - from)};
  }

  bool group(const Group& which, ondemand::value& value) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return ignore({}, which.name), skip(value, 0);
    for (auto each : object) {
      ondemand::field field;
      if (const auto code = std::move(each).get(field)) return not_json(code);
      const string_view key = key_of(field);
      const Named* const means = which.find(key);
      if (means == nullptr) ignore(which.name, key);
      if (!(means != nullptr ? value_of(*means, field.value()) : skip(field.value(), 0))) return false;
    }
    return true;
  }

  bool top(string_view key, ondemand::value& value) {
    if (key == "node_id" || key == "device") return wants_string(value, key, line.device);
    if (key == "timestamp") return wants_string(value, key, line.timestamp);
    if (const Group* const which = groups.find(key)) return group(*which, value);
    if (const auto found = direct.find(key); found != direct.end()) return value_of(found->second, value);
    return ignore({}, key), skip(value, 0);
  }

  bool object(ondemand::object& fields) {
    line.clear();
    for (auto each : fields) {
      ondemand::field field;
      if (const auto code = std::move(each).get(field)) return not_json(code);
      if (!top(key_of(field), field.value())) return false;
    }
    return true;
  }

  // ---- lines ---------------------------------------------------------------------------------------------------

  /// A message that was read whole becomes a row.
  bool commit() {
    if (line.device.empty()) return line.refuse("There is no \"node_id\" (or \"device\"): say whose reading this is.");
    if (!is_id(line.device)) return line.refuse(DeviceId::parse(line.device).error().sentence);
    if (line.timestamp.empty()) return line.refuse("There is no \"timestamp\": say when this was true.");
    const auto at = times.read(line.timestamp);
    if (!at) return line.refuse(at.error().sentence);
    if (line.has == 0) return line.refuse("Nothing in it is a measurement that Heliograph knows (docs/IMPORT.md lists the names).");
    if (builder.size() >= batch_rows_max) return line.refuse("One body holds at most 1,048,576 readings: send the rest in another.");
    builder.row(line.device, *at);
    for (std::uint32_t rest = line.has; rest != 0; rest &= rest - 1) {
      const auto slot = static_cast<std::size_t>(std::countr_zero(rest));
      const auto metric = static_cast<Metric>(slot);
      const Cell& cell = line.cells[slot];
      switch (cell.kind) {
        case CellKind::number: builder.set(metric, cell.value); break;
        case CellKind::word: builder.set_text(metric, cell.text); break;
        case CellKind::implausible: builder.suspect(metric, Quality::implausible, cell.text); break;
        case CellKind::unreadable: builder.suspect(metric, Quality::unreadable, cell.text); break;
      }
    }
    return true;
  }

  void reject(std::uint64_t number) {
    ++out.rejected;
    if (out.errors.size() < line_errors_max) out.errors.push_back({number, line.wrong});
  }

  /// simdjson 3.0 says "the end" as an error of the location.
  static bool at_end(ondemand::document& document) { return document.current_location().error() == simdjson::OUT_OF_BOUNDS; }

  bool one(ondemand::document& document) {
    line.clear();
    ondemand::object fields;
    if (const auto code = document.get_object().get(fields)) return not_json(code);
    return object(fields) && (at_end(document) || line.refuse("Something follows the JSON object on its line.")) && commit();
  }

  simdjson::padded_string_view view(string_view text) const {
    return simdjson::padded_string_view(text.data(), text.size(), static_cast<std::size_t>(padded.data() + padded.size() - text.data()));
  }

  bool by_simdjson(string_view text) {
    line.clear();
    ondemand::document document;
    const auto code = parser.iterate(view(text)).get(document);
    if (code != simdjson::SUCCESS) return not_json(code);
    if (!one(document)) return false;
    if (line.all_good()) shapes.learn(text);
    return true;
  }

  /// Names that the fitting shape passes over belong into this body's list, too; once is enough for a body.
  void note_ignored() {
    if (!shapes.first_use_in(bodies)) return;
    for (const auto& [group, key] : shapes.ignored()) ignore(group, key);
  }

  void lines(string_view body) {
    for (std::uint64_t number = 1; !body.empty(); ++number) {
      const auto end = body.find('\n');
      const string_view text = without_spaces(body.substr(0, end));
      body.remove_prefix(end == string_view::npos ? body.size() : end + 1);
      if (text.empty()) continue;
      ++out.lines;
      const bool known = shapes.fits(text, line);
      if (known) note_ignored();
      if (!(known ? commit() : by_simdjson(text))) reject(number);
    }
  }

  void array(ondemand::document& document) {
    ondemand::array items;
    std::uint64_t number = 0;
    if (const auto code = document.get_array().get(items)) return ++out.lines, not_json(code), reject(1);
    for (auto each : items) {
      ++number;
      ++out.lines;
      line.clear();
      ondemand::object fields;
      const auto code = each.get_object().get(fields);
      if (!(code == simdjson::SUCCESS ? object(fields) && commit() : not_json(code))) reject(number);
    }
    line.clear();
    if (!at_end(document)) return ++out.lines, line.refuse("Something follows the JSON array."), reject(number + 1);
  }

  void whole(string_view body) {
    const string_view text = without_spaces(body);
    if (text.empty()) return;
    line.clear();
    ondemand::document document;
    const auto code = parser.iterate(view(text)).get(document);
    if (code != simdjson::SUCCESS) return ++out.lines, not_json(code), reject(1);
    if (text.front() == '[') return array(document);
    ++out.lines;
    if (!one(document)) reject(1);
  }
};

ReadingsParser::ReadingsParser() : state_(std::make_unique<State>()) {}
ReadingsParser::~ReadingsParser() = default;

Result<IngestBatch> ReadingsParser::parse(string_view body, bool ndjson) {
  State& s = *state_;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  if (s.padded.size() < body.size() + simdjson::SIMDJSON_PADDING) s.padded.resize(body.size() + simdjson::SIMDJSON_PADDING);
  if (!body.empty()) std::memcpy(s.padded.data(), body.data(), body.size());
  std::memset(s.padded.data() + body.size(), ' ', simdjson::SIMDJSON_PADDING);
  const string_view copy{s.padded.data(), body.size()};
  s.padded[body.size()] = '\n';  // what Shapes::fits demands behind the last line
  s.out = {};
  ++s.bodies;
  s.builder.reserve(std::min<std::size_t>(body.size() / 200, batch_rows_max));
  if (ndjson) s.lines(copy);
  else s.whole(copy);
  s.out.batch = s.builder.take();
  if (s.out.lines == 0) return fail(Errc::invalid, "The body is empty: send JSON readings, one object a line.");
  if (s.out.batch.size() == 0) {
    const LineError& first = s.out.errors.front();
    return fail(Errc::invalid, first.sentence, (ndjson ? "line " : "item ") + std::to_string(first.line));
  }
  return std::move(s.out);
}

Result<IngestBatch> parse_readings(string_view body, bool ndjson) { return ReadingsParser{}.parse(body, ndjson); }

namespace {

/// A suspect so that it is one again when it is read back: never as a number that would fit.
void print_suspect(JsonWriter& json, const Suspect& suspect) {
  const string_view raw = suspect.raw;
  json.key(info(suspect.metric).api_name);
  const bool text = info(suspect.metric).kind == Kind::text;
  if (raw == "null" || raw == "true" || raw == "false") json.raw(raw);
  else if (raw == "{") json.raw("{}");
  else if (raw == "[") json.raw("[]");
  else if ((suspect.quality == Quality::implausible || text) && parse_json_number(raw)) json.raw(raw);
  else json.string(raw);
}

}  // namespace

std::string print_readings(const ReadingBatch& batch) {
  std::string text;
  JsonWriter json;
  auto suspect = batch.suspects.begin();
  for (std::uint32_t row = 0; row < batch.size(); ++row) {
    json.clear();
    json.begin_object().field("device", batch.devices[batch.device_of[row]].text).key("timestamp").time(batch.at[row]);
    for (const auto& column : batch.columns) {
      const std::int64_t value = column.values[row];
      if (value == missing) continue;
      json.key(info(column.metric).api_name);
      if (info(column.metric).kind == Kind::text) json.string(batch.words[static_cast<std::size_t>(value)]);
      else json.metric(column.metric, value);
    }
    for (; suspect != batch.suspects.end() && suspect->row == row; ++suspect) print_suspect(json, *suspect);
    json.end_object();
    text.append(json.view()).push_back('\n');
  }
  return text;
}

}  // namespace heliograph
