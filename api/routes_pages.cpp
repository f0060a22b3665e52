// What a browser gets besides answers: the pages, what they load, and documents that stay the same while the process runs.
#include "api/http/file.hpp"
#include "api/problem_pages.hpp"
#include "api/translate.hpp"
#include "api/web_assets.hpp"

namespace heliograph::api {
namespace {

// Both pages load nothing but their own library from here, and run no script that stands in the page. Pictures of the libraries are data:
// texts. ReDoc writes its rules into style elements that are empty or constant as the browser sees them; their hashes let just these in.
constexpr std::string_view library_policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'self'";
constexpr std::string_view redoc_styles = " 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";

/// Beyond the policy that every page has (http/writer.cpp).
http::Headers own_policy(std::string_view path) {
  if (path != "/docs" && path != "/redoc") return {};
  return {{"Content-Security-Policy", std::string(library_policy) + std::string(path == "/redoc" ? redoc_styles : "")}};
}

http::Handler serve(std::shared_ptr<const http::File> file, http::Headers headers = {}) {
  return [file = std::move(file), headers = std::move(headers)](http::Request&& request, http::Responder responder) { responder.send(file->answer(request, headers)); };
}

/// Browsers ask for HTML among other things; programs that want JSON say so.
bool wants_json(const http::Request& request) {
  const auto accepted = request.header("Accept").value_or("");
  return accepted.find("json") != std::string_view::npos && accepted.find("text/html") == std::string_view::npos;
}

void answer_as_wanted(const http::Request& request, const http::Responder& responder, std::string page, std::string json) {
  http::Response response = wants_json(request) ? http::json_response(std::move(json)) : http::text_response(200, "text/html; charset=utf-8", std::move(page));
  response.headers.emplace_back("Vary", "Accept");
  responder.send(std::move(response));
}

void problem_type(http::Request&& request, http::Responder responder) {
  const http::ProblemType* type = http::problem_type(request.param("type"));
  if (type == nullptr) return static_cast<void>(responder.send(http::problem_response(404, "not-found", "There is no such type of problem: see /problems for all of them.")));
  answer_as_wanted(request, responder, problem_page(*type), problem_json(*type));
}

void list_problem_types(http::Request&& request, http::Responder responder) { answer_as_wanted(request, responder, problem_list_page(), problem_list_json()); }

}  // namespace

std::vector<http::Route> page_routes(Service&) {
  std::vector<http::Route> routes{
      {.path = "/schemas/rule.json", .operation_id = "ruleSchema", .summary = "JSON Schema of a rule document", .tag = "rules", .needs = std::string(http::everybody),
       .replies = {{200, "The schema", "", "application/schema+json"}},
       .file = true, .handler = serve(std::make_shared<const http::File>("application/schema+json", std::string(rule_schema())))},
      {.path = "/problems", .operation_id = "listProblemTypes", .summary = "Every type of problem", .tag = "system", .needs = std::string(http::everybody),
       .replies = {ok("All of them", "ProblemTypeList"), {200, "All of them", R"({"type":"string"})", "text/html"}}, .handler = list_problem_types},
      {.path = "/problems/{type}", .operation_id = "problemType", .summary = "A type of problem: when it happens, and what to do", .tag = "system", .needs = std::string(http::everybody),
       .parameters = {{"type", http::In::path, http::Kind::id, true, "The last part of `type` in a problem", {}, {}, {}, false, "emergency-stop"}},
       .replies = {ok("It", "ProblemType"), {200, "It", R"({"type":"string"})", "text/html"}}, .handler = problem_type},
  };
  for (const WebAsset& page : web_assets())
    routes.push_back({.path = std::string(page.path), .operation_id = "page:" + std::string(page.path), .summary = "A page, or what it loads", .needs = std::string(http::everybody), .listed = false,
                      .any_query = true, .handler = serve(std::make_shared<const http::File>(std::string(page.content_type), page.stored), own_policy(page.path))});
  return routes;
}

}  // namespace heliograph::api
