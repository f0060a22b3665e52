// Who may use which route: every route of the table times every kind of caller, held against tests/authz-matrix.csv, which people
// review and no program writes. And what belongs to one tenant stays out of every answer to another.
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <map>
#include <set>
#include <sstream>

#include "actors/clock.hpp"
#include "actors/people/tokens.hpp"
#include "api/gateway.hpp"
#include "api/web_server.hpp"
#include "tests/support/http_client.hpp"

using namespace heliograph;
using Headers = std::vector<std::pair<std::string, std::string>>;

namespace {

constexpr const char* matrix_file = HELIOGRAPH_SOURCE_DIR "/tests/authz-matrix.csv";

std::vector<std::string> split(const std::string& line, char by) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string part; std::getline(in, part, by);) out.push_back(part);
  return out;
}

struct Row {
  std::string operation, method, path, needs;
  bool fresh = false;
  std::map<std::string, std::string> cells;  // caller -> in, 401, 403
};

std::vector<Row> read_matrix() {
  std::ifstream in(matrix_file);
  std::string line;
  std::getline(in, line);
  const auto header = split(line, ',');
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    const auto cells = split(line, ',');
    REQUIRE(cells.size() == header.size());
    Row row{cells[0], cells[1], cells[2], cells[3], cells[4] == "fresh", {}};
    for (std::size_t i = 5; i < cells.size(); ++i) row.cells[header[i]] = cells[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

/// A house with two tenants of one shape, and somebody of every kind.
class House {
 public:
  House() {
    auto started = Engine::start(*store_, clock_, {});
    REQUIRE(started);
    engine_ = std::move(*started);
    api::Service service{*engine_, "test", "none"};
    service.people_key = key_;
    auto served = api::WebServer::start(*engine_, "127.0.0.1:0", std::move(service));
    REQUIRE(served);
    web_ = std::move(*served);
    for (const TenantId& tenant : {home_tenant(), other_}) {
      turn(tenant, [&](People& people, Micros at, Journal& journal) { return people.configure_tenant({marker(tenant, "tenant"), "EUR", "UTC", 400}, {}, at, journal); });
      add(tenant, "owner", Role::owner);
      furnish(tenant);
    }
    add(home_tenant(), "viewer", Role::viewer);
    add(home_tenant(), "node-user", Role::node_user, {{"home"}});
    add(home_tenant(), "operator", Role::operate);
    add(home_tenant(), "auditor", Role::auditor);
    add(home_tenant(), "admin", Role::admin);
    ApiKeyMade made{{"k1"}, {"owner"}, marker(home_tenant(), "key"), std::string(bytes_of(sha256({"secret"}))), may_of_keys().list(), {}, 0};
    turn(home_tenant(), [&](People& people, Micros at, Journal& journal) { return people.make_key(home_tenant(), made, {home_tenant(), {PrincipalKind::user, "owner"}, may(Role::owner, home_tenant()), {}, {}, true}, at, journal); });
  }
  ~House() {
    web_->stop();
    CHECK(engine_->stop());
  }

  /// What a caller of the matrix sends along; a session of its own each time, for some requests end it.
  Headers credentials(const std::string& caller, bool stepped_up) {
    if (caller == "nobody") return {};
    if (caller == "key") return {{"Authorization", "Bearer hg_k1_secret"}};
    const TenantId tenant = caller == "other_owner" ? other_ : home_tenant();
    const UserId user{caller == "other_owner" ? "owner" : caller == "node_user" ? "node-user" : caller};
    const SessionId session{"5e55" + std::to_string(++sessions_)};
    Login login;
    login.tenant = tenant, login.user = user, login.peer = "127.0.0.1", login.password_fits = true, login.held_against = "sealed", login.refresh_digest = std::to_string(sessions_);
    turn(tenant, [&](People& people, Micros at, Journal& journal) -> Status {
      if (auto in = people.log_in(login, session, at, journal); !in || !in->session) return fail(Errc::refused, "nobody got in");
      if (!stepped_up) return {};
      auto up = people.step_up(session, login, at, journal);
      return up ? Status{} : fail(up.error());
    });
    return {{"Authorization", "Bearer " + mint_.make(session, user, engine_->clock().now())}};
  }

  test::Reply ask(const std::string& method, const std::string& path, Headers headers) const {
    test::HttpClient client(web_->port());
    const std::string body = method == "POST" || method == "PUT" ? "{}" : "";
    headers.emplace_back("Idempotency-Key", "k" + std::to_string(++asked_));
    if (method == "POST" || method == "PUT") headers.emplace_back("Content-Type", path.starts_with("/approve") || path.starts_with("/hooks") ? "application/x-www-form-urlencoded" : "application/json");
    if (path.starts_with("/api/v1/stream")) {
      std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n";
      for (const auto& [key, value] : headers) text += key + ": " + value + "\r\n";
      client.send(text + "\r\n");
      test::Reply reply = client.read_stream_head();
      if (reply.status == 200)  // as much of it as there is now
        while (const auto event = client.read_event()) {
          reply.body += event->data;
          if (event->id == std::to_string(engine_->store().log().durable())) break;
          if (event->comment) break;
        }
      return reply;
    }
    return client.request(method, path, body, headers);
  }

  static std::string marker(const TenantId& tenant, const std::string& what) { return "marker-" + tenant.text + "-" + what; }
  const TenantId& other() const { return other_; }
  std::uint64_t asked() const { return asked_; }
  Engine& engine() { return *engine_; }

 private:
  template <class Decide>
  void turn(const TenantId& tenant, Decide decide) {
    std::promise<Status> done;
    engine_->request_people(tenant, decide, [&](const Result<SiteReply>& reply) { done.set_value(reply ? Status{} : fail(reply.error())); });
    const Status status = done.get_future().get();
    INFO((status ? "" : status.error().sentence));
    REQUIRE(status);
  }
  void add(const TenantId& tenant, const std::string& user, Role role, std::vector<SiteId> sites = {}) {
    turn(tenant, [&](People& people, Micros at, Journal& journal) -> Status {
      if (auto done = people.save_user(tenant, {{user}, marker(tenant, user), marker(tenant, "mail"), role, sites, false}, {}, true, at, journal); !done) return done;
      return people.set_password(tenant, {user}, "sealed", {}, {}, at, journal);
    });
  }
  void furnish(const TenantId& tenant) {
    const SiteKey home{tenant, {"home"}};
    const Principal owner{PrincipalKind::user, "owner"};
    SiteConfigured settings;
    settings.name = marker(tenant, "site");
    DeviceRegistered plug;
    plug.device = {"plug-1"}, plug.name = marker(tenant, "plug"), plug.kind = DeviceKind::plug, plug.can_switch = true, plug.nominal_w = 100;
    REQUIRE(engine_->request_and_wait(home, Configure{settings, owner}));
    REQUIRE(engine_->request_and_wait(home, RegisterDevice{plug, owner}));
    auto rule = parse_rule(R"({"id":"r-)" + tenant.text + R"(","name":")" + marker(tenant, "rule") + R"(","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"x"}]})");
    REQUIRE(rule.rule);
    REQUIRE(engine_->request_and_wait(home, SaveRule{*rule.rule, owner, {}, {}}));
    ReadingBuilder rows;
    rows.row("plug-1", clock_.now());
    rows.set(Metric::switch_on, 0);
    rows.set_text(Metric::mode, marker(tenant, "mode"));
    TakeReadings readings;
    readings.batch = std::make_shared<const ReadingBatch>(rows.take());
    readings.principal = owner;
    REQUIRE(engine_->request_and_wait(home, std::move(readings)));
    REQUIRE(engine_->request_and_wait(home, heliograph::Ask{{{"plug-1"}, Action::switch_on, 0, owner, Purpose::ordinary, {}, {}}, marker(tenant, "reason"), {}, {}, {}}));
    REQUIRE(engine_->request_and_wait(home, EngageStop{owner, marker(tenant, "stop")}));
  }

  SystemClock clock_;
  std::unique_ptr<Store> store_ = open_memory_store();
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<api::WebServer> web_;
  Digest key_{9};
  people::Secrets secrets_{key_};
  people::TokenMint mint_{secrets_};
  TenantId other_{"smiths"};
  int sessions_ = 0;
  mutable std::uint64_t asked_ = 0;
};

/// The path with things that are there, or with some that are not.
std::string filled(std::string path, bool there) {
  const std::map<std::string, std::string> parts{{"{site}", there ? "home" : "nowhere"}, {"{device}", "plug-9"}, {"{rule}", "none"}, {"{command}", "c-none"}, {"{position}", "1"}, {"{token}", std::string(43, 'A')},
                                                 {"{user}", "nobody-of-that-name"}, {"{key}", "none"}, {"{session}", "none"}, {"{name}", there ? "plug-1" : "nothing"}, {"{id}", "none"}, {"{what}", "none"}};
  for (const auto& [name, value] : parts)
    if (const auto at = path.find(name); at != std::string::npos) path.replace(at, name.size(), value);
  if (path.ends_with("/series")) path += "?device=plug-1&metric=power_w";
  if (path == "/api/v1/stream") path += "?after=0";
  return path;
}

bool let_in(const test::Reply& reply) {
  if (reply.status == 401) return reply.body.find("/problems/not-logged-in") == std::string::npos && reply.body.find("/problems/step-up") == std::string::npos;
  return reply.status != 403 || (reply.body.find("/problems/forbidden") == std::string::npos && reply.body.find("/problems/foreign-origin") == std::string::npos);
}

}  // namespace

TEST_CASE("authz: the matrix names every route of the table with its permission, and no other") {
  SystemClock clock;
  auto store = open_memory_store();
  auto engine = Engine::start(*store, clock, {});
  REQUIRE(engine);
  api::Service service{**engine, "test", "none"};
  std::set<std::string> table, matrix;
  auto routes = api::all_routes(service);
  for (http::Route& route : api::stream_routes(service, std::make_shared<api::Gateway>(store->log()))) routes.push_back(std::move(route));
  for (const http::Route& route : routes)
    if (!route.operation_id.starts_with("page:"))
      table.insert(route.operation_id + " " + std::string(name(route.method)) + " " + route.path + " " + route.needs + (route.fresh ? " fresh" : ""));
  table.insert("openapi GET /openapi.json everybody");
  for (const Row& row : read_matrix()) matrix.insert(row.operation + " " + row.method + " " + row.path + " " + row.needs + (row.fresh ? " fresh" : ""));
  CHECK(table == matrix);
  for (const http::Route& route : routes)
    if (route.operation_id.starts_with("page:")) CHECK(route.needs == http::everybody);
  CHECK((*engine)->stop());
}

TEST_CASE("authz: every route answers every kind of caller as the matrix says") {
  House house;
  const auto rows = read_matrix();
  REQUIRE(rows.size() > 60);
  std::size_t cells = 0;
  for (const Row& row : rows)
    for (const auto& [caller, expected] : row.cells)
      for (const bool stepped_up : {true, false}) {
        if (!stepped_up && (!row.fresh || caller == "nobody" || caller == "key")) continue;
        const auto reply = house.ask(row.method, filled(row.path, true), house.credentials(caller, stepped_up));
        INFO(row.method << " " << row.path << " as " << caller << (stepped_up ? "" : " without a fresh proof") << ": " << reply.status << " " << reply.body.substr(0, 300));
        ++cells;
        if (expected == "in" && stepped_up) CHECK(let_in(reply));
        else if (expected == "in") CHECK((reply.status == 401 && reply.body.find("/problems/step-up") != std::string::npos));
        else CHECK(reply.status == std::stoi(expected));
        CHECK((reply.status < 500 || (reply.status == 501 && reply.body.find("/problems/not-built-yet") != std::string::npos)));
      }
  std::printf("authz: %zu cells, %llu requests\n", cells, static_cast<unsigned long long>(house.asked()));
  CHECK(cells >= 600);
}

TEST_CASE("authz: verbs that a path does not have are refused, whoever asks") {
  House house;
  std::map<std::string, std::set<std::string>> methods;
  for (const Row& row : read_matrix()) methods[row.path].insert(row.method);
  std::size_t cells = 0;
  for (const auto& [path, known] : methods)
    for (const char* verb : {"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"}) {
      if (known.contains(verb)) continue;
      const auto reply = house.ask(verb, filled(path, true), house.credentials("owner", true));
      INFO(verb << " " << path << " " << reply.status);
      CHECK((reply.status == 405 || reply.status == 400 || reply.status == 501));
      ++cells;
      // The header means nothing.
      CHECK(house.ask("GET", filled(path, true), {{"X-HTTP-Method-Override", verb}}).status == house.ask("GET", filled(path, true), {}).status);
    }
  CHECK(cells > 200);
}

TEST_CASE("authz: nothing of another tenant is in any answer, stream or error, what is theirs is not there in the same words") {
  House house;
  const std::string theirs = "marker-local", ours = "marker-smiths";
  std::size_t answers = 0, own = 0;
  for (const Row& row : read_matrix()) {
    if (row.cells.at("other_owner") != "in") continue;
    for (const bool there : {true, false}) {
      const auto reply = house.ask(row.method, filled(row.path, there), house.credentials("other_owner", true));
      std::string headers;
      for (const auto& [key, value] : reply.headers) headers += key + ": " + value + "\n";
      INFO(row.method << " " << row.path << " " << reply.body.substr(0, 400));
      CHECK((reply.body + headers).find(theirs) == std::string::npos);
      ++answers;
      if (reply.body.find(ours) != std::string::npos) ++own;
    }
  }
  CHECK(answers >= 100);
  CHECK(own >= 8);  // the markers are where they can be found
  const Headers smith = house.credentials("other_owner", true);
  const Position last = house.engine().store().log().durable();
  std::size_t hidden = 0;
  for (Position p = 1; p <= last; ++p) {
    const auto reply = house.ask("GET", "/api/v1/positions/" + std::to_string(p), smith);
    CHECK(reply.body.find(theirs) == std::string::npos);
    if (reply.status != 404) continue;
    ++hidden;
    const auto never = house.ask("GET", "/api/v1/positions/" + std::to_string(last + 100'000 + p), smith);
    CHECK(never.status == 404);
  }
  CHECK(hidden > 5);
}
