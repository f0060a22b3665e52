// What a request must fit before its handler sees it: parameters, body type, idempotency key. Pure.
#pragma once

#include <optional>

#include "api/http/problem.hpp"
#include "api/http/router.hpp"

namespace heliograph::http {

/// Fills nothing; answers why `request` does not fit the row, or nothing.
std::optional<Problem> check_parameters(const Route& route, const Request& request);
std::optional<Problem> check_body(const Route& route, const Request& request);
/// Fills `request.idempotency_key` (a quoted Structured-Field string, or bare).
std::optional<Problem> read_idempotency_key(const Route& route, Request& request);

}  // namespace heliograph::http
