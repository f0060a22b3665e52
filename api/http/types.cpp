#include "api/http/types.hpp"

#include <algorithm>

#include "events/result.hpp"

namespace heliograph::http {

std::string_view name(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::del: return "DELETE";
    case Method::options: return "OPTIONS";
  }
  return "";
}

std::optional<Method> parse_method(std::string_view text) {
  for (auto method : {Method::get, Method::head, Method::post, Method::put, Method::del, Method::options})
    if (name(method) == text) return method;
  return std::nullopt;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

const std::string* find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (same_ignoring_case(key, name)) return &value;
  return nullptr;
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  if (const auto* value = find_header(headers, name)) return *value;
  return std::nullopt;
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

std::vector<std::string_view> Request::query_values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : query)
    if (key == name) found.push_back(value);
  return found;
}

std::string_view Request::param(std::string_view name) const {
  for (const auto& [key, value] : path_params)
    if (key == name) return value;
  broken_invariant("the route has no such path parameter", "api/http/types.cpp");
}

}  // namespace heliograph::http
