// Holds docs/LOG_FORMAT.md's worked example and the code together.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// The document without white space.
std::string document() {
  std::ifstream in(HELIOGRAPH_SOURCE_DIR "/docs/LOG_FORMAT.md");
  std::ostringstream text;
  text << in.rdbuf();
  std::string out = text.str();
  out.erase(std::remove_if(out.begin(), out.end(), [](unsigned char c) { return std::isspace(c) != 0; }), out.end());
  return out;
}

}  // namespace

TEST_CASE("the worked example of the format document is what the log writes", "[format]") {
  Memory memory;
  REQUIRE(append(memory.log(), {event_draft("site-home", "smoke in the cellar")}));
  EventLog::Stored stored;
  REQUIRE(memory.log().scan_stored(1, 1, Part::all, [&](const EventLog::Stored& s) { return stored = s, true; }));
  const std::string text = document();
  REQUIRE(text.size() > 1000);
  CHECK(text.find(hex(bytes_of(stored.seal))) != std::string::npos);
  CHECK(text.find("payload," + std::to_string(stored.payload.size()) + "bytes") != std::string::npos);

  const std::string payload = hex(stored.payload);
  std::size_t at = 0;  // every stretch of the payload stands in the document, in order, a field a line
  for (const char* field : {"0801", "120461636d65", "1a04686f6d65", "2209736974652d686f6d65", "2801",
                            "320c73746f702e656e6761676564", "3801", "408080e3a0b7a69506", "488080e3a0b7a69506", "5001",
                            "5a03616461", "6a027031", "7a150a13736d6f6b6520696e207468652063656c6c6172"}) {
    CHECK(text.find(field) != std::string::npos);
    CHECK(payload.compare(at, std::string(field).size(), field) == 0);
    at += std::string(field).size();
  }
  CHECK(at == payload.size());
  CHECK(seal_of(Digest{}, 1, stored.payload) == stored.seal);
}
