// The words of WebSocket: what opens one, how frames are written, and what is made of any bytes that come in.
#include "api/http/websocket.hpp"

#include <simdjson.h>

#include <catch2/catch.hpp>

#include "events/base64.hpp"
#include "events/digest.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/socket_client.hpp"

namespace heliograph::http {
namespace {

using test::close_bytes;
using test::frame_bytes;

Request handshake() {
  Request request;
  request.path = "/ws";
  request.headers = {{"Host", "localhost"},
                     {"Upgrade", "WebSocket"},
                     {"Connection", "keep-alive, upgrade"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  return request;
}

void set(Request& request, const std::string& name, const std::string& value) {
  for (auto& [key, old] : request.headers)
    if (key == name) old = value;
}

/// Everything that was said, and the failure at the end; the bytes come in pieces.
struct Heard {
  std::vector<SocketEvent> events;
  int failure = 0;
};

Heard hear(const std::string& bytes, std::size_t piece = 1'000'000, std::size_t limit = 64 * 1024) {
  FrameReader reader(limit);
  Heard heard;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto rest = std::string_view(bytes).substr(at, piece);
    while (auto said = reader.next(rest)) heard.events.push_back(std::move(*said));
    CHECK(rest.empty());
  }
  if (reader.failure()) heard.failure = static_cast<int>(reader.failure()->code);
  return heard;
}

}  // namespace

TEST_CASE("a handshake is answered, everything else is told what is missing") {
  CHECK_FALSE(refuse_handshake(handshake()).has_value());
  struct Case {
    std::string what;
    void (*spoil)(Request&);
    int status;
  };
  const std::vector<Case> cases = {
      {"no upgrade", [](Request& r) { r.headers.erase(r.headers.begin() + 1); }, 426},
      {"another upgrade", [](Request& r) { set(r, "Upgrade", "h2c"); }, 426},
      {"version 8", [](Request& r) { set(r, "Sec-WebSocket-Version", "8"); }, 426},
      {"two versions", [](Request& r) { r.headers.emplace_back("Sec-WebSocket-Version", "13"); }, 426},
      {"no version", [](Request& r) { r.headers.erase(r.headers.begin() + 3); }, 426},
      {"no connection", [](Request& r) { r.headers.erase(r.headers.begin() + 2); }, 400},
      {"connection without upgrade", [](Request& r) { set(r, "Connection", "keep-alive, upgraded"); }, 400},
      {"no key", [](Request& r) { r.headers.pop_back(); }, 400},
      {"two keys", [](Request& r) { r.headers.push_back(r.headers.back()); }, 400},
      {"a short key", [](Request& r) { set(r, "Sec-WebSocket-Key", "c2hvcnQ="); }, 400},
      {"no base64", [](Request& r) { set(r, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ???"); }, 400},
      {"POST", [](Request& r) { r.method = Method::post; }, 400},
      {"HTTP/1.0", [](Request& r) { r.minor_version = 0; }, 400},
      {"a body", [](Request& r) { r.body = "x"; }, 400},
  };
  for (const auto& each : cases) {
    INFO(each.what);
    auto request = handshake();
    each.spoil(request);
    const auto refusal = refuse_handshake(request);
    REQUIRE(refusal.has_value());
    CHECK(refusal->status == each.status);
    const auto* version = find_header(refusal->headers, "Sec-WebSocket-Version");
    CHECK((version != nullptr && *version == "13") == (each.status == 426));
  }
}

TEST_CASE("the published examples are read and written") {
  const auto text = tests::shared_text("protocols/fixtures/web/websocket_vectors.json");
  if (!text) return;
  simdjson::dom::parser parser;
  const simdjson::dom::element all = parser.parse(*text);
  CHECK(accept_key(all["handshake"]["Sec-WebSocket-Key"].get_c_str().value()) ==
        all["handshake"]["Sec-WebSocket-Accept"].get_c_str().value());
  int known = 0;
  for (const simdjson::dom::element frame : all["frames"]) {
    const std::string what = frame["what"].get_c_str().value();
    std::string bytes;
    if (frame["hex"].is_array())
      for (const simdjson::dom::element part : frame["hex"]) bytes += from_hex(part.get_c_str().value()).value();
    else
      bytes = from_hex(frame["hex"].get_c_str().value()).value();
    INFO(what);
    ++known;
    if (what == "unmasked text Hello") {
      CHECK(socket_frame(Opcode::text, "Hello") == bytes);
      CHECK(hear(bytes).failure == 1002);
    } else if (what == "masked text Hello (client to server)") {
      const auto heard = hear(bytes);
      REQUIRE(heard.events.size() == 1);
      CHECK(heard.events[0].payload == "Hello");
    } else if (what == "unmasked ping Hello") {
      CHECK(socket_frame(Opcode::ping, "Hello") == bytes);
    } else if (what == "masked pong Hello") {
      const auto heard = hear(bytes);
      REQUIRE(heard.events.size() == 1);
      CHECK(heard.events[0].kind == Opcode::pong);
      CHECK(heard.events[0].payload == "Hello");
    } else if (what == "close 1008 'policy'") {
      CHECK(close_frame(Close::policy, "policy") == bytes);
    } else if (what == "binary 256 bytes header") {
      CHECK(socket_frame(Opcode::binary, std::string(256, 'b')).substr(0, bytes.size()) == bytes);
    } else if (what == "binary 65536 bytes header") {
      CHECK(socket_frame(Opcode::binary, std::string(65536, 'b')).substr(0, bytes.size()) == bytes);
    } else {
      CHECK(what == "fragmented text Hel + lo");  // unmasked, so never read here, and never written
      CHECK(frame_bytes(1, "Hel", false, false) + frame_bytes(0, "lo", true, false) == bytes);
    }
  }
  CHECK(known >= 8);
}

TEST_CASE("messages come out whole, in whatever pieces they come in") {
  const std::string long_one(65'536, 'x'), middle(300, 'y');
  const auto bytes = frame_bytes(1, "one") + frame_bytes(1, "") + frame_bytes(1, "t", false) + frame_bytes(9, "hey") +
                     frame_bytes(0, "", false) + frame_bytes(10, "") + frame_bytes(0, "wo", true) +
                     frame_bytes(1, middle) + frame_bytes(1, long_one) + frame_bytes(1, "\xf0\x9f", false) +
                     frame_bytes(0, "\x94\x86") + close_bytes(4401, "come back");
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 1000u, 1'000'000u}) {
    const auto heard = hear(bytes, piece);
    INFO(piece);
    CHECK(heard.failure == 0);
    REQUIRE(heard.events.size() == 9);
    const std::vector<std::pair<Opcode, std::string>> expected = {
        {Opcode::text, "one"},       {Opcode::text, ""},
        {Opcode::ping, "hey"},       {Opcode::pong, ""},
        {Opcode::text, "two"},       {Opcode::text, middle},
        {Opcode::text, long_one},    {Opcode::text, "\xf0\x9f\x94\x86"},
        {Opcode::close, "come back"}};
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(heard.events[i].kind == expected[i].first);
      CHECK(heard.events[i].payload == expected[i].second);
    }
    CHECK(heard.events[8].code == Close::not_authenticated);
  }
}

TEST_CASE("what may not be said ends the socket with its code") {
  struct Case {
    std::string what, bytes;
    int code;
  };
  auto spoilt = [](std::string bytes, std::size_t at, int with) {
    bytes[at] = static_cast<char>(with);
    return bytes;
  };
  const std::string mask(4, '\0');
  const std::vector<Case> cases = {
      {"unmasked", frame_bytes(1, "a", true, false), 1002},
      {"first reserved bit", spoilt(frame_bytes(1, "a"), 0, 0xc1), 1002},
      {"last reserved bit", spoilt(frame_bytes(1, "a"), 0, 0x91), 1002},
      {"opcode 3", frame_bytes(3, "a"), 1002},
      {"opcode 11", frame_bytes(11, "a"), 1002},
      {"opcode 15", frame_bytes(15, ""), 1002},
      {"a ping in fragments", frame_bytes(9, "a", false), 1002},
      {"a close in fragments", frame_bytes(8, "", false), 1002},
      {"a ping of 126 bytes", frame_bytes(9, std::string(126, 'p')), 1002},
      {"binary", frame_bytes(2, "a"), 1003},
      {"nothing to continue", frame_bytes(0, "a"), 1002},
      {"continued after its end", frame_bytes(1, "a", false) + frame_bytes(0, "b") + frame_bytes(0, "c"), 1002},
      {"a message within a message", frame_bytes(1, "a", false) + frame_bytes(1, "b"), 1002},
      {"a long way to say 5", std::string("\x81\xfe\x00\x05", 4) + mask + "abcde", 1002},
      {"a longer way to say 65535", std::string("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10) + mask, 1002},
      {"a negative size", std::string("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10) + mask, 1002},
      {"64 KiB and one byte", frame_bytes(1, std::string(65'537, 'x')), 1009},
      {"announced only", std::string("\x81\xff\x00\x00\x00\x00\x00\x01\x00\x01", 10) + mask, 1009},
      {"too much in fragments", frame_bytes(1, std::string(65'000, 'x'), false) + frame_bytes(0, std::string(537, 'x')),
       1009},
      {"no UTF-8", frame_bytes(1, "\xff"), 1007},
      {"half a character", frame_bytes(1, "\xf0\x9f\x94"), 1007},
      {"a surrogate", frame_bytes(1, "\xed\xa0\x80"), 1007},
      {"half a close code", frame_bytes(8, "a"), 1002},
      {"a reason that is no UTF-8", close_bytes(1000, "\xff"), 1007},
  };
  for (const auto& each : cases) {
    INFO(each.what);
    for (const std::size_t piece : {1u, 1'000'000u}) {
      const auto heard = hear(each.bytes + frame_bytes(1, "after"), piece);
      CHECK(heard.failure == each.code);
      for (const auto& event : heard.events) CHECK(event.payload != "after");
    }
  }
  for (const int never : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535})
    CHECK(hear(close_bytes(never)).failure == 1002);
  for (const int known : {1000, 1003, 1007, 1011, 1014, 3000, 4999}) CHECK(hear(close_bytes(known)).failure == 0);
}

TEST_CASE("a close frame is short and holds whole characters") {
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "ü";
  const auto frame = close_frame(Close::policy, umlauts);
  CHECK(frame.size() <= 2 + 125);
  const auto heard = hear(frame_bytes(8, frame.substr(2)));
  REQUIRE(heard.events.size() == 1);
  CHECK(heard.events[0].payload == umlauts.substr(0, 122));
  CHECK(close_frame(Close::no_code, "unheard") == std::string("\x88\x00", 2));
}

}  // namespace heliograph::http
