// Any bytes as what a WebSocket's client sends: arriving in pieces changes nothing, what comes out is UTF-8 and within
// its limit, and after a failure nothing more comes out.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/strict.hpp"
#include "api/http/websocket.hpp"
#include "events/result.hpp"

namespace {

using heliograph::ensure;
using heliograph::http::FrameReader;
using heliograph::http::Opcode;

constexpr std::size_t limit = 1000;

struct Heard {
  std::vector<std::string> said;
  bool operator==(const Heard&) const = default;
};

Heard hear(std::string_view bytes, std::size_t piece) {
  FrameReader reader(limit);
  Heard heard;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto rest = bytes.substr(at, piece);
    while (auto event = reader.next(rest)) {
      ensure(!reader.failure(), "something was said after a failure");
      ensure(event->payload.size() <= (event->kind == Opcode::text ? limit : 125), "more was said than may be");
      if (event->kind == Opcode::text || event->kind == Opcode::close)
        ensure(heliograph::http::is_utf8(event->payload), "what was said is no UTF-8");
      heard.said.push_back(std::to_string(static_cast<int>(event->kind)) + " " +
                           std::to_string(static_cast<int>(event->code)) + " " + event->payload);
    }
    ensure(rest.empty(), "bytes were left");
  }
  if (reader.failure()) heard.said.push_back("failed " + std::to_string(static_cast<int>(reader.failure()->code)));
  return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ensure(hear(bytes, size + 1) == hear(bytes, 1 + (size > 0 ? data[0] % 17u : 0u)),
         "arriving in pieces changed the meaning");
  return 0;
}
