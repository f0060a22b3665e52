// The OpenAPI document that a running server hands out, and its schemas as a judge of answers.
#pragma once

#include <rapidjson/document.h>

#include <string>

#include "tests/support/http_client.hpp"

namespace heliograph::e2e {

class ServedDocument {
 public:
  explicit ServedDocument(test::HttpClient& client);

  const rapidjson::Document& json() const { return json_; }
  const rapidjson::Value& component(const char* kind, const char* name) const { return json_["components"][kind][name]; }
  /// What a "$ref" names, or the value itself.
  const rapidjson::Value& followed(const rapidjson::Value& value) const;
  /// A copy of the schema with every reference replaced by what it names.
  rapidjson::Value resolved(const rapidjson::Value& schema, rapidjson::Document::AllocatorType& memory, int depth = 0) const;
  /// Empty when `text` is what `schema` says; otherwise where it is not.
  std::string violation(const rapidjson::Value& schema, const std::string& text) const;

 private:
  rapidjson::Document json_;
};

}  // namespace heliograph::e2e
