// The OpenAPI 3.1 document, made from the route table that dispatches. The same table gives the same bytes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/http/router.hpp"

namespace heliograph::http {

struct NamedSchema {
  std::string name;
  std::string json;  // a JSON Schema (2020-12); refers to others as "#/components/schemas/<name>"
  std::string example = {};  // a JSON text that the schema takes
};

struct ApiInfo {
  std::string title = "Heliograph";
  std::string version;
  std::string description = {};
  std::string licence = {};  // an SPDX name
  std::string contact = {};  // where people find those who look after it
  std::vector<std::pair<std::string, std::string>> tags = {};  // each with what it holds, in the order of the document
  std::vector<std::string> of_keys = {};  // permissions that an API key can have; people have these and others
  std::string cookie = {};                // what holds a browser's session
};

/// Every listed route is in it. `Problem` is added to the schemas; every operation refers to it for its errors, and names those that follow
/// from its row: who may use it, what it takes, whether it changes something. Who may is told twice, as `security` and in a sentence.
/// Requires: each `schema` of a row is in `schemas` or is itself a JSON Schema, and each text there is valid JSON.
std::string openapi_document(const std::vector<Route>& routes, const std::vector<NamedSchema>& schemas,
                             const ApiInfo& info);

}  // namespace heliograph::http
