#include "api/http/problem.hpp"

#include "api/http/problem_types.hpp"
#include "events/json.hpp"

namespace heliograph::http {
namespace {

std::string_view title_of(const Problem& problem) {
  const ProblemType* known = problem_type(problem.type);
  return known != nullptr ? known->title : problem.title.empty() ? problem.type : problem.title;
}

/// A line or column is kept as it is; a JSON pointer gets the '#' of a URI fragment.
std::string as_pointer(const std::string& pointer) { return pointer.front() == '/' ? "#" + pointer : pointer; }

}  // namespace

int status_of(Errc code) {
  switch (code) {
    case Errc::invalid: return 400;
    case Errc::not_found: return 404;
    case Errc::conflict: return 409;
    case Errc::busy: return 503;
    case Errc::refused: return 403;
    case Errc::unsupported: return 422;
    case Errc::corrupt: return 500;
    case Errc::io: return 500;
    case Errc::full: return 507;
    case Errc::closed: return 503;
  }
  return 500;
}

Problem problem_of(const Error& error) {
  Problem problem{status_of(error.code), std::string(name(error.code)), {}, error.sentence};
  if (!error.pointer.empty()) problem.errors.push_back({as_pointer(error.pointer), error.sentence});
  switch (error.code) {
    case Errc::corrupt:
      problem.detail = "Stored data is damaged and was not used: run `heliograph verify` on the server.";
      break;
    case Errc::io:
      problem.detail = "The server could not read or write its data; nothing unconfirmed was kept. See its log.";
      break;
    case Errc::full:
      problem.detail = "The server has no space left for another write: free some, then send the request again.";
      break;
    case Errc::closed:
      problem.detail = "The server takes no more writes until it has been restarted; reading still works.";
      break;
    case Errc::busy: problem.headers.emplace_back("Retry-After", "1"); break;
    default: return problem;
  }
  if (error.code != Errc::busy) problem.errors.clear();
  return problem;
}

Problem problem_of(const Refusal& refusal) {
  std::string type;
  switch (refusal.status) {
    case 401: type = "not-logged-in"; break;
    case 405: type = "method-not-allowed"; break;
    case 408: type = "timeout"; break;
    case 413: type = "body-too-large"; break;
    case 414: type = "url-too-long"; break;
    case 417: type = "expectation-failed"; break;
    case 421: type = "foreign-host"; break;
    case 431: type = "headers-too-large"; break;
    case 501: type = "not-implemented"; break;
    case 505: type = "http-version"; break;
    default: type = "malformed-request"; break;
  }
  Problem problem{refusal.status, std::move(type), {}, std::string(refusal.detail)};
  JsonWriter rule;
  rule.string(refusal.rule);
  problem.extra.emplace_back("rule", rule.str());
  if (refusal.status == 401) problem.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"heliograph\"");
  if (refusal.status == 405) problem.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS");
  return problem;
}

Response problem_response(const Problem& problem) {
  JsonWriter out;
  out.begin_object();
  out.field("type", "/problems/" + problem.type);
  out.field("title", title_of(problem));
  out.field("status", problem.status);
  out.field("detail", problem.detail);
  out.field("success", false);
  out.field("error", problem.detail);
  if (!problem.errors.empty()) {
    out.key("errors").begin_array();
    for (const auto& error : problem.errors)
      out.begin_object().field("pointer", error.pointer).field("detail", error.detail).end_object();
    out.end_array();
  }
  for (const auto& [key, value] : problem.extra) out.key(key).raw(value);
  out.end_object();
  Response response{problem.status, problem.headers, out.str(), {}};
  response.headers.emplace_back("Content-Type", "application/problem+json");
  return response;
}

void name_instance(Response& response, const std::string& request) {
  const std::string* type = find_header(response.headers, "Content-Type");
  if (type != nullptr && *type == "application/problem+json" && response.body.ends_with('}'))
    response.body.replace(response.body.size() - 1, 1, ",\"instance\":\"urn:uuid:" + request + "\"}");
  response.headers.emplace_back("X-Request-Id", request);
}

}  // namespace heliograph::http
