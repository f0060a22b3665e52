// Errors as clients see them: RFC 9457 problem+json, with `success: false` and `error` for clients of the older shape.
// Never a stack trace, a path or anything of the machine; what people need is one sentence with what to do next.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http/types.hpp"
#include "api/http/strict.hpp"
#include "events/result.hpp"

namespace heliograph::http {

struct FieldError {
  std::string pointer;  // "#/min_soc", or "query/limit", "header/Idempotency-Key"
  std::string detail;
};

struct Problem {
  int status = 400;
  std::string type;   // last part of /problems/<type>: stable, a client may decide by it
  std::string title;  // only for a type that is not in the table of types (problem_types.hpp), which has the titles
  std::string detail;
  std::vector<FieldError> errors = {};
  /// Further members, each value a JSON text: {"limit", "5000"}, {"rule", "\"grid-draw\""}.
  std::vector<std::pair<std::string, std::string>> extra = {};
  Headers headers = {};  // e.g. Retry-After, Allow
};

int status_of(Errc code);
/// The one translation of our errors. Sentences about the machine (io, corrupt, full) stay in its log.
Problem problem_of(const Error& error);
Problem problem_of(const Refusal& refusal);

Response problem_response(const Problem& problem);
/// Every answer names its request: X-Request-Id, and a problem as `instance`, too, so that who is asked for help finds it in the log.
void name_instance(Response& response, const std::string& request);
inline Response problem_response(const Error& error) { return problem_response(problem_of(error)); }
inline Response problem_response(int status, std::string type, std::string detail) {
  return problem_response(Problem{status, std::move(type), {}, std::move(detail)});
}

}  // namespace heliograph::http
