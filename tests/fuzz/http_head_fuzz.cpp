// Any bytes as the input of one connection: what is accepted ends where an independent reader says, arriving in pieces
// changes nothing, and after a refusal nothing more comes out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/message.hpp"
#include "events/result.hpp"
#include "tests/support/http_reference.hpp"

namespace {

using heliograph::ensure;
using heliograph::http::Limits;
using heliograph::http::MessageReader;

struct Outcome {
  std::vector<std::size_t> ends;
  bool refused = false;
};

Outcome feed(std::string_view bytes, std::size_t piece) {
  static const Limits limits;
  static const std::vector<std::string> hosts = {"localhost"};
  const heliograph::http::BodyRuleOf no_rule;
  MessageReader reader(limits, hosts, "127.0.0.1", no_rule);
  Outcome outcome;
  std::size_t begin = 0, arrived = 0;
  for (;;) {
    std::size_t eaten = 0;
    const auto step = reader.feed(bytes.substr(begin, arrived - begin), eaten);
    ensure(eaten <= arrived - begin, "it ate more than there was");
    begin += eaten;
    if (step == MessageReader::Step::refused) {
      outcome.refused = true;
      std::size_t none = 0;
      ensure(
          reader.feed("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", none) == MessageReader::Step::refused && none == 0,
          "a request came out after a refusal");
      return outcome;
    }
    if (step == MessageReader::Step::complete) {
      const auto request = reader.take();
      ensure(request.path == "*" || request.path.front() == '/', "a path must begin with a slash");
      ensure(request.path.find("/../") == std::string::npos && request.path.find('\0') == std::string::npos,
             "a path may leave its root");
      outcome.ends.push_back(begin);
      if (begin < arrived) continue;
    }
    if (arrived == bytes.size()) return outcome;
    arrived = std::min(bytes.size(), arrived + piece);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = feed(bytes, size + 1);
  const auto pieces = feed(bytes, 1 + (size > 0 ? data[0] % 17u : 0u));
  ensure(whole.ends == pieces.ends && whole.refused == pieces.refused, "arriving in pieces changed the meaning");
  std::size_t begin = 0;
  for (const auto end : whole.ends) {
    const auto reference = heliograph::test::reference_message_end(bytes.substr(begin));
    ensure(reference && *reference == end - begin, "two readers disagree on where a request ends");
    begin = end;
  }
  return 0;
}
