#include "api/http/checks.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "events/ids.hpp"
#include "events/time.hpp"

namespace heliograph::http {
namespace {

std::string place(const Parameter& parameter) {
  switch (parameter.in) {
    case In::path: return "path/" + parameter.name;
    case In::query: return "query/" + parameter.name;
    case In::header: return "header/" + parameter.name;
  }
  return parameter.name;
}

Problem wrong(std::string pointer, std::string detail) {
  Problem problem{400, "invalid", {}, detail};
  problem.errors.push_back({std::move(pointer), std::move(detail)});
  return problem;
}

template <class Number>
std::optional<std::string> number_fault(const Parameter& p, std::string_view text, const char* what) {
  Number value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool minus_zero = std::is_integral_v<Number> && value == 0 && text.starts_with('-');  // what reads it as unsigned would find nothing
  if (ec != std::errc{} || end != text.data() + text.size() || text.empty() || minus_zero)
    return "\"" + p.name + "\" must be " + what + ".";
  if constexpr (std::is_floating_point_v<Number>)
    if (!std::isfinite(value)) return "\"" + p.name + "\" must be a finite number.";
  if (p.minimum && value < static_cast<Number>(*p.minimum))
    return "\"" + p.name + "\" must be at least " + std::to_string(*p.minimum) + ".";
  if (p.maximum && value > static_cast<Number>(*p.maximum))
    return "\"" + p.name + "\" must be at most " + std::to_string(*p.maximum) + ".";
  return std::nullopt;
}

std::optional<std::string> length_fault(const Parameter& p, std::string_view text) {
  const auto longest = static_cast<std::size_t>(p.maximum.value_or(1024));
  if (text.size() > longest) return "\"" + p.name + "\" must be at most " + std::to_string(longest) + " bytes long.";
  if (p.minimum && text.size() < static_cast<std::size_t>(*p.minimum))
    return "\"" + p.name + "\" must be at least " + std::to_string(*p.minimum) + " bytes long.";
  return std::nullopt;
}

std::optional<std::string> fault(const Parameter& p, std::string_view text) {
  if (!p.one_of.empty() && std::find(p.one_of.begin(), p.one_of.end(), text) == p.one_of.end()) {
    std::string list;
    for (const auto& choice : p.one_of) list += (list.empty() ? "" : ", ") + choice;
    return "\"" + p.name + "\" must be one of: " + list + ".";
  }
  switch (p.kind) {
    case Kind::string: return length_fault(p, text);
    case Kind::integer: return number_fault<std::int64_t>(p, text, "a whole number");
    case Kind::number: return number_fault<double>(p, text, "a number");
    case Kind::boolean:
      if (text == "true" || text == "false") return std::nullopt;
      return "\"" + p.name + "\" must be true or false.";
    case Kind::time:
      if (auto at = parse_time(text); !at) return at.error().sentence;
      return std::nullopt;
    case Kind::duration:
      if (auto span = parse_duration(text); !span) return span.error().sentence;
      return std::nullopt;
    case Kind::id:
      if (is_id(text)) return std::nullopt;
      return "\"" + p.name + "\" must be 1 to 63 of a-z, 0-9 and '-', not starting with '-'.";
  }
  return std::nullopt;
}

std::optional<Problem> check_one(const Parameter& p, const std::vector<std::string_view>& values) {
  if (values.empty()) {
    if (!p.required) return std::nullopt;
    return wrong(place(p), "\"" + p.name + "\" is required: " + (p.description.empty() ? "add it." : p.description));
  }
  if (values.size() > 1 && !p.repeated) return wrong(place(p), "\"" + p.name + "\" may be given only once.");
  for (const auto value : values)
    if (auto why = fault(p, value)) return wrong(place(p), *why);
  return std::nullopt;
}

std::vector<std::string_view> values_of(const Parameter& p, const Request& request) {
  switch (p.in) {
    case In::path: return {request.param(p.name)};
    case In::query: return request.query_values(p.name);
    case In::header: break;
  }
  std::vector<std::string_view> values;
  for (const auto& [key, value] : request.headers)
    if (same_ignoring_case(key, p.name)) values.push_back(value);
  return values;
}

std::string media_type(std::string_view header) {
  std::string type(header.substr(0, header.find(';')));
  type.erase(std::find_if(type.rbegin(), type.rend(), [](char c) { return c != ' ' && c != '\t'; }).base(), type.end());
  for (auto& c : type)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return type;
}

/// Only UTF-8 is read; a charset that says otherwise would be guessed at.
bool utf8_charset(std::string_view header) {
  std::string lower(header);
  for (auto& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  const auto at = lower.find("charset=");
  if (at == std::string::npos) return true;
  auto charset = std::string_view(lower).substr(at + 8);
  charset = charset.substr(0, charset.find(';'));
  while (!charset.empty() && (charset.back() == ' ' || charset.back() == '"')) charset.remove_suffix(1);
  if (!charset.empty() && charset.front() == '"') charset.remove_prefix(1);
  return charset == "utf-8" || charset == "utf8" || charset == "us-ascii";
}

}  // namespace

std::optional<Problem> check_parameters(const Route& route, const Request& request) {
  for (const auto& p : route.parameters)
    if (auto problem = check_one(p, values_of(p, request))) return problem;
  if (route.any_query) return std::nullopt;
  for (const auto& [key, value] : request.query) {
    const auto known = std::any_of(route.parameters.begin(), route.parameters.end(),
                                   [&key = key](const Parameter& p) { return p.in == In::query && p.name == key; });
    if (known) continue;
    std::string names;
    for (const auto& p : route.parameters)
      if (p.in == In::query) names += (names.empty() ? "" : ", ") + p.name;
    return wrong("query/" + key,
                 "This route has no such query parameter; it takes " + (names.empty() ? "none." : names + "."));
  }
  return std::nullopt;
}

std::optional<Problem> check_body(const Route& route, const Request& request) {
  if (!route.body) {
    if (request.body.empty()) return std::nullopt;
    return wrong("#", "This route takes no body.");
  }
  const auto encoding = request.header("Content-Encoding");
  if (encoding && !same_ignoring_case(*encoding, "identity"))
    return Problem{415, "unsupported-encoding", {}, "Send the body without a Content-Encoding."};
  if (request.body.empty()) {
    if (!route.body->required) return std::nullopt;
    return wrong("#", "This route needs a body.");
  }
  if (request.body.size() > route.body->max_bytes) {
    Problem problem{413, "body-too-large", {}, "The body is larger than this route takes: send it in smaller parts."};
    problem.extra.emplace_back("limit", std::to_string(route.body->max_bytes));
    problem.extra.emplace_back("actual", std::to_string(request.body.size()));
    return problem;
  }
  const auto& types = route.body->content_types;
  const auto type = request.header("Content-Type");
  if (type && std::find(types.begin(), types.end(), media_type(*type)) != types.end() && utf8_charset(*type))
    return std::nullopt;
  std::string list;
  for (const auto& accepted : types) list += (list.empty() ? "" : " or ") + accepted;
  return Problem{
      415, "unsupported-media-type", {}, "Send the body as " + list + " in UTF-8, and name it in Content-Type."};
}

std::optional<Problem> read_idempotency_key(const Route& route, Request& request) {
  const Parameter header{"Idempotency-Key", In::header};
  const auto values = values_of(header, request);
  if (values.empty()) {
    if (!route.needs_idempotency_key) return std::nullopt;
    auto problem = wrong(place(header),
                         "Send an Idempotency-Key header: a new random key for each new request, the same "
                         "one when you repeat it.");
    problem.type = "idempotency-key-required";
    problem.headers.emplace_back("Link", "</docs#idempotency>; rel=\"help\"");
    return problem;
  }
  auto key = values.front();
  if (key.size() >= 2 && key.front() == '"' && key.back() == '"') key = key.substr(1, key.size() - 2);
  const bool plain =
      std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (values.size() > 1 || key.empty() || key.size() > 128 || !plain)
    return wrong(place(header),
                 "Idempotency-Key must be sent once: 1 to 128 visible ASCII characters, best in quotes.");
  request.idempotency_key = std::string(key);
  return std::nullopt;
}

}  // namespace heliograph::http
