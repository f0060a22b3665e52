// The tree keeps its own conventions: each finding names file and line and says what to do instead. The checker is
// run on planted mistakes first, so that a quiet run means something.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/layout/layout_rules.hpp"

using namespace heliograph::layout;

namespace {

const std::filesystem::path root = HELIOGRAPH_SOURCE_DIR;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Every .hpp and .cpp of ours: not what the build made, not what the dashboard's tools bring.
Tree read_tree() {
  static constexpr std::string_view foreign[] = {"build", "data", "web", "node_modules"};
  Tree tree;
  auto entry = std::filesystem::recursive_directory_iterator(root);
  for (; entry != std::filesystem::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory()) {
      const bool skip = name.front() == '.' ||
                        (entry.depth() == 0 && (name.rfind("build", 0) == 0 || name.rfind("cmake-", 0) == 0)) ||
                        std::find(std::begin(foreign), std::end(foreign), name) != std::end(foreign);
      if (skip) entry.disable_recursion_pending();
      continue;
    }
    const std::string extension = entry->path().extension().string();
    if (extension != ".hpp" && extension != ".cpp") continue;
    tree[entry->path().lexically_relative(root).generic_string()] = text_of(entry->path());
  }
  return tree;
}

void report(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) FAIL_CHECK(finding.path << ":" << finding.line << ": " << finding.sentence);
}

struct Planted {
  std::string path, text, piece;  // piece of the sentence; empty = nothing is wrong
};

std::string body(const std::string& code) { return "// Opens as it should.\n" + code + "\n"; }
std::string header(const std::string& code) { return "// Opens as it should.\n#pragma once\n" + code + "\n"; }

void check_planted(const std::vector<Planted>& table) {
  for (const Planted& row : table) {
    CAPTURE(row.path, row.text, row.piece);
    const auto findings = check_file(row.path, row.text);
    for (const Finding& finding : findings) UNSCOPED_INFO(finding.line << ": " << finding.sentence);
    if (row.piece.empty()) {
      CHECK(findings.empty());
      continue;
    }
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].sentence.find(row.piece) != std::string::npos);
    CHECK(findings[0].sentence.find(": ") != std::string::npos);  // what is wrong: what to do
  }
}

}  // namespace

TEST_CASE("planted: includes that point the wrong way are found") {
  check_planted({
      {"events/x.cpp", body("#include \"storage/store.hpp\""), "events may not include storage"},
      {"storage/x.cpp", body("#include \"projections/series.hpp\""), "storage may not include projections"},
      {"projections/x.hpp", header("#include \"actors/core/rule.hpp\""), "projections may not include core"},
      {"actors/core/x.cpp", body("#include \"actors/clock.hpp\""), "core may not include actors"},
      {"actors/notify/x.cpp", body("#include \"actors/core/site.hpp\""), "notify may not include core"},
      {"actors/core/x.cpp", body("#include \"actors/notify/notice.hpp\""), "core may not include notify"},
      {"sim/x.cpp", body("#include \"actors/notify/notice.hpp\""), "sim may not include notify"},
      {"actors/x.cpp", body("#include \"actors/notify/notice.hpp\""), ""},
      {"actors/x.cpp", body("#include \"api/http/server.hpp\""), "actors may not include api"},
      {"api/x.cpp", body("#include \"sim/house.hpp\""), "api may not include sim"},
      {"sim/x.cpp", body("#include \"api/http/strict.hpp\""), "sim may not include api"},
      {"sim/x.cpp", body("#include \"tests/support/x.hpp\""), "sim may not include tests"},
      {"api/x.cpp", body("#include \"../events/ids.hpp\""), "not a path from the root"},
      {"api/x.cpp", body("#include \"strict.hpp\""), "not a path from the root"},
      {"library/x.cpp", body(""), "not a room"},
      {"api/x.cpp", body("#include \"actors/core/rule.hpp\"\n#include \"events/ids.hpp\"\n#include <vector>"), ""},
      {"main.cpp", body("#include \"sim/house.hpp\"\n#include \"api/http/strict.hpp\"\n#include \"version.hpp\""), ""},
      {"tests/sim/x.cpp", body("#include \"tests/sim/y.hpp\"\n#include \"api/http/strict.hpp\""), ""},
  });
}

TEST_CASE("planted: third-party headers away from home are found") {
  check_planted({
      {"projections/x.cpp", body("#include <rocksdb/db.h>"), "RocksDB does not belong here"},
      {"storage/x.hpp", header("#include <rocksdb/db.h>"), "RocksDB does not belong here"},
      {"storage/x.cpp", body("#include <rocksdb/db.h>"), ""},
      {"api/x.hpp", header("#include <boost/asio/post.hpp>"), "Boost does not belong here"},
      {"actors/x.cpp", body("#include <boost/beast.hpp>"), "Boost does not belong here"},
      {"api/x.cpp", body("#include <boost/beast.hpp>"), ""},
      {"actors/core/x.hpp", header("#include <caf/all.hpp>"), "CAF does not belong here"},
      {"api/x.cpp", body("  #  include <x>\n#include <caf/all.hpp>"), "CAF does not belong here"},
      {"actors/notify/x.cpp", body("#include <caf/all.hpp>"), "CAF does not belong here"},
      {"actors/notify/mail.cpp", body("#include <curl/curl.h>"), "libcurl does not belong here"},
      {"actors/notify/transport.cpp", body("#include <curl/curl.h>"), ""},
      {"actors/x.hpp", header("#include <caf/all.hpp>"), ""},
      {"events/event_json.cpp", body("#include \"log.pb.h\""), "Protobuf does not belong here"},
      {"storage/x.cpp", body("#include <google/protobuf/message.h>"), "Protobuf does not belong here"},
      {"events/codec.cpp", body("#include \"log.pb.h\""), ""},
      {"actors/x.cpp", body("#include <toml++/toml.h>"), "toml++ does not belong here"},
      {"actors/core/document_toml.cpp", body("#include <toml++/toml.h>"), ""},
      {"actors/core/x.hpp", header("#include <yaml-cpp/yaml.h>"), "yaml-cpp does not belong here"},
      {"api/x.hpp", header("#include <simdjson.h>"), "simdjson does not belong here"},
      {"api/x.hpp", header("#include <rapidjson/writer.h>"), "RapidJSON does not belong here"},
      {"sim/x.cpp", body("#include <date/tz.h>"), "date does not belong here"},
      {"storage/x.hpp", header("#include <openssl/evp.h>"), "OpenSSL does not belong here"},
  });
}

TEST_CASE("planted: banned calls are found, and their namesakes are not") {
  check_planted({
      {"sim/x.cpp", body("auto t = std::chrono::system_clock::now();"), "only actors/clock asks"},
      {"api/x.cpp", body("auto t = std::chrono::steady_clock::now();"), "only actors/clock asks"},
      {"tests/sim/x.cpp", body("using c = std::chrono::steady_clock;"), "only actors/clock asks"},
      {"actors/clock.cpp", body("auto t = std::chrono::system_clock::now();"), ""},
      {"api/http/loop.cpp", body("std::chrono::steady_clock::time_point t;"), ""},
      {"tests/bench/x.cpp", body("std::chrono::steady_clock::now();"), ""},
      {"actors/x.cpp", body("boost::asio::steady_timer t;"), "sockets in api/"},
      {"api/x.cpp", body("boost::asio::steady_timer t(io);"), ""},
      {"sim/x.cpp", body("long t = time(nullptr);"), "time(nullptr)"},
      {"sim/x.cpp", body("long t = std::time( NULL );"), "time(NULL)"},
      {"sim/x.cpp", body("long t = time(0);"), "time(0)"},
      {"sim/x.cpp", body("json.time(at); format_time(0); time(0 + at);"), ""},
      {"sim/x.cpp", body("std::localtime(&t);"), "events/zone.hpp"},
      {"sim/x.cpp", body("int i = rand();"), "seeded by the caller"},
      {"sim/x.cpp", body("int i = std::rand ();"), "seeded by the caller"},
      {"sim/x.cpp", body("std::random_device d;"), "seeded by the caller"},
      {"sim/x.cpp", body("int brand(int); int n = brand(1); random.rand(2); int rand;"), ""},
      {"tests/sim/x.cpp", body("std::this_thread::sleep_for(1s);"), "virtual time"},
      {"actors/x.cpp", body("::usleep(10);"), "virtual time"},
      {"storage/x.cpp", body("std::cout << 1;"), "only main.cpp prints"},
      {"api/routes_x.cpp", body("void f(const Views& all);"), "only the door leads to"},
      {"api/routes_x.cpp", body("void f(const SiteViews& site);"), ""},
      {"api/translate.cpp", body("void f(const Views& all);"), ""},
      {"storage/x.cpp", body("#include <rocksdb/system_clock.h>\nauto t = std::chrono::system_clock::now();"),
       "only actors/clock asks"},
      {"storage/x.cpp", body("#include <rocksdb/system_clock.h>"), ""},
      {"main.cpp", body("std::cout << 1;"), ""},
      {"actors/x.cpp", body("using namespace caf;"), "name what is used"},
      {"actors/x.cpp", body("using namespace caf_like;"), ""},
      {"actors/x.hpp", header("using namespace std::literals;"), "A header may not"},
      {"actors/x.hpp", header("inline void f() {\n  using namespace std::literals;\n}"), ""},
      {"sim/x.cpp",
       body(
           "// system_clock rand() sleep_for\n/* std::cout\n time(0) */ const char* s = \"rand() \\\" system_clock\";"),
       ""},
      {"sim/x.cpp",
       body("const char* s = R\"x(rand() \"system_clock\" )\" #include <caf/all.hpp>)x\"; int n = 1'000'000; char q = "
            "'\"'; int m = n;"),
       ""},
      {"sim/x.cpp", body("const char* s = R\"(\n#include <caf/all.hpp>\n)\"; char q = '\"'; std::random_device d;"),
       "seeded by the caller"},
  });
}

TEST_CASE("planted: swallowed errors and silent openings are found") {
  check_planted({
      {"sim/x.cpp", body("void f() { try { g(); } catch (...) {} }"), "swallows the error"},
      {"sim/x.cpp", body("void f() { try { g(); } catch (...) { count(); } }"), "swallows the error"},
      {"sim/x.cpp", body("void f() { try { g(); } catch (const std::exception&) { } }"), "swallows the error"},
      {"sim/x.cpp", body("void f() { try { g(); } catch (...) { /* never mind */ } }"), "swallows the error"},
      {"sim/x.cpp", body("void f() { try { g(); } catch (const Gone&) { /* the peer left: nobody to answer */ } }"),
       ""},
      {"sim/x.cpp", body("Status f() { try { g(); } catch (...) { return fail(Errc::io, \"x\"); } }"), ""},
      {"sim/x.cpp", body("void f() { try { g(); } catch (...) { if (a) { b(); } throw; } }"), ""},
      {"sim/x.cpp", "#include <vector>\n", "opens without a word"},
      {"sim/x.cpp", "int a;\n", "opens without a word"},
      {"sim/x.cpp", "\n// late\n", "opens without a word"},
      {"sim/x.cpp", "#include \"sim/house.hpp\"\n", "opens without a word"},
      {"sim/house.cpp", "#include \"sim/house.hpp\"\n", ""},
      {"sim/house_load.cpp", "#include \"sim/house.hpp\"\n", ""},
      {"sim/x.hpp", "#pragma once\n", "opens without a word"},
      {"sim/x.hpp", body("int f();"), "add \"#pragma once\""},
  });
}

TEST_CASE("planted: a dry run that can reach a device is found, however far away the include is") {
  const auto sentence = [](const Tree& tree) {
    const auto findings = check_dry_run(tree);
    return findings.size() == 1 ? findings[0].sentence : std::to_string(findings.size()) + " findings";
  };
  CHECK(sentence({{"sim/replay.cpp", "#include \"actors/device_port.hpp\""}}).find("<actors/device_port.hpp>") !=
        std::string::npos);
  CHECK(sentence({{"sim/dry_run.hpp", "#include <caf/all.hpp>"}}).find("<caf/all.hpp>") != std::string::npos);
  CHECK(sentence({{"sim/replay.cpp", "#include \"actors/notify/channel.hpp\""}}).find("or to people") !=
        std::string::npos);
  CHECK(sentence({{"sim/dry_run_report.cpp", "#include <boost/asio.hpp>"}}).find("<boost/asio.hpp>") !=
        std::string::npos);
  CHECK(sentence({{"sim/replay.cpp", "#include \"sim/a.hpp\""},
                  {"sim/a.hpp", "#include \"sim/b.hpp\""},
                  {"sim/b.hpp", ""},
                  {"sim/b.cpp", "#include \"actors/device_port.hpp\""}})
            .find("sim/replay.cpp -> sim/a.hpp -> sim/b.hpp -> sim/b.cpp") != std::string::npos);
  CHECK(check_dry_run({{"sim/replay.cpp", "#include \"sim/a.hpp\""},
                       {"sim/a.hpp", "#include \"sim/replay.cpp\""},
                       {"sim/house.cpp", "#include \"actors/device_port.hpp\""}})
            .empty());
}

TEST_CASE("planted: an actor that can be seen from outside is found, however far away the include is") {
  const auto ways = [](const Tree& tree) { return check_no_actor(tree).size(); };
  Tree tree{{"api/door.hpp", header("#include \"actors/engine.hpp\"")},
            {"actors/engine.hpp", header("#include \"actors/requests.hpp\"")},
            {"actors/engine.cpp", body("#include \"actors/engine.hpp\"\n#include \"actors/actors.hpp\"")},
            {"actors/actors.hpp", header("#include <caf/all.hpp>")}};
  CHECK(ways(tree) == 0);  // what an actor's source sees is its own
  tree["actors/requests.hpp"] = header("#include \"actors/actors.hpp\"");
  CHECK(ways(tree) == 1);
  tree["tests/api/x.cpp"] = body("#include \"actors/actors.hpp\"");
  CHECK(ways(tree) == 1);
}

TEST_CASE("findings carry the line") {
  const auto findings = check_file("sim/x.cpp", "// Opens.\n\nint a;\nint b = rand();\n");
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].line == 4);
}

TEST_CASE("the tree keeps its conventions") {
  const Tree tree = read_tree();
  REQUIRE(tree.size() > 50);
  for (const char* known : {"events/result.hpp", "storage/store.hpp", "projections/series.hpp", "actors/core/rule.hpp",
                            "tests/layout/layout_test.cpp"})
    REQUIRE(tree.count(known) == 1);
  for (const auto& [path, text] : tree) report(check_file(path, text));
}

TEST_CASE("a dry run cannot reach a device") { report(check_dry_run(read_tree())); }

TEST_CASE("outside its room no actor is seen") { report(check_no_actor(read_tree())); }

TEST_CASE("every source file of a room is built") {
  for (const auto& [path, text] : read_tree()) {
    const std::string room = room_of(path);
    if (path.substr(path.size() - 4) != ".cpp" || room == "tests" || room == "main" || room.empty()) continue;
    const std::size_t slash = path.find('/');
    const std::string list = text_of(root / path.substr(0, slash) / "CMakeLists.txt");
    if (list.find(path.substr(slash + 1)) == std::string::npos)
      FAIL_CHECK(path << ": no target builds this file: list it in " << path.substr(0, slash)
                      << "/CMakeLists.txt, or delete it.");
  }
}

TEST_CASE("the glossary names headers that exist") {
  const std::string glossary = text_of(root / "docs/GLOSSARY.md");
  std::size_t named = 0;
  for (std::size_t open = glossary.find('`'); open != std::string::npos;) {
    const std::size_t close = glossary.find('`', open + 1);
    if (close == std::string::npos) break;
    const std::string word = glossary.substr(open + 1, close - open - 1);
    if (word.find('/') != std::string::npos && word.size() > 4 && word.substr(word.size() - 4) == ".hpp") {
      ++named;
      if (!std::filesystem::exists(root / word))
        FAIL_CHECK("docs/GLOSSARY.md: there is no " << word << ": name the header where the word lives now.");
    }
    open = glossary.find('`', close + 1);
  }
  CHECK(named >= 15);
}
