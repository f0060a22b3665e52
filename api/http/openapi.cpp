#include "api/http/openapi.hpp"

#include <algorithm>

#include "events/json.hpp"

namespace heliograph::http {
namespace {

constexpr const char* problem_schema =
    R"({"type":"object","description":"RFC 9457 problem details. Decide by `type`, never by `detail`.",)"
    R"("required":["type","title","status","detail","success","error"],"properties":{)"
    R"("type":{"type":"string"},"instance":{"type":"string","description":"urn:uuid: of the request, as in X-Request-Id"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},)"
    R"("success":{"const":false},"error":{"type":"string"},)"
    R"("errors":{"type":"array","items":{"type":"object","required":["pointer","detail"],)"
    R"("properties":{"pointer":{"type":"string"},"detail":{"type":"string"}}}}}})";

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

void write_schema(JsonWriter& out, const std::string& schema, const std::vector<NamedSchema>& schemas) {
  if (schema.front() == '{') {
    out.raw(schema);
    return;
  }
  const bool known = schema == "Problem" || std::any_of(schemas.begin(), schemas.end(),
                                                        [&](const auto& named) { return named.name == schema; });
  ensure(known, "a route names a schema that is not there", schema.c_str());
  out.begin_object().field("$ref", "#/components/schemas/" + schema).end_object();
}

void write_content(JsonWriter& out, const std::string& type, const std::string& schema,
                   const std::vector<NamedSchema>& schemas) {
  out.key(type).begin_object();
  if (!schema.empty()) {
    out.key("schema");
    write_schema(out, schema, schemas);
  }
  out.end_object();
}

void write_type(JsonWriter& out, const Parameter& p) {
  const bool is_text = p.kind == Kind::string;
  switch (p.kind) {
    case Kind::string: out.field("type", "string"); break;
    case Kind::integer: out.field("type", "integer").field("format", "int64"); break;
    case Kind::number: out.field("type", "number"); break;
    case Kind::boolean: out.field("type", "boolean"); break;
    case Kind::time: out.field("type", "string").field("format", "date-time"); break;
    case Kind::duration: out.field("type", "string").field("format", "duration"); break;
    case Kind::id: out.field("type", "string").field("pattern", "^[a-z0-9][a-z0-9-]{0,62}$"); break;
  }
  if (p.minimum) out.field(is_text ? "minLength" : "minimum", *p.minimum);
  if (p.maximum) out.field(is_text ? "maxLength" : "maximum", *p.maximum);
  if (p.one_of.empty()) return;
  out.key("enum").begin_array();
  for (const auto& choice : p.one_of) out.string(choice);
  out.end_array();
}

void write_parameter(JsonWriter& out, const Parameter& p) {
  constexpr const char* places[] = {"path", "query", "header"};
  out.begin_object().field("name", p.name).field("in", places[static_cast<int>(p.in)]);
  if (!p.description.empty()) out.field("description", p.description);
  if (p.required || p.in == In::path) out.field("required", true);
  out.key("schema").begin_object();
  if (p.repeated) {
    out.field("type", "array").key("items").begin_object();
    write_type(out, p);
    out.end_object();
  } else {
    write_type(out, p);
  }
  out.end_object();
  if (!p.example.empty() && p.kind != Kind::integer && p.kind != Kind::number && p.kind != Kind::boolean)
    out.field("example", p.example);
  else if (!p.example.empty())
    out.key("example").raw(p.example);
  out.end_object();
}

void write_parameters(JsonWriter& out, const Route& route) {
  if (route.parameters.empty() && !route.needs_idempotency_key) return;
  out.key("parameters").begin_array();
  for (const auto& p : route.parameters) write_parameter(out, p);
  if (route.needs_idempotency_key)
    write_parameter(out, {"Idempotency-Key", In::header, Kind::string, true,
                          "A new random key for each new request; the same one when it is repeated.", 1, 130});
  out.end_array();
}

void write_replies(JsonWriter& out, const Route& route, const std::vector<NamedSchema>& schemas) {
  out.key("responses").begin_object();
  std::vector<int> written;
  for (const auto& reply : route.replies) {
    if (std::find(written.begin(), written.end(), reply.status) != written.end()) continue;
    written.push_back(reply.status);
    out.key(std::to_string(reply.status)).begin_object().field("description", reply.description);
    const bool typed = std::any_of(route.replies.begin(), route.replies.end(), [&](const auto& other) {
      return other.status == reply.status && (!other.schema.empty() || other.content_type != "application/json");
    });
    if (typed) {
      out.key("content").begin_object();
      for (const auto& same : route.replies)
        if (same.status == reply.status) write_content(out, same.content_type, same.schema, schemas);
      out.end_object();
    }
    out.end_object();
  }
  out.key("default").begin_object().field("description", "What went wrong, and what to do next.");
  out.key("content").begin_object();
  write_content(out, "application/problem+json", "Problem", schemas);
  out.end_object().end_object().end_object();
}

void write_operation(JsonWriter& out, const Route& route, const std::vector<NamedSchema>& schemas) {
  out.key(lower(name(route.method))).begin_object();
  out.field("operationId", route.operation_id).field("summary", route.summary);
  if (!route.description.empty()) out.field("description", route.description);
  if (!route.tag.empty()) out.key("tags").begin_array().string(route.tag).end_array();
  write_parameters(out, route);
  if (route.body) {
    out.key("requestBody").begin_object();
    if (!route.body->description.empty()) out.field("description", route.body->description);
    out.field("required", route.body->required).key("content").begin_object();
    for (const auto& type : route.body->content_types) write_content(out, type, route.body->schema, schemas);
    out.end_object().end_object();
  }
  write_replies(out, route, schemas);
  out.end_object();
}

void write_tags(JsonWriter& out, const std::vector<Route>& routes) {
  std::vector<std::string> tags;
  for (const auto& route : routes)
    if (route.listed && !route.tag.empty() && std::find(tags.begin(), tags.end(), route.tag) == tags.end())
      tags.push_back(route.tag);
  out.key("tags").begin_array();
  for (const auto& tag : tags) out.begin_object().field("name", tag).end_object();
  out.end_array();
}

}  // namespace

std::string openapi_document(const std::vector<Route>& routes, const std::vector<NamedSchema>& schemas,
                             const ApiInfo& info) {
  JsonWriter out;
  out.begin_object().field("openapi", "3.1.0");
  out.key("info").begin_object().field("title", info.title).field("version", info.version);
  if (!info.description.empty()) out.field("description", info.description);
  out.end_object();
  write_tags(out, routes);
  out.key("paths").begin_object();
  std::vector<std::string> written;
  for (const auto& route : routes) {
    if (!route.listed || std::find(written.begin(), written.end(), route.path) != written.end()) continue;
    written.push_back(route.path);
    out.key(route.path).begin_object();
    for (const auto& same : routes)
      if (same.listed && same.path == route.path) write_operation(out, same, schemas);
    out.end_object();
  }
  out.end_object();
  out.key("components").begin_object().key("schemas").begin_object();
  for (const auto& schema : schemas) out.key(schema.name).raw(schema.json);
  const bool own = std::any_of(schemas.begin(), schemas.end(), [](const auto& s) { return s.name == "Problem"; });
  if (!own) out.key("Problem").raw(problem_schema);
  out.end_object().end_object().end_object();
  return out.str();
}

}  // namespace heliograph::http
