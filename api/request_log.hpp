// Each request as one line of the process's log, with nothing in it that may be a secret.
#pragma once

#include "api/http/exchange.hpp"

namespace heliograph::api {

/// For ServerOptions::answered. Failures at error, what was turned away at info, everything else at debug.
void log_request(const http::Exchange& exchange);

}  // namespace heliograph::api
