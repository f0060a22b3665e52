#include "tests/e2e/served_document.hpp"

#include <rapidjson/pointer.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include <catch2/catch.hpp>

namespace heliograph::e2e {

ServedDocument::ServedDocument(test::HttpClient& client) {
  const auto reply = client.request("GET", "/openapi.json");
  REQUIRE(reply.status == 200);
  json_.Parse(reply.body.c_str());
  REQUIRE(json_.IsObject());
}

const rapidjson::Value& ServedDocument::followed(const rapidjson::Value& value) const {
  if (!value.IsObject() || !value.HasMember("$ref")) return value;
  const auto* named = rapidjson::Pointer(value["$ref"].GetString()).Get(json_);
  INFO(value["$ref"].GetString());
  REQUIRE(named != nullptr);
  return *named;
}

rapidjson::Value ServedDocument::resolved(const rapidjson::Value& schema, rapidjson::Document::AllocatorType& memory, int depth) const {
  REQUIRE(depth < 50);
  if (schema.IsArray()) {
    rapidjson::Value out(rapidjson::kArrayType);
    for (const auto& each : schema.GetArray()) out.PushBack(resolved(each, memory, depth + 1), memory);
    return out;
  }
  if (!schema.IsObject()) return rapidjson::Value(schema, memory);
  if (schema.HasMember("$ref") && schema["$ref"].IsString()) return resolved(followed(schema), memory, depth + 1);
  rapidjson::Value out(rapidjson::kObjectType);
  for (const auto& member : schema.GetObject())
    out.AddMember(rapidjson::Value(member.name, memory), resolved(member.value, memory, depth + 1), memory);
  return out;
}

std::string ServedDocument::violation(const rapidjson::Value& schema, const std::string& text) const {
  rapidjson::Document answer, whole;
  answer.Parse(text.c_str(), text.size());
  if (answer.HasParseError()) return "no JSON";
  static_cast<rapidjson::Value&>(whole) = resolved(schema, whole.GetAllocator());
  const rapidjson::SchemaDocument compiled(whole);
  rapidjson::SchemaValidator validator(compiled);
  if (answer.Accept(validator)) return {};
  rapidjson::StringBuffer at, rule;
  validator.GetInvalidDocumentPointer().StringifyUriFragment(at);
  validator.GetInvalidSchemaPointer().StringifyUriFragment(rule);
  return std::string("at ") + at.GetString() + ": " + validator.GetInvalidSchemaKeyword() + " of " + rule.GetString();
}

}  // namespace heliograph::e2e
