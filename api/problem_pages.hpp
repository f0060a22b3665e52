// The pages behind the types of problems: what happened, and what to do. HTML for people, JSON for programs.
#pragma once

#include <string>

#include "api/http/problem_types.hpp"

namespace heliograph::api {

std::string problem_page(const http::ProblemType& type);
std::string problem_list_page();
std::string problem_json(const http::ProblemType& type);
std::string problem_list_json();

}  // namespace heliograph::api
