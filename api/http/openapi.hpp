// The OpenAPI 3.1 document, made from the route table that dispatches. The same table gives the same bytes.
#pragma once

#include <string>
#include <vector>

#include "api/http/router.hpp"

namespace heliograph::http {

struct NamedSchema {
  std::string name;
  std::string json;  // a JSON Schema (2020-12); refers to others as "#/components/schemas/<name>"
};

struct ApiInfo {
  std::string title = "Heliograph";
  std::string version;
  std::string description = {};
};

/// Every listed route is in it. `Problem` is added to the schemas; every operation refers to it for its errors.
/// Requires: each `schema` of a row is in `schemas` or is itself a JSON Schema, and each text there is valid JSON.
std::string openapi_document(const std::vector<Route>& routes, const std::vector<NamedSchema>& schemas,
                             const ApiInfo& info);

}  // namespace heliograph::http
