// Requests made from what the OpenAPI document says of an operation: such as it takes, and such as it must not. The same seed makes the
// same requests.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/served_document.hpp"

namespace heliograph::e2e {

struct MadeRequest {
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool as_nobody = false;
  std::string kind;  // what is done to it, for the report
};

/// Names that mean something in the house that is asked: for path and query parameters, and members of bodies.
using Known = std::map<std::string, std::vector<std::string>>;

class RequestMaker {
 public:
  RequestMaker(const ServedDocument& document, const std::string& path, const std::string& method, const rapidjson::Value& operation, const Known& known, std::uint64_t seed)
      : document_(document), path_(path), method_(method), operation_(operation), known_(known), dice_(seed) {}

  /// Such as the document describes.
  MadeRequest fitting();
  /// Fitting, or with one thing that is wrong.
  MadeRequest any();

 private:
  std::size_t pick(std::size_t n) { return static_cast<std::size_t>(dice_() % n); }
  bool chance(unsigned percent) { return dice_() % 100 < percent; }
  std::string word();
  std::string known_or_word(const std::string& name, const rapidjson::Value& schema);
  rapidjson::Value value(const std::string& name, const rapidjson::Value& schema, int depth);
  rapidjson::Value wrong_value();
  std::string text_of(const rapidjson::Value& schema);
  const rapidjson::Value* body_schema(std::string* type = nullptr);
  std::string fitting_body();
  std::string wrong_body(std::string& kind);

  const ServedDocument& document_;
  std::string path_, method_;
  const rapidjson::Value& operation_;
  const Known& known_;
  std::mt19937_64 dice_;
  rapidjson::Document memory_;
};

/// Percent-encodes all but letters, digits and "-._~".
std::string encoded(const std::string& text);

}  // namespace heliograph::e2e
