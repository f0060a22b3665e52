// docs/heliograph.example.toml and the table of keys, held to the code: every key that is read is in the table, every key of the table
// is in the example with its default, and the example is valid as it is and with everything taken in.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <sys/stat.h>

#include "actors/config_keys.hpp"
#include "actors/host_config.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using heliograph::testing::TempDir;

namespace {

std::string read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(std::string(HELIOGRAPH_SOURCE_DIR) + path).rdbuf();
  return text.str();
}

/// Without the "#" before keys and tables; what explains has "##" or "# ".
std::string taken_in(const std::string& example) {
  std::istringstream lines(example);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > 1 && line[0] == '#' && line[1] != '#' && line[1] != ' ') line.erase(0, 1);
    out += line + "\n";
  }
  return out;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

const Document* member(const Document* node, std::string_view name) {
  for (const auto& [key, value] : node->fields)
    if (key == name) return &value;
  return nullptr;
}

/// "notify.slack[].id" of the first table of the list.
const Document* value_at(const Document& root, std::string path) {
  const Document* node = &root;
  for (std::string step; node != nullptr && !path.empty();) {
    step = path.substr(0, path.find('.'));
    path.erase(0, std::min(path.size(), step.size() + 1));
    const bool list = step.ends_with("[]");
    if (list) step.resize(step.size() - 2);
    node = member(node, step);
    if (list && node != nullptr) node = node->items.empty() ? nullptr : &node->items.front();
  }
  return node;
}

void report(const LoadedConfig& loaded) {
  for (const ConfigProblem& problem : loaded.problems) FAIL_CHECK(problem.text("example"));
}

/// Whether the key is a way to give a secret, of which the example can only take one.
bool is_way_to_a_secret(const ConfigKey& key) {
  for (const ConfigKey& other : config_keys())
    if (other.secret && (key.path == other.path || key.path == std::string(other.path) + "_file" || key.path == std::string(other.path) + "_env")) return true;
  return false;
}

/// The keys that a table of the document may have, as the refusal of an unknown one names them.
std::set<std::string> keys_read_in(const std::string& table, const std::string& list) {
  const LoadedConfig loaded = load_config({"f", (table.empty() ? "" : (list.empty() ? "[" + table + "]\n" : "[[" + table + "]]\n")) + "qqqqqqqqqqqqqqqqqqqqq = 1\n"});
  std::set<std::string> out;
  for (const ConfigProblem& problem : loaded.problems) {
    const auto at = problem.sentence.find(": use ");
    if (at == std::string::npos || problem.sentence.find("qqqq") == std::string::npos) continue;
    std::istringstream names(problem.sentence.substr(at + 6));
    for (std::string name; names >> name;) out.insert(name.substr(0, name.size() - 1));
  }
  return out;
}

}  // namespace

TEST_CASE("the example is valid as it is, and then everything has its default") {
  const LoadedConfig as_it_is = load_config({"example", read("/docs/heliograph.example.toml")}), nothing = load_config({});
  report(as_it_is);
  CHECK(as_it_is.config.data == nothing.config.data);
  CHECK(as_it_is.config.server.listen == nothing.config.server.listen);
  CHECK(as_it_is.config.limits.soc_floor_permille == nothing.config.limits.soc_floor_permille);
  CHECK_FALSE(as_it_is.config.features.control);
  CHECK_FALSE(as_it_is.config.limits.control);
}

TEST_CASE("the example with everything taken in is valid, and has every key with its default") {
  const TempDir folder;
  const std::string example = read("/docs/heliograph.example.toml");
  std::string text = taken_in(example);
  const std::string hook = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
  for (const auto& [name, secret] : std::map<std::string, std::string>{{"smtp", "right horse"}, {"twilio", "12345"}, {"slack", "https://hooks.slack.com/services/T0/B0/x"},
                                                                       {"pagerduty", std::string(32, 'p')}, {"hook", hook}}) {
    std::ofstream(folder / name) << secret << "\n";
    REQUIRE(::chmod((folder / name).c_str(), 0600) == 0);
    replace_all(text, "/etc/heliograph/" + name + "\"", (folder / name) + "\"");
  }
  ConfigInput input{"example", text};
  input.environment = {{"TWILIO_AUTH_TOKEN", "t"}, {"OLD_HOOK_SECRET", hook}};
  const LoadedConfig loaded = load_config(input);
  report(loaded);
  REQUIRE(loaded.config.notify);
  CHECK(loaded.config.notify->mail->server.password.reveal() == "right horse");
  CHECK(loaded.config.notify->webhooks.front().secrets.size() == 2);
  CHECK(loaded.config.server.tls);
  for (const ConfigKey& key : config_keys()) {
    INFO(key.path);
    const Document* value = value_at(loaded.layers.root, std::string(key.path));
    if (is_way_to_a_secret(key)) {
      CHECK(example.find(key.path.substr(key.path.rfind('.') + 1)) != std::string::npos);
      continue;
    }
    REQUIRE(value != nullptr);
    if (key.form == KeyForm::list || key.preset.empty()) continue;
    const std::string name(key.path.substr(key.path.rfind('.') + 1));
    CHECK(text.find("\n" + name + " = " + std::string(key.preset) + "\n") != std::string::npos);
  }
}

TEST_CASE("the table of keys is what is read, section by section") {
  std::map<std::string, std::set<std::string>> table;  // by the table's name; a list's name ends in []
  for (const ConfigKey& key : config_keys()) {
    const auto dot = key.path.rfind('.');
    table[dot == std::string_view::npos ? "" : std::string(key.path.substr(0, dot))].insert(std::string(key.path.substr(dot + 1)));
  }
  // A table is a key of the one around it.
  for (const auto& [name, keys] : std::map(table)) {
    if (name.empty()) continue;
    const std::string plain = name.ends_with("[]") ? name.substr(0, name.size() - 2) : name;
    const auto dot = plain.rfind('.');
    table[dot == std::string::npos ? "" : plain.substr(0, dot)].insert(plain.substr(dot + 1));
  }
  CHECK(table.size() == 15);
  for (const auto& [name, keys] : table) {
    INFO(name);
    const bool list = name.ends_with("[]");
    CHECK(keys_read_in(list ? name.substr(0, name.size() - 2) : name, list ? "list" : "") == keys);
  }
}

TEST_CASE("docs/CONFIGURATION.md names every key of the table, with its name in the environment and its default") {
  const std::string text = read("/docs/CONFIGURATION.md");
  for (const ConfigKey& key : config_keys()) {
    if (key.path.starts_with("notify.")) continue;  // docs/NOTIFICATIONS.md
    INFO(key.path);
    const auto at = text.find("| `" + std::string(key.path) + "` |");
    REQUIRE(at != std::string::npos);
    const std::string row = text.substr(at, text.find('\n', at) - at);
    CHECK(row.find("`" + *environment_name(key) + "`") != std::string::npos);
    if (!key.preset.empty() && key.form != KeyForm::list) {
      std::string preset(key.preset);
      std::erase(preset, '"');
      CHECK(row.find("`" + preset + "`") != std::string::npos);
    }
  }
}

TEST_CASE("no variable that tests and benches use keeps an engine from starting") {
  std::map<std::string, std::string> used;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(HELIOGRAPH_SOURCE_DIR) + "/tests")) {
    if (!entry.is_regular_file() || (entry.path().extension() != ".cpp" && entry.path().extension() != ".sh")) continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string all = text.str();
    for (const std::string mark : {"(\"", "${"})
      for (auto at = all.find(mark + "HELIOGRAPH_"); at != std::string::npos; at = all.find(mark + "HELIOGRAPH_", at + 1)) {
        const auto begin = at + mark.size(), end = all.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", begin);
        used[all.substr(begin, end - begin)] = "1";
      }
  }
  CHECK(used.size() >= 10);
  ConfigInput input;
  input.environment = used;
  for (const ConfigProblem& problem : load_config(input).problems)
    if (problem.pointer.empty()) FAIL_CHECK(problem.sentence);  // keys are used, too, and "1" suits few of them
}
