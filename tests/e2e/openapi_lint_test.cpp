// A public linter reads the document that the shipped binary serves, and finds nothing: not by its own rules, not by those of the house
// (openapi.spectral.yaml). Nothing is asked of the network.
#include <catch2/catch.hpp>

#include "tests/e2e/process.hpp"
#include "tests/support/http_client.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

namespace {

const std::string here = HELIOGRAPH_SOURCE_DIR "/tests/e2e";

Ended lint(const TempDir& scratch, const std::string& document) {
  write_file(scratch / "openapi.json", document);
  return run({"/usr/bin/env", "node", here + "/node_modules/.bin/spectral", "lint", "--fail-severity", "hint", "--ruleset", here + "/openapi.spectral.yaml", scratch / "openapi.json"});
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  INFO(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("the linter finds nothing in the served document, and every planted mistake") {
  const TempDir scratch;
  Server server({binary(), "demo", "--data", scratch / "demo", "--past-days", "1", "--listen", "127.0.0.1:0"});
  REQUIRE(server.port() != 0);
  test::HttpClient client(server.port());
  const std::string document = client.request("GET", "/openapi.json").body;

  const Ended clean = lint(scratch, document);
  INFO(clean.out << clean.err);
  CHECK(clean.exit == 0);
  CHECK(clean.out.find("No results") != std::string::npos);

  const struct {
    std::string from, to, rule;
  } planted[] = {
      {R"("operationId":"health")", R"("operationId":"readiness")", "operation-operationId-unique"},
      {R"("$ref":"#/components/schemas/Latest")", R"("$ref":"#/components/schemas/Earliest")", "invalid-ref"},
      {R"("openapi":"3.1.0")", R"("openapi":"3.1.0","colour":"blue")", "oas3-schema"},
      {R"("example":{"device":"boiler","action":"switch_off")", R"("example":{"device":"boiler","action":"switch_of")", "oas3-valid-media-example"},
      {R"("security":[])", R"("security":[{"handshake":[]}])", "oas3-operation-security-defined"},
      {R"("additionalProperties":false)", R"("x-open":false)", "house-objects-list-their-members"},
      {R"("security":[])", R"("x-open":[])", "house-operations-say-who-may"},
      {R"("responses":{"501":)", R"("responses":{"502":)", "house-operations-succeed"},
      {R"(,"description":"The log as it grows.")", "", "house-tags-are-described"},
  };
  for (const auto& plant : planted) {
    INFO(plant.rule);
    const Ended found = lint(scratch, replaced(document, plant.from, plant.to));
    INFO(found.out << found.err);
    CHECK(found.exit == 1);
    CHECK(found.out.find(plant.rule) != std::string::npos);
  }
}
