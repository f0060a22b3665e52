#include "api/problem_pages.hpp"

#include "actors/notify/text.hpp"
#include "events/json.hpp"

namespace heliograph::api {
namespace {

using notify::markup_escaped;

std::string page(std::string_view title, const std::string& content) {
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Heliograph - " + markup_escaped(title) + "</title>\n"
         "<link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\">\n<link rel=\"stylesheet\" href=\"/approve.css\">\n</head>\n<body>\n<main>\n" + content + "</main>\n</body>\n</html>\n";
}

void write(JsonWriter& json, const http::ProblemType& type) {
  json.begin_object().field("type", "/problems/" + std::string(type.type)).field("title", type.title).field("when", type.when).field("remedy", type.remedy).end_object();
}

}  // namespace

std::string problem_page(const http::ProblemType& type) {
  return page(type.title, "<p class=\"site\">/problems/" + markup_escaped(type.type) + "</p>\n<h1>" + markup_escaped(type.title) + "</h1>\n<p>" + markup_escaped(type.when) + "</p>\n<h2>What to do</h2>\n<p>" +
                              markup_escaped(type.remedy) + "</p>\n<p><a href=\"/problems\">All problems</a></p>\n");
}

std::string problem_list_page() {
  std::string rows;
  for (const http::ProblemType& each : http::problem_types())
    rows += "<li><a href=\"/problems/" + markup_escaped(each.type) + "\">" + markup_escaped(each.title) + "</a></li>\n";
  return page("Problems", "<h1>Problems</h1>\n<ul>\n" + rows + "</ul>\n");
}

std::string problem_json(const http::ProblemType& type) {
  JsonWriter json;
  write(json, type);
  return json.take();
}

std::string problem_list_json() {
  JsonWriter json;
  json.begin_object().key("problems").begin_array();
  for (const http::ProblemType& each : http::problem_types()) write(json, each);
  json.end_array().end_object();
  return json.take();
}

}  // namespace heliograph::api
