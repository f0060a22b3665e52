#include "api/http/openapi.hpp"

#include <algorithm>

#include "api/http/problem_types.hpp"
#include "events/json.hpp"

namespace heliograph::http {
namespace {

/// Members besides those of RFC 9457 and `errors` depend on the type; whoever does not know one leaves it alone.
std::string problem_schema() {
  JsonWriter out;
  const auto member = [&](const char* name, const char* type, const char* description) { out.key(name).begin_object().field("type", type).field("description", description).end_object(); };
  out.begin_object().field("type", "object").field("description", "RFC 9457 problem details. Decide by `type`, never by `detail`; each type has a page of its own under its address.");
  out.key("required").begin_array();
  for (const char* name : {"type", "title", "status", "detail", "success", "error"}) out.string(name);
  out.end_array().key("additionalProperties").boolean(true).key("properties").begin_object();
  out.key("type").begin_object().field("type", "string").key("enum").begin_array();
  for (const ProblemType& each : problem_types()) out.string("/problems/" + std::string(each.type));
  out.end_array().end_object();
  member("title", "string", "The same for every occurrence of the type.");
  member("status", "integer", "The status of the answer.");
  member("detail", "string", "What is wrong this time, and what to do next, for people.");
  out.key("success").begin_object().field("const", false).end_object();
  member("instance", "string", "urn:uuid: of the request, as in X-Request-Id.");
  member("error", "string", "As `detail`, for clients of the older shape.");
  out.key("errors").begin_object().field("type", "array").field("description", "One for each place in the request.").key("items");
  out.raw(R"({"type":"object","additionalProperties":false,"required":["pointer","detail"],"properties":{"pointer":{"type":"string","examples":["#/power_w","query/limit"]},"detail":{"type":"string"}}})").end_object();
  member("rule", "string", "What refused it: a rule of the safety gate, or of the server.");
  member("limit", "integer", "The bound that was passed.");
  member("actual", "integer", "The value that passed it.");
  member("needs", "string", "The permission that is missing.");
  member("command", "string", "The command that was refused.");
  member("event_seq", "integer", "The position of the refusal in the log.");
  out.key("refusals").raw(R"({"type":"array","description":"Every reason, not only the first.","items":{"type":"object","additionalProperties":false,"required":["rule","sentence"],"properties":{"rule":{"type":"string"},"sentence":{"type":"string"},"limit":{"type":"integer"},"actual":{"type":"integer"},"unit":{"type":"string"},"position":{"type":"integer","description":"Of the reading that was judged by."}}}})");
  out.end_object().end_object();
  return out.str();
}

/// Headers of answers that are described once.
struct HeaderWords {
  const char *name, *type, *description;
};
constexpr HeaderWords headers_known[] = {
    {"Deprecation", "string", "Since when this is an older way: @ and seconds since 1970 (RFC 9745)."},
    {"ETag", "string", "Names this version: of the bytes of a file, or of what people set."},
    {"Link", "string", "The next page, as rel=\"next\"; absent on the last one."},
    {"RateLimit", "string", "What is left of the budget, and for how long: \"default\";r=12;t=30."},
    {"RateLimit-Policy", "string", "The budget: \"default\";q=6000;w=60."},
    {"Retry-After", "integer", "Seconds to wait before the next try."},
    {"Sunset", "string", "Until when an older way stays at least: an HTTP date (RFC 8594)."},
    {"WWW-Authenticate", "string", "What has to be proved, as RFC 6750 writes it."},
};

/// Refusals that operations share.
struct Refused {
  int status;
  const char *name, *description, *header;  // a header or null
};
constexpr Refused refusals_known[] = {
    {400, "BadRequest", "The request is not as this document says: `errors` points at each place.", nullptr},
    {401, "Unauthorized", "Nobody is logged in, or has to prove once more who they are (`/problems/step-up`).", "WWW-Authenticate"},
    {403, "Forbidden", "Who asks may not do this, or not from that page; or this instance only shows.", nullptr},
    {404, "NotFound", "There is nothing of this name, or nothing that who asks may see.", nullptr},
    {409, "Conflict", "What there is does not allow it: it changed, it stopped, it is busy.", nullptr},
    {412, "PreconditionFailed", "If-Match names another version.", nullptr},
    {413, "ContentTooLarge", "The body is too large.", nullptr},
    {415, "UnsupportedMediaType", "The body has another type, or a Content-Encoding.", nullptr},
    {416, "RangeNotSatisfiable", "The Range begins behind the end.", nullptr},
    {422, "UnprocessableContent", "The body can be read, and cannot be done: `errors` or `refusals` say why.", nullptr},
    {428, "PreconditionRequired", "This would replace something: say which version was read.", nullptr},
    {429, "TooManyRequests", "Too many requests, or too many tries.", "Retry-After"},
    {503, "ServiceUnavailable", "Too much at once, or no more writes are taken: try again.", "Retry-After"},
};

bool is_conditional(const Route& route) {
  return std::any_of(route.parameters.begin(), route.parameters.end(), [](const Parameter& p) { return p.in == In::header && p.name == "If-Match"; });
}

/// What can be refused follows from the row.
bool may_refuse(const Route& route, int status) {
  const bool guarded = route.needs != everybody && !route.needs.empty();
  switch (status) {
    case 400: return true;
    case 401: return guarded;
    case 403: return guarded || route.mutates;
    case 404: return route.path.find('{') != std::string::npos;
    case 409: return route.mutates;
    case 412: return route.file || is_conditional(route);
    case 416: return route.file;
    case 428: return route.method == Method::put && is_conditional(route);
    case 413: case 415: case 422: return route.body.has_value();
    case 429: return !route.budget.empty();
    case 503: return !route.file;
    default: return false;
  }
}

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
    for (const auto& named : schemas)
      if (named.name == schema && !named.example.empty()) out.key("example").raw(named.example);
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
  if (route.parameters.empty() && !route.needs_idempotency_key && !route.file) return;
  out.key("parameters").begin_array();
  for (const auto& p : route.parameters) write_parameter(out, p);
  if (route.needs_idempotency_key)
    write_parameter(out, {"Idempotency-Key", In::header, Kind::string, true,
                          "A new random key for each new request; the same one when it is repeated.", 1, 130, {}, false, "8e03978e-40d5-43dd-bc93-6894a57f9324"});
  if (route.file) {
    write_parameter(out, {"If-None-Match", In::header, Kind::string, false, "Tags of what is there already: 304 when it is one of these.", {}, 8192});
    write_parameter(out, {"Range", In::header, Kind::string, false, "One range of bytes of the form that is sent.", {}, 8192, {}, false, "bytes=0-99"});
  }
  out.end_array();
}

void write_header_references(JsonWriter& out, const std::vector<std::string>& names) {
  if (names.empty()) return;
  out.key("headers").begin_object();
  for (const auto& name : names) out.key(name).begin_object().field("$ref", "#/components/headers/" + name).end_object();
  out.end_object();
}

std::vector<std::string> headers_of(const Route& route, const Reply& reply) {
  std::vector<std::string> names = route.file ? std::vector<std::string>{"ETag"} : reply.headers;
  if (!route.budget.empty()) names.insert(names.end(), {"RateLimit", "RateLimit-Policy"});
  if (route.deprecated) names.insert(names.end(), {"Deprecation", "Sunset"});
  return names;
}

void write_replies(JsonWriter& out, const Route& route, const std::vector<NamedSchema>& schemas) {
  out.key("responses").begin_object();
  std::vector<int> written;
  for (const auto& reply : route.replies) {
    if (std::find(written.begin(), written.end(), reply.status) != written.end()) continue;
    written.push_back(reply.status);
    out.key(std::to_string(reply.status)).begin_object().field("description", reply.description);
    write_header_references(out, headers_of(route, reply));
    const bool typed = std::any_of(route.replies.begin(), route.replies.end(), [&](const auto& other) {
      return other.status == reply.status && (!other.schema.empty() || other.content_type != "application/json");
    });
    if (typed) {
      out.key("content").begin_object();
      for (const auto& same : route.replies)
        if (same.status == reply.status) write_content(out, same.content_type, same.schema, schemas);
      // The same status says a thing of its own and may be a refusal.
      if (may_refuse(route, reply.status)) write_content(out, "application/problem+json", "Problem", schemas);
      out.end_object();
    }
    out.end_object();
  }
  if (route.file) {
    const Reply& whole = route.replies.front();
    out.key("206").begin_object().field("description", "The range that was asked for");
    write_header_references(out, {"ETag"});
    out.key("content").begin_object();
    write_content(out, whole.content_type, "", schemas);
    out.end_object().end_object();
    out.key("304").begin_object().field("description", "What is there already is this");
    write_header_references(out, {"ETag"});
    out.end_object();
  }
  for (const Refused& each : refusals_known)
    if (may_refuse(route, each.status) && std::find(written.begin(), written.end(), each.status) == written.end())
      out.key(std::to_string(each.status)).begin_object().field("$ref", std::string("#/components/responses/") + each.name).end_object();
  out.key("default").begin_object().field("$ref", "#/components/responses/Problem").end_object().end_object();
}

/// Empty for what everybody may. Any one of the ways to prove who asks is enough.
void write_security(JsonWriter& out, const Route& route, const ApiInfo& info) {
  out.key("security").begin_array();
  if (!route.needs.empty() && route.needs != everybody) {
    const bool by_key = !route.fresh && std::find(info.of_keys.begin(), info.of_keys.end(), route.needs) != info.of_keys.end();
    for (const char* scheme : {"bearer", "apiKey", "session"})
      if (by_key || std::string_view(scheme) != "apiKey") out.begin_object().key(scheme).begin_array().end_array().end_object();
  }
  out.end_array();
}

std::string description_of(const Route& route) {
  std::string text = route.description.empty() ? route.summary + "." : route.description;
  if (route.needs.empty() || route.needs == everybody) text += "\n\nEverybody may.";
  else text += "\n\nNeeds the permission `" + route.needs + "`" + (route.fresh ? ", and a proof of who asks that is at most five minutes old (`stepUp`)." : ".");
  if (route.needs_idempotency_key) text += " Repeated with the same `Idempotency-Key` it happens once, and answers the same.";
  return text;
}

void write_operation(JsonWriter& out, const Route& route, const std::vector<NamedSchema>& schemas, const ApiInfo& info) {
  out.key(lower(name(route.method))).begin_object();
  out.field("operationId", route.operation_id).field("summary", route.summary);
  out.field("description", description_of(route));
  if (!route.tag.empty()) out.key("tags").begin_array().string(route.tag).end_array();
  if (route.deprecated) out.field("deprecated", true);
  write_security(out, route, info);
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

void write_tags(JsonWriter& out, const std::vector<Route>& routes, const ApiInfo& info) {
  std::vector<std::string> tags;
  const auto add = [&](const std::string& tag) {
    const bool used = std::any_of(routes.begin(), routes.end(), [&](const Route& route) { return route.listed && route.tag == tag; });
    if (used && !tag.empty() && std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  };
  for (const auto& [tag, description] : info.tags) add(tag);
  for (const auto& route : routes) add(route.tag);
  out.key("tags").begin_array();
  for (const auto& tag : tags) {
    out.begin_object().field("name", tag);
    for (const auto& [name, description] : info.tags)
      if (name == tag) out.field("description", description);
    out.end_object();
  }
  out.end_array();
}

void write_info(JsonWriter& out, const ApiInfo& info) {
  out.key("info").begin_object().field("title", info.title).field("version", info.version);
  if (!info.description.empty()) out.field("description", info.description);
  if (!info.licence.empty()) out.key("license").begin_object().field("name", info.licence).field("url", "https://spdx.org/licenses/" + info.licence + ".html").end_object();
  if (!info.contact.empty()) out.key("contact").begin_object().field("name", info.contact).end_object();
  out.end_object();
  out.key("servers").begin_array().begin_object().field("url", "/").field("description", "The server that this document came from.").end_object().end_array();
}

void write_components(JsonWriter& out, const std::vector<Route>& routes, const std::vector<NamedSchema>& schemas, const ApiInfo& info) {
  out.key("components").begin_object().key("schemas").begin_object();
  for (const auto& schema : schemas) out.key(schema.name).raw(schema.json);
  const bool own = std::any_of(schemas.begin(), schemas.end(), [](const auto& s) { return s.name == "Problem"; });
  if (!own) out.key("Problem").raw(problem_schema());
  out.end_object().key("responses").begin_object();
  const auto write_problem = [&](const char* description, const char* header) {
    out.begin_object().field("description", description);
    if (header != nullptr) write_header_references(out, {header});
    out.key("content").begin_object();
    write_content(out, "application/problem+json", "Problem", schemas);
    out.end_object().end_object();
  };
  for (const Refused& each : refusals_known) {
    out.key(each.name);
    write_problem(each.description, each.header);
  }
  out.key("Problem");
  write_problem("What went wrong, and what to do next.", nullptr);
  out.end_object().key("headers").begin_object();
  const auto says = [&](const HeaderWords& header) {
    return std::any_of(routes.begin(), routes.end(), [&](const Route& route) {
      return std::any_of(route.replies.begin(), route.replies.end(), [&](const Reply& reply) {
        const auto names = headers_of(route, reply);
        return std::find(names.begin(), names.end(), header.name) != names.end();
      });
    });
  };
  const auto of_refusals = [](const HeaderWords& header) {
    return std::any_of(std::begin(refusals_known), std::end(refusals_known), [&](const Refused& each) { return each.header != nullptr && std::string_view(each.header) == header.name; });
  };
  for (const HeaderWords& each : headers_known)
    if (says(each) || of_refusals(each)) out.key(each.name).begin_object().field("description", each.description).key("schema").begin_object().field("type", each.type).end_object().end_object();
  out.end_object().key("securitySchemes").begin_object();
  out.key("bearer").begin_object().field("type", "http").field("scheme", "bearer").field("bearerFormat", "JWT").field("description", "The access token of a login, or an API key.").end_object();
  out.key("apiKey").begin_object().field("type", "apiKey").field("in", "header").field("name", "X-API-Key").field("description", "A key that a person has made for a machine.").end_object();
  out.key("session").begin_object().field("type", "apiKey").field("in", "cookie").field("name", info.cookie.empty() ? "session" : info.cookie).field("description", "A browser's session; over TLS the name begins with __Host-. Changes must come from a page of this server.").end_object();
  out.end_object().end_object();
}

}  // namespace

std::string openapi_document(const std::vector<Route>& routes, const std::vector<NamedSchema>& schemas,
                             const ApiInfo& info) {
  JsonWriter out;
  out.begin_object().field("openapi", "3.1.0");
  write_info(out, info);
  write_tags(out, routes, info);
  out.key("paths").begin_object();
  std::vector<std::string> written;
  for (const auto& route : routes) {
    if (!route.listed || std::find(written.begin(), written.end(), route.path) != written.end()) continue;
    written.push_back(route.path);
    out.key(route.path).begin_object();
    for (const auto& same : routes)
      if (same.listed && same.path == route.path) write_operation(out, same, schemas, info);
    out.end_object();
  }
  out.end_object();
  write_components(out, routes, schemas, info);
  out.end_object();
  return out.str();
}

}  // namespace heliograph::http
