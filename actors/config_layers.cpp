#include "actors/config_layers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "actors/config_keys.hpp"
#include "actors/core/document_toml.hpp"

namespace heliograph {
namespace {

Document text_value(std::string text) {
  Document out;
  out.kind = Document::Kind::text;
  out.string = std::move(text);
  return out;
}

Document list_value(std::string_view text) {
  Document out;
  out.kind = Document::Kind::array;
  while (!text.empty()) {
    std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) out.items.push_back(text_value(std::string(item)));
  }
  return out;
}

template <class Number>
bool read_number(const std::string& text, Number& out) {
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
  return wrong == std::errc{} && end == text.data() + text.size();
}

/// What is no number, or neither true nor false, stays text: whoever reads the key says what it must be.
Document value_of(KeyForm form, const std::string& text) {
  Document out;
  if (form == KeyForm::list) return list_value(text);
  if (form == KeyForm::truth && (text == "true" || text == "false")) {
    out.kind = Document::Kind::boolean;
    out.truth = text == "true";
    return out;
  }
  if (form == KeyForm::number && read_number(text, out.integer)) {
    out.kind = Document::Kind::integer;
    return out;
  }
  if (form == KeyForm::number && read_number(text, out.number) && std::isfinite(out.number)) {
    out.kind = Document::Kind::number;
    return out;
  }
  return text_value(text);
}

std::string pointer_of(std::string_view path) {
  std::string out = "/" + std::string(path);
  std::replace(out.begin(), out.end(), '.', '/');
  return out;
}

/// The table that holds the key, made where it is missing; null where the file has something else in its place, which its reader refuses.
Document* table_of(Document& root, std::string_view path) {
  Document* at = &root;
  for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    const std::string_view step = path.substr(0, dot);
    auto field = std::find_if(at->fields.begin(), at->fields.end(), [&](const DocumentField& each) { return each.key == step; });
    if (field == at->fields.end()) {
      at->fields.push_back({std::string(step), {}});
      field = at->fields.end() - 1;
      field->value.kind = Document::Kind::object;
    }
    at = &field->value;
    path.remove_prefix(dot + 1);
    if (at->kind != Document::Kind::object) return nullptr;
  }
  return at;
}

std::string_view last_step(std::string_view path) { return path.substr(path.rfind('.') + 1); }

void forget(ConfigLayers& out, std::string_view path) {
  if (Document* table = table_of(out.root, path)) std::erase_if(table->fields, [&](const DocumentField& each) { return each.key == last_step(path); });
  const std::string pointer = pointer_of(path);
  std::erase_if(out.origins, [&](const auto& each) { return each.first == pointer || each.first.starts_with(pointer + "/"); });
}

void put(ConfigLayers& out, const ConfigKey& key, const std::string& text, ConfigOrigin origin) {
  Document* table = table_of(out.root, key.path);
  if (table == nullptr) return;
  forget(out, key.path);
  table->fields.push_back({std::string(last_step(key.path)), value_of(key.form, text)});
  out.origins[pointer_of(key.path)] = std::move(origin);
}

/// The three ways to give a secret are one thing: what the environment says of it replaces what the file says.
void forget_secrets(ConfigLayers& out, const std::map<std::string, std::string>& given) {
  for (const ConfigKey& key : config_keys()) {
    const auto name = environment_name(key);
    if (!key.secret || !name) continue;
    const std::string path(key.path);
    if (given.contains(*name) || given.contains(*name + "_FILE") || given.contains(*name + "_ENV"))
      for (const char* way : {"", "_file", "_env"}) forget(out, path + way);
  }
}

void take_environment(ConfigLayers& out, const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> given;
  for (const auto& [name, value] : environment)
    if (name.starts_with(environment_prefix) && !value.empty()) given.emplace(name, value);
  forget_secrets(out, given);
  for (const ConfigKey& key : config_keys())
    if (const auto name = environment_name(key); name && given.contains(*name)) put(out, key, given.at(*name), {ConfigSource::environment, 0, *name});
}

/// Variables that hold secrets may have any name; the file says which.
void named_variables(const Document& node, std::string_view key, std::set<std::string, std::less<>>& out) {
  if (node.kind == Document::Kind::text && key.ends_with("_env")) out.insert(node.string);
  for (const Document& item : node.items) named_variables(item, {}, out);
  for (const auto& [name, value] : node.fields) named_variables(value, name, out);
}

void refuse_unknown(ConfigLayers& out, const std::map<std::string, std::string>& environment) {
  std::set<std::string, std::less<>> named;
  named_variables(out.root, {}, named);
  std::vector<std::string> known;  // without the prefix, which is long enough to make every name near
  for (const ConfigKey& key : config_keys())
    if (const auto name = environment_name(key)) known.push_back(name->substr(environment_prefix.size()));
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(environment_prefix) || is_other_variable(name) || named.contains(name)) continue;
    const std::string_view rest = std::string_view(name).substr(environment_prefix.size());
    if (std::find(known.begin(), known.end(), rest) != known.end()) continue;
    const auto meant = nearest(rest, candidates);
    out.unknown_variables.push_back("There is no key for the environment variable " + quoted(name) + ": " +
                                    (meant ? "did you mean " + std::string(environment_prefix) + std::string(*meant) + "?" : "unset it, or see docs/CONFIGURATION.md for the names."));
  }
}

}  // namespace

std::string_view name(ConfigSource source) {
  switch (source) {
    case ConfigSource::preset: return "default";
    case ConfigSource::file: return "file";
    case ConfigSource::environment: return "environment";
    case ConfigSource::command_line: return "command line";
  }
  return "";
}

ConfigOrigin ConfigLayers::origin(std::string pointer) const {
  for (;; pointer.resize(pointer.rfind('/'))) {
    if (const auto found = origins.find(pointer); found != origins.end()) return found->second;
    if (pointer.empty()) return {};
  }
}

ConfigLayers lay(const ConfigInput& input) {
  ConfigLayers out;
  out.file = input.file;
  out.root.kind = Document::Kind::object;
  ParsedToml parsed = parse_toml(input.text);
  out.problems = std::move(parsed.document.problems);
  for (const auto& [pointer, line] : parsed.lines) out.origins[pointer] = {ConfigSource::file, line, {}};
  if (parsed.document.root) out.root = std::move(*parsed.document.root);
  else out.origins.try_emplace("", ConfigOrigin{ConfigSource::file, 0, {}});
  take_environment(out, input.environment);
  refuse_unknown(out, input.environment);
  for (const ConfigKey& key : config_keys())
    if (const auto given = input.command_line.find(std::string(key.path)); given != input.command_line.end()) put(out, key, given->second, {ConfigSource::command_line, 0, {}});
  return out;
}

}  // namespace heliograph
