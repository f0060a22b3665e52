// Bad input to the shipped binary and its API: one clear sentence, an exit that is not 0 or a 4xx, and nothing lost.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>

#include "actors/clock.hpp"
#include "storage/store.hpp"
#include "tests/e2e/process.hpp"
#include "tests/e2e/same_problem.hpp"
#include "tests/support/http_client.hpp"

using namespace heliograph;
using namespace heliograph::e2e;
using test::HttpClient;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;
const Headers json_type{{"Content-Type", "application/json"}};

Headers keyed(const std::string& key) { return {{"Content-Type", "application/json"}, {"Idempotency-Key", key}}; }

std::string now() { return format_time(SystemClock().now()); }

std::string reading(const std::string& fields) { return R"({"device":"meter-1","timestamp":")" + now() + "\"," + fields + "}"; }

const std::string enphase_header = "ts_utc,ts_local,pv_wh,load_wh,export_wh,import_wh\n";
const std::string three_rows = enphase_header +
                               "2023-01-01T00:00:00Z,2023-01-01T01:00:00,0,400,0,400\n"
                               "2023-01-01T01:00:00Z,2023-01-01T02:00:00,0,300,0,300\n"
                               "2023-01-01T02:00:00Z,2023-01-01T03:00:00,0,200,0,200\n";

/// A directory with a site, an hour of history and nothing else; closed in order.
void fill(const TempDir& scratch) {
  write_file(scratch / "good.csv", three_rows);
  const Ended ended = run({binary(), "import", "--data", scratch / "data", "--site", "home", "--map", "nl_enphase", scratch / "good.csv"});
  INFO(ended.err);
  REQUIRE(ended.exit == 0);
}

/// Exit 1, silence on standard output, one line that begins with the program's name and holds `words`.
void one_sentence(const Ended& ended, const std::string& words) {
  INFO("exit " << ended.exit << " signal " << ended.signal << "\nout: " << ended.out << "\nerr: " << ended.err);
  CHECK(ended.exit == 1);
  CHECK(ended.out.empty());
  CHECK(ended.err.rfind("heliograph: ", 0) == 0);
  CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  CHECK(ended.err.find(words) != std::string::npos);
}

std::string verify(const std::string& data) { return run({binary(), "verify", "--data", data}).out; }

/// A process whose engine is `serve`.
std::vector<std::string> serving(const std::string& data) { return {binary(), "serve", "--data", data, "--listen", "127.0.0.1:0"}; }

/// What the site holds: decisions, rules and devices. (The engine's own readings go on meanwhile.)
std::string holdings(HttpClient& client) {
  std::string out;
  for (const char* part : {"/audit?limit=1000", "/rules", "/devices", "/pending", "/series?device=pv&metric=pv_w"})
    out += client.request("GET", "/api/v1/sites/home" + std::string(part)).body;
  return out;
}

/// The status, problem+json, one sentence with these words.
void problem(const test::Reply& reply, int status, const std::string& words) {
  INFO(reply.status << " " << reply.body);
  CHECK(reply.status == status);
  CHECK(reply.header("Content-Type").rfind("application/problem+json", 0) == 0);
  CHECK(reply.body.find("\"detail\":\"") != std::string::npos);
  CHECK(reply.body.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("a directory that is not ours is refused and stays as it is") {
  const TempDir scratch;
  std::filesystem::create_directory(scratch / "photos");
  write_file(scratch / "photos/holiday.jpg", "not ours");
  one_sentence(run(serving(scratch / "photos")), "choose an empty or a new directory");
  one_sentence(run({binary(), "import", "--data", scratch / "photos", "--site", "home", "--map", "nl_enphase", scratch / "x.csv"}),
               "holds files that are not Heliograph's");
  CHECK(run({binary(), "verify", "--data", scratch / "photos"}).exit == 1);
  CHECK(run({binary(), "verify", "--data", scratch / "nowhere"}).out.find("There is no data directory") != std::string::npos);
  CHECK(read_file(scratch / "photos/holiday.jpg") == "not ours");
  CHECK(std::distance(std::filesystem::directory_iterator(scratch / "photos"), {}) == 1);
}

TEST_CASE("a data directory with a cut or deleted file never opens as good") {
  const TempDir scratch;
  fill(scratch);
  int tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch / "data/db")) {
    const auto size = std::filesystem::file_size(entry);
    const bool table = entry.path().extension() == ".sst";
    if (!table && entry.path().filename().string().rfind("MANIFEST", 0) != 0) continue;
    tables += table;
    for (const bool cut : {true, false}) {
      const std::string copy = scratch / "copy";
      std::filesystem::remove_all(copy);
      std::filesystem::copy(scratch / "data", copy, std::filesystem::copy_options::recursive);
      const std::string victim = copy + "/db/" + entry.path().filename().string();
      cut ? std::filesystem::resize_file(victim, size / 2) : static_cast<void>(std::filesystem::remove(victim));
      INFO((cut ? "cut " : "deleted ") << victim);
      const Ended verdict = run({binary(), "verify", "--data", copy});
      CHECK(verdict.exit == 1);
      CHECK(verdict.out.find("NOT OK") != std::string::npos);
      one_sentence(run({binary(), "import", "--data", copy, "--site", "home", "--map", "nl_enphase", scratch / "good.csv"}), "");
    }
  }
  CHECK(tables > 0);
  CHECK(verify(scratch / "data").rfind("OK: ", 0) == 0);
}

TEST_CASE("a second process on one directory is refused and disturbs nobody") {
  const TempDir scratch;
  fill(scratch);
  Server server(serving(scratch / "data"));
  REQUIRE(server.port() != 0);
  one_sentence(run(serving(scratch / "data")), "Another Heliograph is using");
  one_sentence(run({binary(), "import", "--data", scratch / "data", "--site", "home", "--map", "nl_enphase", scratch / "good.csv"}), "Another Heliograph is using");
  one_sentence(run({binary(), "rebuild", "--data", scratch / "data"}), "Another Heliograph is using");
  HttpClient client(server.port());
  CHECK(client.request("GET", "/readiness").status == 200);
  CHECK(server.end(SIGTERM).exit == 0);
  CHECK(verify(scratch / "data").rfind("OK: ", 0) == 0);
}

TEST_CASE("an event of a version that this build does not know stops it with a word, and stays") {
  const TempDir scratch;
  fill(scratch);
  Position written = 0;
  {
    auto store = open_store(scratch / "data", {});
    REQUIRE(store);
    ReadingBuilder rows;
    rows.row("meter-1", SystemClock().now());
    rows.set(Metric::grid_w, 1);
    auto batch = std::make_shared<const ReadingBatch>(rows.take());
    Draft draft;
    draft.stream = "readings-home";
    draft.packed = pack_readings(*batch);
    draft.packed.bytes[0] = 9;  // its format number
    draft.body = batch;
    auto turn = (*store)->log().begin({{"local"}, {"home"}}, SystemClock().now());
    REQUIRE(turn);
    REQUIRE(turn->add(std::move(draft)));
    turn->stage();
    REQUIRE((*store)->log().commit());
    written = (*store)->log().durable();
  }
  one_sentence(run(serving(scratch / "data")), "newer Heliograph");
  const Ended verdict = run({binary(), "verify", "--data", scratch / "data"});
  INFO(verdict.out << verdict.err);
  CHECK(verdict.exit == 1);
  CHECK(verdict.out.find("newer Heliograph") != std::string::npos);
  CHECK(verdict.out.find("up to position " + std::to_string(written)) != std::string::npos);
}

TEST_CASE("files that cannot be imported say so, and nothing of them is written") {
  const TempDir scratch;
  fill(scratch);
  const std::string before = verify(scratch / "data");
  REQUIRE(before.rfind("OK: ", 0) == 0);
  const auto import = [&](const std::string& bytes, const std::string& map = "nl_enphase") {
    write_file(scratch / "bad.csv", bytes);
    return run({binary(), "import", "--data", scratch / "data", "--site", "home", "--map", map, scratch / "bad.csv"});
  };
  std::string binary_bytes = enphase_header;
  for (int i = 0; i < 3000; ++i) binary_bytes += static_cast<char>(i * 7 % 256);
  one_sentence(import(binary_bytes), "binary file");
  one_sentence(import("a,b\n1,2\n"), "has no column \"ts_utc\"");
  one_sentence(import(""), "");
  one_sentence(import(three_rows + "2023-01-01T03:00:00,2023-01-01T04:00:00,0,1,0,1\n"), "Time zones are mixed");
  one_sentence(run({binary(), "import", "--data", scratch / "data", "--site", "home", "--map", "nl_enphase", scratch / "none.csv"}), "cannot be read");
  one_sentence(run({binary(), "import", "--data", scratch / "data", "--site", "home", "--map", "nl_enphase", scratch.path()}), "");
  one_sentence(run({binary(), "import", "--data", scratch / "data", "--site", "home", "--map", "no-such-preset", scratch / "good.csv"}), "no-such-preset");
  one_sentence(import("a,b\n1,2\n", scratch / "bad.csv"), "");

  auto store = open_store(scratch / "data", {.read_only = true});
  REQUIRE(store);
  std::uint64_t imports = 0, readings = 0;
  REQUIRE((*store)->log().scan(1, (*store)->log().durable(), Part::all, [&](const RecordPtr& record) {
    imports += record->envelope.type == "history.imported";
    if (record->is_readings()) readings += record->span();
    return true;
  }));
  CHECK(imports == 1);
  CHECK(readings == 9);
}

TEST_CASE("words of the command line that make no sense end with one sentence") {
  const TempDir scratch;
  fill(scratch);
  const std::string rule = R"({"id":"r","nmae":"x","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"t"}]})";
  write_file(scratch / "rule.json", rule);
  write_file(scratch / "scenario.json", R"({"batery":{}})");
  const std::string data = scratch / "data";
  one_sentence(run({binary(), "replay", "--data", data, "--site", "home", "--rules", scratch / "rule.json"}), "Unknown field \"nmae\"");
  one_sentence(run({binary(), "replay", "--data", data, "--site", "home", "--scenario", scratch / "scenario.json"}), "batery");
  one_sentence(run({binary(), "replay", "--data", data, "--site", "elsewhere"}), "has no readings");
  one_sentence(run({binary(), "replay", "--data", data, "--site", "home", "--from", "yesterday"}), "yesterday");
  one_sentence(run({binary(), "demo", "--speed", "-1", "--past-days", "0", "--listen", "127.0.0.1:0"}), "--speed takes 1 to 100000");
  one_sentence(run({binary(), "serve", "--data", data, "--listen", "127.0.0.1:http"}), "no address to listen on");
  one_sentence(run({binary(), "export", "--data", data, "--format", "xml"}), "use cloudevents, ndjson or csv");
  CHECK(run({binary(), "demo", "--past-days", "-1"}).exit != 0);
  one_sentence(run({binary(), "no-such-verb"}), "There is no verb \"no-such-verb\": use demo, serve");
  for (const auto& argv : std::vector<std::vector<std::string>>{{binary()}, {binary(), "import"}, {binary(), "verify", "--speed", "3"}}) {
    const Ended ended = run(argv);
    INFO(ended.err);
    CHECK(ended.exit != 0);
    CHECK(ended.err.rfind("heliograph: ", 0) == 0);
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
  CHECK(verify(data).rfind("OK: ", 0) == 0);
}

TEST_CASE("the examples of --help do what they say, typed as they stand") {
  const TempDir scratch;
  write_file(scratch / "year.csv.gz", three_rows);
  write_file(scratch / "miner-guard.json", R"({"id":"r","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"t"}]})");
  write_file(scratch / "battery.json", R"({"battery":{"capacity_kwh":10,"power_kw":5}})");
  std::size_t examples = 0;
  for (const char* verb : {"import", "replay", "export", "verify", "rebuild"}) {  // in the order in which one leads to the next
    const std::string help = run({binary(), verb, "--help"}).out;
    std::istringstream lines(help.substr(std::min(help.size(), help.find("Example:\n"))));
    for (std::string line; std::getline(lines, line);) {
      const auto words = line.find("heliograph ");
      if (words == std::string::npos) continue;
      const Ended ended = run({"/bin/sh", "-c", "cd \"" + (scratch / "") + "\" && exec " + binary() + line.substr(words + 10)});
      INFO(line << "\n" << ended.out << ended.err);
      CHECK(ended.exit == 0);
      ++examples;
    }
  }
  CHECK(examples >= 6);
}

TEST_CASE("bad requests get a 4xx with one sentence, and the log stands still") {
  const TempDir scratch;
  fill(scratch);
  Server server(serving(scratch / "data"));
  REQUIRE(server.port() != 0);
  HttpClient client(server.port());
  const std::string before = holdings(client);
  REQUIRE_FALSE(before.empty());
  const std::string home = "/api/v1/sites/home";

  problem(client.request("GET", home + "/series?device=pv&metric=pv_w&step=-1"), 400, "step");
  problem(client.request("GET", home + "/series?device=pv&metric=pv_w&points=-5"), 400, "points");
  problem(client.request("GET", home + "/series?device=pv&metric=watts"), 400, "watts");
  problem(client.request("GET", "/api/v1/sites/elsewhere/latest"), 404, "There is no site");
  problem(client.request("GET", "/api/v1/positions/999999999"), 404, "");
  problem(client.request("POST", home + "/rules", "{\"id\":", keyed("k-1")), 422, "");
  problem(client.request("POST", home + "/rules", R"({"id":"r","nmae":"x","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"t"}]})", keyed("k-2")),
          422, "Unknown field");
  problem(client.request("POST", home + "/commands", R"({"device":"pv","action":"switch_off"})", json_type), 400, "Send an Idempotency-Key header");
  problem(client.request("POST", home + "/commands", R"({"device":"pv","action":"explode"})", keyed("k-3")), 422, "must be switch_on");
  problem(client.request("POST", home + "/readings", "this is no json", json_type), 400, "");
  problem(client.request("POST", home + "/readings", "device=1", {{"Content-Type", "application/x-www-form-urlencoded"}}), 415, "");
  problem(client.request("GET", "/api/v1/stream", {}, {{"Last-Event-ID", "minus one"}}), 400, "Last-Event-ID");
  CHECK(holdings(client) == before);

  HttpClient large(server.port());
  large.send("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Large: ");
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 10 && large.send(piece); ++i) {}
  problem(large.read_reply(), 431, "");
  HttpClient after(server.port());
  CHECK(after.request("GET", "/health").status == 200);
  CHECK(holdings(after) == before);
  CHECK(server.end(SIGTERM).exit == 0);
  CHECK(verify(scratch / "data").rfind("OK: ", 0) == 0);
}

TEST_CASE("a refused command says which rule, which limit and what was, and the same key never means two things") {
  const TempDir scratch;
  Server server(serving(scratch / "data"));
  REQUIRE(server.port() != 0);
  HttpClient client(server.port());
  const std::string home = "/api/v1/sites/home";
  REQUIRE(client.request("PUT", home, R"({"name":"Home"})", json_type).status == 200);
  REQUIRE(client.request("PUT", home + "/devices/plug-1", R"({"kind":"plug","can_switch":true,"nominal_w":100})", json_type).status == 200);
  REQUIRE(client.request("POST", home + "/readings", R"({"device":"battery","timestamp":")" + now() + R"(","soc_percent":12.5})", json_type).status == 200);

  const std::string on = R"({"device":"plug-1","action":"switch_on"})";
  const auto refused = client.request("POST", home + "/commands", on, keyed("floor-1"));
  problem(refused, 422, "\"rule\":\"soc-floor\"");
  CHECK(refused.body.find("\"limit\":200") != std::string::npos);
  CHECK(refused.body.find("\"actual\":125") != std::string::npos);
  CHECK(refused.body.find("\"unit\":\"permille\"") != std::string::npos);
  const auto again = client.request("POST", home + "/commands", on, keyed("floor-1"));
  CHECK(again.status == 422);
  CHECK(without_instance(again.body) == without_instance(refused.body));
  problem(client.request("POST", home + "/commands", R"({"device":"plug-1","action":"switch_off"})", keyed("floor-1")), 422, "take a new key");

  REQUIRE(client.request("POST", home + "/stop", R"({"reason":"smoke"})", json_type).status == 200);
  problem(client.request("POST", home + "/commands", on, keyed("stop-1")), 409, "\"rule\":\"stop\"");
  problem(client.request("POST", home + "/stop/lift", "{}", json_type), 422, "");
}

TEST_CASE("the read-only demo refuses every change and goes on") {
  const TempDir scratch;
  Server server({binary(), "demo", "--data", scratch / "demo", "--past-days", "1", "--listen", "127.0.0.1:0"});
  REQUIRE(server.port() != 0);
  HttpClient client(server.port());
  const std::string home = "/api/v1/sites/home";
  problem(client.request("POST", home + "/readings", reading("\"grid_w\":1"), json_type), 403, "");
  problem(client.request("POST", home + "/commands", R"({"device":"miner-1","action":"switch_off"})", keyed("k")), 403, "");
  problem(client.request("POST", home + "/stop", "{}", json_type), 403, "");
  problem(client.request("PUT", home, "{}", json_type), 403, "");
  problem(client.request("DELETE", home + "/rules/miner-guard"), 403, "");
  CHECK(client.request("GET", home + "/latest").status == 200);
  CHECK(server.end(SIGTERM).exit == 0);
  CHECK(verify(scratch / "demo").rfind("OK: ", 0) == 0);
}

TEST_CASE("a full disk stops writes with a sentence, keeps what was acknowledged, and heals") {
  const TempDir scratch;
  std::filesystem::create_directory(scratch / "disk");
  // A file system of our own, seen by this process and its children only; it goes with the process.
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", (scratch / "disk").c_str(), "tmpfs", 0, "size=280m") != 0) {
    WARN("skipped: a small file system can only be made by root");
    return;
  }
  {
    Server server(serving(scratch / "disk/data"));
    REQUIRE(server.port() != 0);
    HttpClient client(server.port());
    const std::string home = "/api/v1/sites/home";
    REQUIRE(client.request("PUT", home, "{}", json_type).status == 200);
    const auto write = [&] { return client.request("POST", home + "/readings", reading("\"grid_w\":1"), json_type); };
    REQUIRE(write().status == 200);

    write_file(scratch / "disk/ballast", std::string(200 << 20, 'x'));
    auto reply = write();
    for (int i = 0; i < 50 && reply.status == 200; ++i) reply = write();
    problem(reply, 507, "no space left");
    const auto readiness = client.request("GET", "/readiness");
    INFO(readiness.body);
    CHECK(readiness.status == 503);
    CHECK(readiness.body.find("\"detail\":\"") != std::string::npos);
    CHECK(client.request("GET", home + "/latest").status == 200);
    CHECK(client.request("POST", home + "/stop", "{}", json_type).status == 200);  // a stop is written even now

    std::filesystem::remove(scratch / "disk/ballast");
    reply = write();
    INFO(reply.body);
    CHECK(reply.status == 200);
    CHECK(client.request("GET", "/readiness").status == 200);
    CHECK(server.end(SIGTERM).exit == 0);
    CHECK(verify(scratch / "disk/data").rfind("OK: ", 0) == 0);
  }
  ::umount2((scratch / "disk").c_str(), MNT_DETACH);
}
