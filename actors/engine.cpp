#include "actors/engine.hpp"

#include <caf/all.hpp>
#include <future>
#include <thread>

#include "actors/clock_actor.hpp"
#include "actors/log_writer.hpp"
#include "actors/people_actor.hpp"
#include "actors/projector_actor.hpp"
#include "actors/retention.hpp"
#include "actors/safe_mode.hpp"
#include "actors/supervisor.hpp"

namespace heliograph {
namespace {

struct Config : caf::actor_system_config {
  explicit Config(std::size_t threads) {
    add_message_types<caf::id_block::heliograph>();
    set("scheduler.max-threads", threads);
    // Idle threads sleep until there is work. Work stealing lets them look for it every 50 us to 10 ms: that burns a
    // fifth of a busy core, and a lone reading waits for the next look.
    set("scheduler.policy", caf::atom("sharing"));
  }
};

}  // namespace

/// Declared in the order of need: handles go before the system that they live in.
struct Engine::Running {
  Running(std::size_t threads, EventLog& log, const Clock& clock, WriterStats& stats, Fatal tell)
      : fatal(std::move(tell)), committer(log, clock, stats, fatal), config(threads), system(config) {}
  Fatal fatal;
  Committer committer;
  Config config;
  caf::actor_system system;
  SiteDirectory directory;
  LogWriterActor writer;
  ClockActor alarms;
  ProjectorActor projector;
  PeopleActor people;
  SupervisorActor supervisor;
  std::vector<FollowerActor> followers;
};

Engine::Engine(Store& store, const Clock& wall, EngineOptions options)
    : store_(store), wall_(wall), options_(std::move(options)), views_(std::make_unique<Views>(store.views(), store.log())) {
  views_->plans(store.log());
}

Engine::~Engine() { static_cast<void>(stop()); }

Result<std::unique_ptr<Engine>> Engine::start(Store& store, const Clock& wall, EngineOptions options) {
  std::unique_ptr<Engine> engine(new Engine(store, wall, std::move(options)));
  if (auto done = engine->views_->load(); !done) return fail(done.error());
  if (auto done = engine->views_->catch_up(store.log().durable(), engine->options_.catching_up, std::thread::hardware_concurrency()); !done) return fail(done.error());
  if (auto done = engine->look_back(); !done) return fail(done.error());
  auto sites = recover_sites(store.log(), store.views());
  if (!sites) return fail(sites.error());
  auto people = recover_people(store.log(), store.views());
  if (!people) return fail(people.error());
  engine->people_ = std::make_unique<PeopleBook>(std::move(people->people));
  const SiteKey self = engine_site();
  sites->try_emplace(self, RecoveredSite{Site(self), 0});

  auto fatal = [called = std::make_shared<std::atomic<bool>>(false), tell = engine->options_.fatal](const Error& error) {
    if (!called->exchange(true) && tell) tell(error);
  };
  engine->running_ = std::make_unique<Running>(engine->options_.threads, store.log(), *engine->clock_, engine->stats_, fatal);
  Running& r = *engine->running_;
  std::vector<SiteKey> may_act;
  for (const auto& [site, recovered] : *sites)
    if (site != self && !recovered.site.stopped()) may_act.push_back(site);
  engine->take_over_stops(may_act);
  r.writer = spawn_log_writer(r.system, store.log(), r.committer);
  r.alarms = spawn_clock(r.system, *engine->clock_, r.directory);
  r.projector = spawn_projector(r.system, *engine->views_, r.writer, fatal);
  r.people = spawn_people(r.system, people->covered, {store.log(), store.views(), *engine->clock_, r.writer, *engine->people_, fatal});
  r.supervisor = spawn_supervisor(r.system, {store, *engine->clock_, r.directory, r.committer, r.writer, r.alarms, r.projector, r.people, fatal, engine->options_.limits, engine->options_.limits_of, engine->safe_mode_, engine->clock_doubt_, &engine->house_stats_, engine->people_.get()},
                                std::move(*sites));

  if (auto said = engine->say(EngineStarted{engine->options_.version, engine->options_.commit, engine->clean_, engine->safe_mode_}); !said)
    return fail(said.error());
  for (const SiteKey& site : engine->mark_ ? engine->mark_->left() : std::vector<SiteKey>()) {
    const auto stopped = engine->request_and_wait(site, EngageStop{{}, "The house was stopped, and ended before that was on record."});
    if (stopped) engine->mark_->settle(site);  // else it is stopped in memory, and the file stays
  }
  engine->retention_ = std::make_unique<Retention>(*engine, engine->options_.between_looks);
  return engine;
}

/// Before any site wakes.
void Engine::take_over_stops(const std::vector<SiteKey>& sites) {
  if (options_.stop_mark.empty()) return;
  mark_ = std::make_unique<StopMark>(options_.stop_mark, sites);
  for (const SiteKey& site : mark_->left()) running_->directory.stop_flag(site)->engage();
}

/// What the last starts say about this one.
Status Engine::look_back() {
  const EventLog& log = store_.log();
  auto starts = audit_page(views_->audit, store_.views(), log, engine_site(), {.limit = 2 * unclean_exits_max, .type = "engine.started"});
  if (!starts) return fail(starts.error());
  Micros at = wall_.now();
  if (!starts->empty()) at = std::max(at, starts->front()->envelope.recorded_at);  // a clock that was reset hides nothing
  clean_ = store_.was_clean() || log.durable() == 0;
  safe_mode_ = needs_safe_mode(*starts, clean_, at);
  Micros newest = 0;
  if (log.durable() != 0) {
    auto last = log.at(log.durable());
    if (!last) return fail(last.error());
    newest = (*last)->envelope.recorded_at;
  }
  clock_doubt_ = clock_doubt(wall_.now(), newest);
  clock_.emplace(wall_, newest);
  return {};
}

Status Engine::say(Event fact) {
  const SiteKey self = engine_site();
  const std::string stream = "site-" + self.site.text;
  auto said = request_and_wait(self, RecordFact{stream, std::move(fact), {}, {}});
  if (!said) return fail(said.error());
  if (!options_.key) return {};
  auto seal = store_.log().seal_at(said->last);
  if (!seal) return fail(seal.error());
  const std::string bytes(bytes_of(*seal));
  const CheckpointSigned checkpoint{said->last, bytes, options_.key->key_id(),
                                    options_.key->sign(checkpoint_text("heliograph/" + options_.key->key_id(), said->last, bytes))};
  auto signed_at = request_and_wait(self, RecordFact{stream, checkpoint, {}, {}});
  return signed_at ? Status{} : fail(signed_at.error());
}

void Engine::request(const SiteKey& site, SiteCommand command, Reply reply, std::string trace) {
  if (!running_) return reply(fail(Errc::closed, "The engine is stopping: ask again when it has started."));
  bring(running_->directory, running_->supervisor, site, std::move(command), std::move(reply), std::move(trace));
}

void Engine::stop_in_memory(const Meant& meant, std::vector<SiteKey>& stopped, std::vector<SiteKey>& sending) {
  if (!running_) return;
  SiteDirectory& directory = running_->directory;
  stopped = directory.stop(meant);
  auto patience = std::chrono::milliseconds(200);  // for all adapters together; sending takes microseconds
  for (const SiteKey& site : stopped) {
    if (directory.known_flag(site)->settled_within(patience)) continue;
    sending.push_back(site);
    patience = std::chrono::milliseconds(0);
  }
}

Result<SiteReply> Engine::request_and_wait(const SiteKey& site, SiteCommand command) {
  auto promise = std::make_shared<std::promise<Result<SiteReply>>>();
  auto future = promise->get_future();
  request(site, std::move(command), [promise](Result<SiteReply> result) { promise->set_value(std::move(result)); });
  return future.get();
}

void Engine::request_people(const TenantId& tenant, std::function<Status(People&, Micros, Journal&)> decide, Reply reply, Reserve reserve, std::string trace) {
  if (!running_) return reply(fail(Errc::closed, "The engine is stopping: ask again when it has started."));
  caf::anon_send(running_->people, std::make_shared<PeopleRequest>(PeopleRequest{tenant, std::move(decide), std::move(reply), reserve, std::move(trace)}));
}

void Engine::query(Query query) {
  if (running_) caf::anon_send(running_->projector, std::make_shared<const Query>(std::move(query)), store_.log().durable());
}

void Engine::query_and_wait(const Query& query) {
  auto answered = std::make_shared<std::promise<void>>();
  auto future = answered->get_future();
  this->query([&query, answered = std::move(answered)](const Views& views) {
    query(views);
    answered->set_value();
  });
  future.wait();  // also ends when the views are gone and the question with them
}

void Engine::follow(Position after, std::function<void(const News&)> told) {
  running_->followers.push_back(spawn_follower(running_->system, store_.log(), running_->writer, after, std::move(told), running_->fatal));
}

void Engine::drive(const SiteKey& site, const DeviceId& device, PortPtr port) {
  caf::anon_send(running_->supervisor, adopt_atom_v, site, device.text, std::move(port));
}

void Engine::listen(const SiteKey& site, SourcePtr source) {
  if (!options_.polling && site != engine_site()) return;
  caf::anon_send(running_->supervisor, adopt_atom_v, site, std::move(source));
}

Status Engine::stop() {
  if (!running_) return {};
  retention_.reset();
  Status status;
  if (auto said = say(EngineStopped{}); !said) status = said;
  {
    caf::scoped_actor self(running_->system);
    self->request(running_->supervisor, std::chrono::seconds(30), save_atom_v)
        .receive([](Position) {}, [&](const caf::error& error) {
          status = fail(Errc::io, "The views could not be saved (" + running_->system.render(error) + "): the next start will fold them again.");
        });
    for (const FollowerActor& follower : running_->followers) self->send_exit(follower, caf::exit_reason::user_shutdown);
    self->send_exit(running_->supervisor, caf::exit_reason::user_shutdown);
    self->wait_for(running_->supervisor);
    self->send_exit(running_->people, caf::exit_reason::user_shutdown);
    self->wait_for(running_->people);  // it writes into the book, which goes with the engine
    self->send_exit(running_->projector, caf::exit_reason::user_shutdown);
    self->send_exit(running_->alarms, caf::exit_reason::user_shutdown);
    self->wait_for(running_->alarms);  // it looks into the directory, which goes before the system
    self->send_exit(running_->writer, caf::exit_reason::user_shutdown);
  }
  running_.reset();
  return status;
}

}  // namespace heliograph
