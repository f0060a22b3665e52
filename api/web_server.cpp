#include "api/web_server.hpp"

#include <algorithm>
#include <cctype>

#include "actors/log_search.hpp"
#include "api/door.hpp"
#include "api/gateway.hpp"
#include "api/http/file.hpp"
#include "api/metrics.hpp"
#include "api/rate_limits.hpp"
#include "api/request_log.hpp"
#include "api/self_readings.hpp"
#include "api/spent_budgets.hpp"
#include "api/translate.hpp"
#include "api/usage.hpp"
#include "api/version_figures.hpp"

namespace heliograph::api {

struct WebServer::Parts {
  explicit Parts(Service with) : service(std::move(with)) {}
  Service service;
  std::shared_ptr<Gateway> gateway;
  std::shared_ptr<http::Router> router;
  http::Server server;
  std::unique_ptr<http::SseHub> hub;
  std::unique_ptr<SpentBudgets> spent;
};

namespace {

/// People come by the public name, too: "https://hub.example" -> "hub.example".
std::vector<std::string> host_of(const std::string& base_url) {
  const auto begin = base_url.find("://");
  if (begin == std::string::npos) return {};
  std::string host = base_url.substr(begin + 3);
  host = host.substr(0, host.find('/'));
  if (const auto port = host.rfind(':'); port != std::string::npos && host.find(']', port) == std::string::npos) host.resize(port);
  std::transform(host.begin(), host.end(), host.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return {host};
}

Digest random_key() {
  Digest key{};
  const std::string bytes = people::random_bytes(key.size());
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

}  // namespace

std::string openapi(const std::vector<http::Route>& routes, const std::string& version) {
  http::ApiInfo info{"Heliograph", version, "Energy command center: readings in, decisions that can be questioned out."};
  info.licence = "MIT";
  info.contact = "Heliograph contributors";
  info.tags = {
      {"system", "The process itself: alive, ready, its figures, its own description."},
      {"sites", "What there is: sites and their settings."},
      {"devices", "The devices of a site, and what each can be told."},
      {"telemetry", "Readings in, and what was measured out."},
      {"commands", "What people and programs ask devices to do; one gate decides."},
      {"dry runs", "What rules would have done with what was recorded."},
      {"rules", "Documents that ask by themselves."},
      {"preferences", "What the people of a site want the rules and the gate to heed."},
      {"safety", "The emergency stop, and the clock."},
      {"alerts", "What needs to be looked at."},
      {"audit", "The log: every event, and why it came about."},
      {"stream", "The log as it grows."},
      {"aliases", "Paths that older clients know (docs/API.md)."},
      {"people", "Logins, sessions, second factors, keys, users, tenants."},
  };
  for (const Permission each : may_of_keys().list()) info.of_keys.emplace_back(name(each));
  info.cookie = Door::access_cookie(false);
  return http::openapi_document(routes, schemas(), info);
}

WebServer::WebServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
WebServer::~WebServer() { stop(); }

Result<std::unique_ptr<WebServer>> WebServer::start(Engine& engine, const std::string& listen, Service service) {
  auto parts = std::make_unique<Parts>(std::move(service));
  Service& s = parts->service;
  s.metrics = std::make_shared<Metrics>();
  s.requests = std::make_shared<http::RequestStats>();
  s.usage = std::make_shared<UsageBook>();
  s.versions = std::make_shared<VersionBook>();
  s.door = std::make_shared<Door>(engine, s.people_key ? *s.people_key : random_key(), DoorOptions{s.read_only, s.config.behind_proxy, s.config.trusted_proxies, s.config.public_metrics});
  s.limits = std::make_shared<RateLimits>(budgets(s.config.requests_per_minute), [&engine] { return engine.clock().monotonic(); });
  if (!s.budget_file.empty()) parts->spent = std::make_unique<SpentBudgets>(s.budget_file, *s.limits, engine.clock());
  parts->gateway = std::make_shared<Gateway>(engine.store().log());
  auto routes = all_routes(s);
  for (http::Route& route : stream_routes(s, parts->gateway)) routes.push_back(std::move(route));
  auto described = std::make_shared<std::unique_ptr<const http::File>>();  // it describes its own row, too
  routes.push_back({.path = "/openapi.json", .operation_id = "openapi", .summary = "This description", .tag = "system", .needs = std::string(http::everybody),
                    .replies = {{200, "OpenAPI 3.1", "{\"type\":\"object\",\"required\":[\"openapi\",\"paths\"]}"}}, .file = true,
                    .handler = [described](http::Request&& request, http::Responder responder) { responder.send((*described)->answer(request)); }});
  *described = std::make_unique<const http::File>("application/json", openapi(routes, s.version));
  Door::check(routes);
  parts->router = std::make_shared<http::Router>(
      std::move(routes), http::RouterOptions{.read_only = s.read_only,
                                             .cors_origins = s.config.cors_origins,
                                             .admit = [door = s.door](const http::Route& route, http::Request& request) { return door->admit(route, request); },
                                             .knows = [door = s.door](const http::Request& head) { return door->who_asks(head) != nullptr; },
                                             .meter = [limits = s.limits](const http::Route& route, const http::Request& request, const http::Responder& responder) { return limits->meter(route, request, responder); },
                                             .stats = s.requests});

  http::ServerOptions options;
  if (s.config.tls) options.tls = http::TlsOptions{s.config.tls->certificate, s.config.tls->key};
  options.threads = 2;
  options.limits.connections = s.config.connections;
  options.limits.per_address = 100;
  options.seat_of = [door = s.door](const std::string& address) { return door->is_crowd(address) ? "" : network_of(address); };
  options.stats = s.requests;
  options.answered = [usage = s.usage, &clock = engine.clock()](const http::Exchange& exchange) {
    log_request(exchange);
    if (!exchange.who().empty()) usage->requested(exchange.who(), clock.now());
  };
  options.allowed_hosts = s.config.allowed_hosts;
  for (const std::string& url : {s.config.public_url, s.notifier == nullptr ? std::string() : s.notifier->options().base_url})
    for (std::string& host : host_of(url)) options.allowed_hosts.push_back(std::move(host));
  options.urgent = [router = parts->router](const http::Request& request) { return router->is_urgent(request); };
  options.body_rule = [router = parts->router](const http::Request& head) { return router->body_rule(head); };
  const EventLog& log = engine.store().log();
  const Position live = log.durable();
  auto past = log.scan(first_after(log, engine.clock().now() - UsageBook::kept_for), live, Part::decisions, [&s](const RecordPtr& record) {
    s.usage->apply(*record);
    s.versions->apply(*record);
    return true;
  });
  if (!past) return fail(past.error());
  options.opening = [&parts = *parts, live](const std::shared_ptr<http::Loop>& loop) {
    parts.hub = std::make_unique<http::SseHub>(loop, live, [gateway = parts.gateway](const http::CatchUpRequest& request) { return gateway->page(request); },
                                                  http::SseOptions{.subscribers = parts.service.config.connections});
    parts.service.server = &parts.server;
    parts.service.hub = parts.hub.get();
  };
  if (auto done = parts->server.start(listen, http::handler_of(parts->router), options); !done) return fail(done.error());
  engine.follow(live, [gateway = parts->gateway, metrics = s.metrics, usage = s.usage, versions = s.versions, hub = parts->hub.get(), door = s.door](const News& news) {
    metrics->count(news);
    for (const RecordPtr& record : news.records) {
      usage->apply(*record);
      versions->apply(*record);
    }
    const auto is_about_people = [](const RecordPtr& record) { return !record->is_readings() && record->envelope.site.site.empty(); };
    door->look_at_streams(news.read_the_log || std::any_of(news.records.begin(), news.records.end(), is_about_people));
    // Without subscribers nothing is rendered: the hub only has to know how far the log is.
    if (hub->skip(news.durable)) return;
    if (news.read_the_log) return hub->missed(news.durable);  // too much to render for all: each goes on in the log
    std::vector<http::SseFrame> frames;
    for (const RecordPtr& record : news.records) frames.push_back(gateway->frame(*record));
    hub->publish(std::move(frames), news.durable);
  });
  engine.listen(engine_site(), std::make_shared<SelfReadings>(engine, s.metrics, parts->server.certificate_watch()));
  return std::unique_ptr<WebServer>(new WebServer(std::move(parts)));
}

Status WebServer::reload_certificate() { return parts_->server.reload_certificate(); }

const std::string& WebServer::setup_code() const { return parts_->service.door->setup_code(); }

std::uint16_t WebServer::port() const { return parts_->server.port(); }

void WebServer::stop() {
  if (!parts_) return;
  parts_->hub->stop();
  parts_->server.stop();
  parts_->spent.reset();
  parts_->service.door->stop();
  parts_->service.dry_runs->over = true;
  std::atomic<int>& running = parts_->service.dry_runs->under_way;
  for (int n = running; n > 0; n = running) running.wait(n);
}

}  // namespace heliograph::api
