// Every type of problem that this server answers with: one table for the titles in answers, the pages at /problems/<type> and the
// OpenAPI document. A type is stable: clients decide by it.
#pragma once

#include <span>
#include <string_view>

namespace heliograph::http {

struct ProblemType {
  std::string_view type;   // last part of /problems/<type>
  std::string_view title;  // the same for every occurrence
  std::string_view when, remedy;  // a sentence each: when it happens, what to do
};

/// In the order of their names.
std::span<const ProblemType> problem_types();
/// Null when there is no such type.
const ProblemType* problem_type(std::string_view type);

}  // namespace heliograph::http
