#include "actors/config_report.hpp"

#include <algorithm>

#include "actors/config_keys.hpp"
#include "events/json.hpp"

namespace heliograph {
namespace {

struct Setting {
  std::string key;    // "notify.slack[0].url"
  std::string value;  // as JSON, which is as TOML writes it; empty = not set
  ConfigOrigin origin;
  bool secret = false;
};

void write(JsonWriter& json, const Document& value) {
  switch (value.kind) {
    case Document::Kind::boolean: json.boolean(value.truth); break;
    case Document::Kind::integer: json.integer(value.integer); break;
    case Document::Kind::number: json.number(value.number); break;
    case Document::Kind::text: json.string(value.string); break;
    case Document::Kind::array:
      json.begin_array();
      for (const Document& item : value.items) write(json, item);
      json.end_array();
      break;
    default: json.null(); break;
  }
}

const Document* member(const Document* table, std::string_view name) {
  if (table == nullptr) return nullptr;
  const auto field = std::find_if(table->fields.begin(), table->fields.end(), [&](const DocumentField& each) { return each.key == name; });
  return field == table->fields.end() ? nullptr : &field->value;
}

/// The value at "notify.mail.to"; null when the document does not have it.
const Document* at(const Document& root, std::string_view path) {
  const Document* node = &root;
  while (!path.empty() && node != nullptr) {
    const std::string_view step = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), step.size() + 1));
    node = member(node, step);
  }
  return node;
}

class Settings {
 public:
  explicit Settings(const ConfigLayers& layers) : layers_(layers) {}

  std::vector<Setting> all() {
    std::string_view list;  // whose tables have been said
    for (const ConfigKey& key : config_keys()) {
      const auto brackets = key.path.find("[]");
      if (brackets == std::string_view::npos) add_plain(key);
      else if (key.path.substr(0, brackets) != list) add_tables(list = key.path.substr(0, brackets));
    }
    return std::move(out_);
  }

 private:
  static std::string pointer(std::string path) {
    for (char& c : path)
      if (c == '.') c = '/';
    return "/" + path;
  }

  void add(std::string name, const ConfigKey& key, const Document* value, const std::string& where) {
    if (value == nullptr) {
      out_.push_back({std::move(name), std::string(key.preset), {}});
      return;
    }
    JsonWriter json;
    write(json, *value);
    out_.push_back({std::move(name), key.secret ? "\"set\"" : json.str(), layers_.origin(where), key.secret});
  }

  /// Of what is optional as a whole only what it says, and the defaults that then hold.
  void add_plain(const ConfigKey& key) {
    const std::string path(key.path);
    const Document* value = at(layers_.root, path);
    const bool optional = path.starts_with("notify.");
    if (value == nullptr && optional && (key.preset.empty() || at(layers_.root, path.substr(0, path.rfind('.'))) == nullptr)) return;
    add(path, key, value, pointer(path));
  }

  void add_tables(std::string_view list) {
    const Document* tables = at(layers_.root, list);
    if (tables == nullptr) return;
    for (std::size_t i = 0; i < tables->items.size(); ++i)
      for (const ConfigKey& key : config_keys()) {
        if (!key.path.starts_with(std::string(list) + "[].")) continue;
        const std::string name(key.path.substr(list.size() + 3)), number = std::to_string(i);
        const Document* value = member(&tables->items[i], name);
        if (value == nullptr && key.preset.empty()) continue;
        add(std::string(list) + "[" + number + "]." + name, key, value, pointer(std::string(list)) + "/" + number + "/" + name);
      }
  }

  const ConfigLayers& layers_;
  std::vector<Setting> out_;
};

std::string where(const ConfigOrigin& origin) {
  std::string out(name(origin.source));
  if (origin.line != 0) out += ", line " + std::to_string(origin.line);
  if (!origin.variable.empty()) out += " " + origin.variable;
  return out;
}

void write_origin(JsonWriter& json, const ConfigOrigin& origin) {
  if (origin.line != 0) json.field("line", origin.line);
  if (!origin.variable.empty()) json.field("variable", origin.variable);
}

}  // namespace

std::string to_text(const LoadedConfig& loaded) {
  const auto settings = Settings(loaded.layers).all();
  std::size_t key_width = 0, value_width = 0;
  const auto shown = [](const Setting& each) { return each.secret ? "set" : each.value.empty() ? "not set" : each.value; };
  for (const Setting& each : settings) key_width = std::max(key_width, each.key.size()), value_width = std::max(value_width, std::min<std::size_t>(40, shown(each).size()));
  std::string out = (loaded.layers.file.empty() ? "The configuration, without a file," : loaded.layers.file) + " is good.\n\n";
  for (const Setting& each : settings) {
    const std::string value = shown(each);
    const std::string gap(key_width + 2 - each.key.size(), ' '), after(std::max(value.size(), value_width) + 2 - value.size(), ' ');
    out += each.key + gap + value + after + where(each.origin) + "\n";
  }
  return out;
}

std::string to_json(const LoadedConfig& loaded) {
  JsonWriter json;
  json.begin_object().field("good", loaded.problems.empty()).field("file", loaded.layers.file).key("settings").begin_array();
  if (loaded.problems.empty())
    for (const Setting& each : Settings(loaded.layers).all()) {
      json.begin_object().field("key", each.key).key("value").raw(each.value.empty() ? "null" : each.value);
      json.field("source", name(each.origin.source));
      write_origin(json, each.origin);
      if (each.secret) json.field("secret", true);
      json.end_object();
    }
  json.end_array().key("problems").begin_array();
  for (const ConfigProblem& problem : loaded.problems) {
    json.begin_object().field("sentence", problem.sentence).field("pointer", problem.pointer).field("source", name(problem.origin.source));
    write_origin(json, problem.origin);
    json.end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace heliograph
