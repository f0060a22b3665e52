// Two problems in the same words: each names its own request as its instance, and that alone may differ.
#pragma once

#include <string>

namespace heliograph::e2e {

inline std::string without_instance(std::string body) {
  const auto at = body.rfind(",\"instance\":\"urn:uuid:");
  if (at != std::string::npos) body.erase(at, body.size() - 1 - at);
  return body;
}

}  // namespace heliograph::e2e
