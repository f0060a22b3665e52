#include "tests/layout/layout_rules.hpp"

#include <algorithm>
#include <cctype>
#include <deque>
#include <functional>
#include <functional>
#include <set>

namespace heliograph::layout {
namespace {

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }
bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_header(std::string_view path) { return ends_with(path, ".hpp"); }
bool is_product(std::string_view path) { return room_of(path) != "tests"; }

std::size_t line_of(std::string_view text, std::size_t offset) {
  return static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n')) +
         1;
}

/// Offsets where `word` stands as a whole word.
std::vector<std::size_t> find_words(std::string_view code, std::string_view word) {
  std::vector<std::size_t> out;
  for (std::size_t at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word(code[at - 1])) && (end == code.size() || !is_word(code[end]))) out.push_back(at);
  }
  return out;
}

std::size_t skip_space(std::string_view code, std::size_t at) {
  while (at < code.size() && std::isspace(static_cast<unsigned char>(code[at])) != 0) ++at;
  return at;
}

/// From an opening bracket to the offset after its partner.
std::size_t after_partner(std::string_view code, std::size_t at, char open, char close) {
  int depth = 0;
  for (; at < code.size(); ++at) {
    if (code[at] == open) ++depth;
    if (code[at] == close && --depth == 0) return at + 1;
  }
  return code.size();
}

// ---- which way includes point

const std::map<std::string, std::set<std::string>>& allowed_rooms() {
  static const std::map<std::string, std::set<std::string>> table = {
      {"events", {"events"}},
      {"storage", {"events", "storage"}},
      {"projections", {"events", "storage", "projections"}},
      {"core", {"events", "storage", "projections", "core"}},
      {"notify", {"events", "notify"}},
      {"people", {"events", "people"}},
      {"actors", {"events", "storage", "projections", "core", "notify", "people", "actors"}},
      {"api", {"events", "storage", "projections", "core", "notify", "people", "actors", "api"}},
      {"sim", {"events", "storage", "projections", "core", "actors", "sim"}},
      {"tests", {"events", "storage", "projections", "core", "notify", "people", "actors", "api", "sim", "tests"}},
      {"main", {"events", "storage", "projections", "core", "notify", "people", "actors", "api", "sim", "main"}},
  };
  return table;
}

struct Home {
  std::string_view library;
  std::vector<std::string_view> prefixes;  // of the included header
  bool (*lives_here)(std::string_view path);
  std::string_view fix;
};

const std::vector<Home>& homes() {
  static const std::vector<Home> table = {
      {"RocksDB",
       {"rocksdb/"},
       [](std::string_view p) { return starts_with(p, "storage/") && !is_header(p); },
       "keep it in storage/*.cpp and go through storage/store.hpp"},
      {"Boost",
       {"boost/"},
       [](std::string_view p) { return starts_with(p, "api/") && !is_header(p); },
       "keep it in api/*.cpp behind a plain interface (one Beast header costs seconds in every file that sees it)"},
      {"CAF",
       {"caf/"},
       [](std::string_view p) { return room_of(p) == "actors"; },
       "keep it in actors/ (not actors/core, which is pure, nor actors/notify, which knows no actors)"},
      {"Protobuf",
       {"google/protobuf/", "log.pb.h", "events/proto/"},
       [](std::string_view p) {
         return p == "events/codec.cpp" || p == "events/upcast.cpp" || ends_with(p, "messages.hpp");
       },
       "go through events/codec.hpp: only the codec and the upcasters know the encoding"},
      {"toml++",
       {"toml++/"},
       [](std::string_view p) { return p == "actors/core/document_toml.cpp"; },
       "go through actors/core/document_toml.hpp: its bounds hold, and no value gets into a sentence"},
      {"spdlog",
       {"spdlog/"},
       [](std::string_view p) { return p == "actors/process_log.cpp"; },
       "go through actors/process_log.hpp: its lines are one line each, and hold no secret"},
      {"yaml-cpp", {"yaml-cpp/"}, [](std::string_view p) { return !is_header(p); }, "include it in a .cpp file only"},
      {"simdjson", {"simdjson.h"}, [](std::string_view p) { return !is_header(p); }, "include it in a .cpp file only"},
      {"RapidJSON",
       {"rapidjson/"},
       [](std::string_view p) { return !is_header(p) || p == "events/json.hpp"; },
       "write JSON through events/json.hpp, or include it in a .cpp file"},
      {"OpenSSL",
       {"openssl/"},
       [](std::string_view p) { return !is_header(p); },
       "go through events/digest.hpp, or include it in a .cpp file"},
      {"libcurl",
       {"curl/"},
       [](std::string_view p) { return p == "actors/notify/transport.cpp"; },
       "go through actors/notify/transport.hpp: its bounds and the address guard hold for everything that leaves"},
      {"libsodium",
       {"sodium.h", "sodium/"},
       [](std::string_view p) { return room_of(p) == "people" && !is_header(p); },
       "go through actors/people: secrets.hpp and passwords.hpp"},
      {"date",
       {"date/"},
       [](std::string_view p) { return p == "events/zone.cpp"; },
       "local time comes from events/zone.hpp"},
      {"zstd and zlib",
       {"zstd.h", "zlib.h"},
       [](std::string_view p) { return !is_header(p); },
       "include it in a .cpp file only"},
  };
  return table;
}

void check_includes(const std::string& path, const std::vector<Include>& includes, std::vector<Finding>& out) {
  const std::string room = room_of(path);
  for (const Include& include : includes) {
    for (const Home& home : homes())
      for (const std::string_view prefix : home.prefixes)
        if (starts_with(include.target, prefix) && is_product(path) && !home.lives_here(path))
          out.push_back({path, include.line,
                         std::string(home.library) + " does not belong here: " + std::string(home.fix) + "."});
    if (!include.quoted || ends_with(include.target, ".pb.h")) continue;
    if (room == "main" && include.target == "version.hpp") continue;  // generated
    const std::string target = room_of(include.target);
    if (include.target.find("..") != std::string::npos || target.empty() || (target == "main" && room != "main")) {
      out.push_back(
          {path, include.line,
           "\"" + include.target + "\" is not a path from the root: write it like \"storage/event_log.hpp\"."});
    } else if (allowed_rooms().at(room).count(target) == 0) {
      out.push_back({path, include.line,
                     room + " may not include " + target + " (\"" + include.target +
                         "\"): the way is events <- storage <- projections <- actors/core <- actors <- api, sim; "
                         "move what is needed down, or pass it in from above."});
    }
  }
}

// ---- what may not be called

struct Ban {
  std::string_view word;
  bool call = false;                         // only when "(" follows
  std::vector<std::string_view> homes = {};  // path prefixes where it is right
  std::string_view fix;
};

const std::vector<Ban>& bans() {
  static constexpr std::string_view ask = "time comes in as an argument; only actors/clock asks what time it is";
  static constexpr std::string_view seeded = "use a generator seeded by the caller, or the seed cannot repeat it";
  static constexpr std::string_view wait = "wait for a message or a timer of the clock; in tests advance virtual time";
  static const std::vector<Ban> table = {
      {"system_clock", false, {"actors/clock", "tests/bench/"}, ask},
      {"steady_clock", false, {"actors/clock", "api/http", "tests/bench/"}, ask},
      {"high_resolution_clock", false, {}, ask},
      {"gettimeofday", false, {}, ask},
      {"clock_gettime", false, {}, ask},
      {"localtime", false, {}, "local time comes from events/zone.hpp"},
      {"localtime_r", false, {}, "local time comes from events/zone.hpp"},
      {"gmtime", false, {}, "civil time comes from events/time.hpp"},
      {"gmtime_r", false, {"tests/bench/"}, "civil time comes from events/time.hpp"},
      {"mktime", false, {}, "civil time comes from events/time.hpp"},
      {"steady_timer",
       false,
       {"api/"},
       "timers of the house are messages of actors/clock; Asio's belong to sockets in api/"},
      {"system_timer", false, {}, ask},
      {"rand", true, {}, seeded},
      {"srand", true, {}, seeded},
      {"random_device", false, {}, seeded},
      {"sleep_for", false, {"tests/bench/"}, wait},
      {"sleep_until", false, {}, wait},
      {"usleep", true, {}, wait},
      {"nanosleep", true, {}, wait},
      {"sleep", true, {}, wait},
      {"using namespace caf", false, {}, "name what is used (CAF has its own get_atom, tick_atom and more)"},
  };
  return table;
}

/// <rocksdb/system_clock.h> is a header's name, not a call.
std::string without_includes(std::string code) {
  for (std::size_t at = code.find("#include"); at != std::string::npos; at = code.find("#include", at))
    while (at < code.size() && code[at] != '\n') code[at++] = ' ';
  return code;
}

bool at_home(std::string_view path, const std::vector<std::string_view>& homes) {
  return std::any_of(homes.begin(), homes.end(), [&](std::string_view home) { return starts_with(path, home); });
}

void check_calls(const std::string& path, std::string_view code, std::vector<Finding>& out) {
  const auto add = [&](std::size_t at, std::string sentence) {
    out.push_back({path, line_of(code, at), std::move(sentence)});
  };
  for (const Ban& ban : bans()) {
    if (at_home(path, ban.homes)) continue;
    for (const std::size_t at : find_words(code, ban.word)) {
      const std::size_t next = skip_space(code, at + ban.word.size());
      if (ban.call && (next >= code.size() || code[next] != '(')) continue;
      if (ban.call && at > 0 && (code[at - 1] == '.' || code[at - 1] == '>')) continue;  // a member of somebody's own
      add(at, "\"" + std::string(ban.word) + "\" is not used here: " + std::string(ban.fix) + ".");
    }
  }
  for (const std::size_t at : find_words(code, "time")) {
    std::size_t next = skip_space(code, at + 4);
    if (next >= code.size() || code[next] != '(') continue;
    next = skip_space(code, next + 1);
    for (const std::string_view nothing : {"nullptr", "NULL", "0"})
      if (starts_with(code.substr(next), nothing) && skip_space(code, next + nothing.size()) < code.size() &&
          code[skip_space(code, next + nothing.size())] == ')')
        add(at, "\"time(" + std::string(nothing) +
                    ")\" is not used here: time comes in as an argument; only actors/clock asks what time it is.");
  }
  if (is_product(path) && room_of(path) != "main")
    for (const std::size_t at : find_words(code, "std::cout"))
      add(at, "\"std::cout\" is not used here: return the value or take a stream; only main.cpp prints.");
  // What the whole house knows is asked by those who answer about the process; the others ask for somebody.
  const bool asks_for_somebody = starts_with(path, "api/") && !at_home(path, {"api/translate.", "api/scoped_views.", "api/metrics", "api/components.", "api/routes_status.", "api/routes_system.", "api/self_readings.", "api/system_", "api/import/"});
  if (asks_for_somebody)
    for (const std::string_view word : {"Views", "query_and_wait"})
      for (const std::size_t at : find_words(code, word))
        add(at, "\"" + std::string(word) + "\" is not used here: ask through SiteViews or AccessViews (api/scoped_views.hpp), which only the door leads to.");
  if (is_header(path))
    for (const std::size_t at : find_words(code, "using namespace"))
      if (at == 0 || code[at - 1] == '\n')
        add(at,
            "A header may not say \"using namespace\" outside a function: every file that includes it would get it; "
            "name what is used.");
}

// ---- errors are values: nothing is caught and forgotten

void check_catches(const std::string& path, std::string_view text, std::string_view code, std::vector<Finding>& out) {
  for (const std::size_t at : find_words(code, "catch")) {
    const std::size_t open = skip_space(code, at + 5);
    if (open >= code.size() || code[open] != '(') continue;
    const std::size_t closed = after_partner(code, open, '(', ')');
    const std::size_t brace = skip_space(code, closed);
    if (brace >= code.size() || code[brace] != '{') continue;
    const std::size_t length = after_partner(code, brace, '{', '}') - brace - 2;
    const std::string_view body = code.substr(brace + 1, length), written = text.substr(brace + 1, length);
    const std::string_view what = code.substr(open, closed - open);
    const bool empty = skip_space(written, 0) == written.size();  // a comment that says why is something
    const bool everything = what.find("...") != std::string_view::npos;
    bool answers = false;
    for (const std::string_view word : {"throw", "return", "fail", "abort", "broken_invariant", "ensure", "_exit",
                                        "exit", "FAIL", "current_exception"})
      answers = answers || !find_words(body, word).empty();
    if (empty || (everything && !answers))
      out.push_back({path, line_of(code, at),
                     "This catch swallows the error: return fail(...) with a sentence, or let it end the process"
                     " (for one named exception, a comment may say why nothing is lost)."});
  }
}

// ---- how a file opens

/// "storage/event_log.hpp" is the own header of storage/event_log.cpp and of storage/event_log_turn.cpp.
bool is_own_header(const std::string& path, const std::string& target) {
  if (!ends_with(target, ".hpp")) return false;
  return starts_with(path, target.substr(0, target.size() - 4));
}

void check_opening(const std::string& path, std::string_view text, std::string_view code,
                   const std::vector<Include>& includes, std::vector<Finding>& out) {
  const bool comment = starts_with(text, "//");
  const bool own = starts_with(text, "#include") && !includes.empty() && is_own_header(path, includes.front().target);
  if (!comment && (is_header(path) || !own))
    out.push_back({path, 1,
                   "The file opens without a word: say in one to three // lines what it is for and what it may not do" +
                       std::string(is_header(path) ? "." : ", or open with its own header.")});
  if (is_header(path) && code.find("#pragma once") == std::string_view::npos)
    out.push_back({path, 1, "The header can be included twice: add \"#pragma once\" after the opening comment."});
}

}  // namespace

std::string blanked(std::string_view text) {
  std::string out(text);
  const auto blank = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to && i < out.size(); ++i)
      if (out[i] != '\n') out[i] = ' ';
  };
  std::size_t i = 0;
  while (i < text.size()) {
    const char c = text[i];
    if (c == '/' && i + 1 < text.size() && text[i + 1] == '/') {
      const std::size_t end = std::min(text.find('\n', i), text.size());
      blank(i, end);
      i = end;
    } else if (c == '/' && i + 1 < text.size() && text[i + 1] == '*') {
      const std::size_t found = text.find("*/", i + 2);
      const std::size_t end = found == std::string_view::npos ? text.size() : found + 2;
      blank(i, end);
      i = end;
    } else if (c == '"' && i > 0 && text[i - 1] == 'R' &&
               (i < 2 || !is_word(text[i - 2]) || text[i - 2] == '8' || text[i - 2] == 'L')) {
      const std::size_t open = std::min(text.find('(', i), text.size());
      const std::string closing = ")" + std::string(text.substr(i + 1, open - i - 1)) + "\"";
      const std::size_t found = text.find(closing, open);
      const std::size_t end = found == std::string_view::npos ? text.size() : found + closing.size();
      blank(i + 1, end - 1);
      i = end;
    } else if (c == '"' || (c == '\'' && (i == 0 || !is_word(text[i - 1])))) {  // 1'000 is a number
      std::size_t end = i + 1;
      while (end < text.size() && text[end] != c && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
      blank(i + 1, end);
      i = end + 1;
    } else {
      ++i;
    }
  }
  return out;
}

std::vector<Include> includes_of(std::string_view text) {
  static constexpr std::string_view directive = "#include";
  const std::string code = blanked(text);
  std::vector<Include> out;
  for (std::size_t at = code.find(directive); at != std::string::npos; at = code.find(directive, at + 1)) {
    if (at > 0 && code[at - 1] != '\n' && code[at - 1] != ' ') continue;
    const std::size_t open = skip_space(code, at + directive.size());
    if (open >= text.size() || (text[open] != '"' && text[open] != '<')) continue;
    const std::size_t close = text.find(text[open] == '"' ? '"' : '>', open + 1);
    if (close == std::string_view::npos) continue;
    out.push_back({std::string(text.substr(open + 1, close - open - 1)), text[open] == '"', line_of(text, at)});
  }
  return out;
}

std::string room_of(std::string_view path) {
  if (starts_with(path, "actors/core/")) return "core";
  if (starts_with(path, "actors/notify/")) return "notify";
  if (starts_with(path, "actors/people/")) return "people";
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return "main";
  std::string folder(path.substr(0, slash));
  for (const std::string_view room : {"events", "storage", "projections", "actors", "api", "sim", "tests"})
    if (folder == room) return folder;
  return "";
}

std::vector<Finding> check_file(const std::string& path, std::string_view text) {
  std::vector<Finding> out;
  if (room_of(path).empty())
    return {{path, 1,
             "This folder is not a room: put the file into one of events, storage, projections, actors, api, sim, "
             "tests, or give the new room its place in tests/layout/layout_rules.cpp and docs/ARCHITECTURE.md."}};
  const std::string code = blanked(text);
  const std::vector<Include> includes = includes_of(text);
  check_opening(path, text, code, includes, out);
  check_includes(path, includes, out);
  check_calls(path, without_includes(code), out);
  check_catches(path, text, code, out);
  return out;
}

namespace {

/// Every include that can be reached from `start`, with the way that leads to it. With sources, a header brings the .cpp of its name.
void visit_reachable(const Tree& tree, const std::string& start, bool with_sources,
                     const std::function<void(const std::string& file, const Include&, const std::string& way)>& visit) {
  std::map<std::string, std::string> way = {{start, start}};  // file -> how it was reached
  std::deque<std::string> queue = {start};
  const auto go = [&](const std::string& file, const std::string& from) {
    if (tree.count(file) != 0 && way.emplace(file, way.at(from) + " -> " + file).second) queue.push_back(file);
  };
  while (!queue.empty()) {
    const std::string file = queue.front();
    queue.pop_front();
    for (const Include& include : includes_of(tree.at(file))) {
      visit(file, include, way.at(file));
      go(include.target, file);
    }
    if (with_sources && is_header(file)) go(file.substr(0, file.size() - 4) + ".cpp", file);
  }
}

}  // namespace

std::vector<Finding> check_dry_run(const Tree& tree) {
  std::vector<Finding> out;
  for (const auto& [start, unused] : tree) {
    if (!starts_with(start, "sim/replay") && !starts_with(start, "sim/dry_run")) continue;
    visit_reachable(tree, start, true, [&out](const std::string& file, const Include& include, const std::string& way) {
      if (include.target == "actors/device_port.hpp" || starts_with(include.target, "caf/") || starts_with(include.target, "boost/") ||
          starts_with(include.target, "actors/notify/"))
        out.push_back({file, include.line,
                       "A dry run can reach <" + include.target + "> (" + way + "): a dry run must have no way to a device or to people; take out the include."});
    });
  }
  return out;
}

std::vector<Finding> check_no_actor(const Tree& tree) {
  std::vector<Finding> out;
  for (const auto& [start, unused] : tree) {
    const std::string room = room_of(start);
    if (room == "actors" || room == "tests") continue;
    visit_reachable(tree, start, false, [&](const std::string& file, const Include& include, const std::string& way) {
      if (starts_with(include.target, "caf/"))
        out.push_back({file, include.line, "Outside actors/ an actor can be seen (" + way + " -> " + include.target + "): ask the engine, with actors/requests.hpp."});
    });
  }
  return out;
}

}  // namespace heliograph::layout
