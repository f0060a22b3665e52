// The table of problem types and the code that answers with them hold the same types; titles come from the table.
#include "api/http/problem_types.hpp"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 is wrong about <regex> under sanitizers
#endif
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "api/http/problem.hpp"
#include "api/problem_pages.hpp"

namespace heliograph::http {
namespace {

/// Every way in which the source names a type.
const std::regex& naming() {
  static const std::regex pattern(
      R"re((?:problem_response\(\s*\{?|Problem\s*\w*\s*\{|Problem\(|problem\s*=\s*\{|return\s+\{|refuse\()\s*[0-9]{3},\s*"([a-z-]+)"|problem\.type\s*=\s*"([a-z-]+)"|not_let_in\(\s*"([a-z-]+)"|\btype\s*=\s*"([a-z-]+)";\s*break)re");
  return pattern;
}

std::set<std::string> types_in(const std::string& text) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), naming()); it != std::sregex_iterator(); ++it)
    for (std::size_t group = 1; group < it->size(); ++group)
      if ((*it)[group].matched) found.insert((*it)[group].str());
  return found;
}

std::set<std::string> types_in_source() {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(HELIOGRAPH_SOURCE_DIR "/api")) {
    if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    found.merge(types_in({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}));
  }
  for (int code = 0; code <= static_cast<int>(Errc::closed); ++code) found.emplace(name(static_cast<Errc>(code)));
  return found;
}

}  // namespace

TEST_CASE("every type that the source answers with is in the table, and every row is answered with somewhere") {
  // The reader is awake: it finds a planted type in each form.
  for (const char* planted : {R"(responder.send(problem_response(409, "planted", "x"));)", R"(return http::Problem{403, "planted", {}, "x"};)", R"(Problem beyond{416, "planted", {}, "x"};)",
                              R"(problem = {409, "planted", "t", "x"};)", R"(problem.type = "planted";)", R"(return not_let_in("planted", "x", "y");)", R"(refuse(404, "planted", "x"))",
                              R"(case 405: type = "planted"; break;)", "problem_response({410, \"planted\", \"t\", \"x\"})", "Problem{\n      415, \"planted\", {}, \"x\"}"}) {
    INFO(planted);
    CHECK(types_in(planted) == std::set<std::string>{"planted"});
  }
  const auto used = types_in_source();
  CHECK(used.size() > 50);
  for (const std::string& type : used) {
    INFO(type);
    CHECK(problem_type(type) != nullptr);
  }
  for (const ProblemType& each : problem_types()) {
    INFO(each.type);
    CHECK(used.count(std::string(each.type)) == 1);
  }
}

TEST_CASE("the table is in order, each type once, each with whole sentences") {
  const auto types = problem_types();
  CHECK(std::is_sorted(types.begin(), types.end(), [](const auto& a, const auto& b) { return a.type < b.type; }));
  CHECK(std::adjacent_find(types.begin(), types.end(), [](const auto& a, const auto& b) { return a.type == b.type; }) == types.end());
  for (const ProblemType& each : types) {
    INFO(each.type);
    CHECK(!each.title.empty());
    CHECK(each.title.back() != '.');
    CHECK(each.when.back() == '.');
    CHECK(each.remedy.back() == '.');
  }
}

TEST_CASE("an answer's title comes from the table") {
  for (const ProblemType& each : problem_types()) {
    const Response response = problem_response(Problem{409, std::string(each.type), "another title", "why"});
    INFO(response.body);
    CHECK(response.body.find("\"type\":\"/problems/" + std::string(each.type) + "\",\"title\":\"" + std::string(each.title) + "\"") != std::string::npos);
  }
}

TEST_CASE("a type's page says when it happens and what to do, for people and for programs") {
  for (const ProblemType& each : problem_types()) {
    const std::string json = api::problem_json(each), page = api::problem_page(each);
    CHECK(json.find("\"type\":\"/problems/" + std::string(each.type) + "\"") != std::string::npos);
    CHECK(page.find("<h1>") != std::string::npos);
    CHECK(page.find("<script") == std::string::npos);
    CHECK(api::problem_list_page().find("href=\"/problems/" + std::string(each.type) + "\"") != std::string::npos);
    CHECK(api::problem_list_json().find(json) != std::string::npos);
  }
}

}  // namespace heliograph::http
