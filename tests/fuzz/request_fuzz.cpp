// Any bytes as requests to a table of routes: query strings, headers that rows read, bodies of JSON. What reaches a handler fits its row,
// as looked at again here; every request is answered once, refusals as problems; what was read of a body, written again, reads the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "actors/core/document.hpp"
#include "api/http/message.hpp"
#include "events/ids.hpp"
#include "events/json.hpp"
#include "events/result.hpp"
#include "tests/api/route_samples.hpp"

namespace {

using namespace heliograph;
using http::In;

bool is_number_between(std::string_view text, const http::Parameter& row) {
  const double number = std::strtod(std::string(text).c_str(), nullptr);
  return !text.empty() && number >= static_cast<double>(row.minimum.value_or(std::numeric_limits<std::int64_t>::min())) &&
         number <= static_cast<double>(row.maximum.value_or(std::numeric_limits<std::int64_t>::max()));
}

bool fits(const http::Parameter& row, std::string_view value) {
  switch (row.kind) {
    case http::Kind::integer: return value.find_first_not_of("-0123456789") == std::string_view::npos && is_number_between(value, row);
    case http::Kind::number: return value.find_first_not_of("+-.eE0123456789") == std::string_view::npos && is_number_between(value, row);
    case http::Kind::boolean: return value == "true" || value == "false";
    case http::Kind::id: return is_id(value);
    case http::Kind::time: return parse_time(value).has_value();
    default: return row.one_of.empty() || std::find(row.one_of.begin(), row.one_of.end(), value) != row.one_of.end();
  }
}

void write(JsonWriter& json, const Document& value) {
  using Kind = Document::Kind;
  switch (value.kind) {
    case Kind::null: json.null(); break;
    case Kind::boolean: json.boolean(value.truth); break;
    case Kind::integer: json.integer(value.integer); break;
    case Kind::number: json.number(value.number); break;
    case Kind::text: json.string(value.string); break;
    case Kind::array:
      json.begin_array();
      for (const Document& item : value.items) write(json, item);
      json.end_array();
      break;
    case Kind::object:
      json.begin_object();
      for (const DocumentField& field : value.fields) json.key(field.key), write(json, field.value);
      json.end_object();
      break;
  }
}

std::string written(const Document& value) {
  JsonWriter json;
  write(json, value);
  return json.take();
}

void look_at_body(const std::string& body) {
  const ParsedDocument read = read_json(body);
  ensure(read.root.has_value() == read.problems.empty(), "a body is read, or what is wrong is said");
  if (!read.root) return;
  const std::string text = written(*read.root);
  const ParsedDocument again = read_json(text);
  ensure(again.root && written(*again.root) == text, "what was read, written again, reads the same");
}

/// The sample routes with handlers that look again.
std::vector<http::Route> watched_routes() {
  auto routes = test::sample_routes();
  for (http::Route& route : routes)
    route.handler = [rows = route.parameters, needs_key = route.needs_idempotency_key](http::Request&& request, const http::Responder& responder) {
      for (const auto& [name, value] : request.query) {
        const auto row = std::find_if(rows.begin(), rows.end(), [&asked = name](const auto& each) { return each.in == In::query && each.name == asked; });
        ensure(row != rows.end() && fits(*row, value), "a handler's query fits its row");
        ensure(row->repeated || request.query_values(name).size() == 1, "what may stand there once stands there once");
      }
      for (const auto& row : rows)
        if (row.in == In::path) ensure(fits(row, request.param(row.name)), "a handler's path fits its row");
      ensure(!needs_key || !request.idempotency_key.empty(), "a key that must be there is there");
      look_at_body(request.body);
      responder.send(http::json_response("{}"));
    };
  return routes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const http::Router router(watched_routes());
  static const http::Limits limits;
  static const std::vector<std::string> hosts = {"localhost"};
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const http::BodyRuleOf no_rule;
  http::MessageReader reader(limits, hosts, "127.0.0.1", no_rule);
  while (!bytes.empty()) {
    std::size_t eaten = 0;
    const auto step = reader.feed(bytes, eaten);
    if (step != http::MessageReader::Step::complete) break;
    bytes.remove_prefix(eaten);
    const auto answer = test::ask(router, reader.take());
    ensure(answer.status >= 200 && answer.status < 500, "every request is answered, and by no fault of ours");
    if (answer.status < 400) continue;
    const auto type = http::find_header(answer.headers, "Content-Type");
    ensure(type && *type == "application/problem+json" && read_json(answer.body).root, "a refusal is a problem that can be read");
  }
  // The same bytes as a body: a request around them is long to find.
  look_at_body(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
