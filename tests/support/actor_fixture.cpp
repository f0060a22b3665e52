#include "tests/support/actor_fixture.hpp"

#include <algorithm>
#include <stdexcept>

#include "actors/clock_actor.hpp"
#include "actors/log_writer.hpp"
#include "actors/projector_actor.hpp"

namespace heliograph::testing {

Status WatchedLog::write_group(const std::vector<Write>& group, const Heads& after) {
  ++writes;
  if (fails && fails()) return fail(Errc::io, "The test's disk failed.");
  return MemoryLog::write_group(group, after);
}

std::vector<RecordPtr> TestStore::records(const SiteKey& site) const {
  std::vector<RecordPtr> out;
  static_cast<void>(log_->MemoryLog::scan(1, log_->durable(), Part::all, [&](const RecordPtr& record) {
    if (record->envelope.site == site) out.push_back(record);
    return true;
  }));
  return out;
}

std::unique_ptr<Store> open_on_disk(const std::string& directory) {
  StoreOptions options;
  options.create = true;
  options.reserve_bytes = 1 << 16;
  options.free_bytes_min = 1 << 16;
  auto store = open_store(directory, options);
  if (!store) throw std::runtime_error(store.error().sentence);
  return std::move(*store);
}

void WitnessPort::send(const CommandDispatched& command, Answer answer) {
  Send send{command, log_.durable(), false};
  static_cast<void>(log_.scan(1, send.durable, Part::decisions, [&](const RecordPtr& record) {
    const auto* event = std::get_if<CommandDispatched>(&record->event());
    send.on_record = event != nullptr && *event == command;
    return !send.on_record;
  }));
  sends.push_back(send);
  if (seen_) seen_(send);
  switch (way) {
    case Way::accept: return answer({command.command, DeviceAnswer::Kind::accepted, {}});
    case Way::refuse: return answer({command.command, DeviceAnswer::Kind::device_error, "the device refused"});
    case Way::silent: return;
    case Way::late: return late.emplace_back(command.command, std::move(answer)), void();
    case Way::crash:
      way = Way::accept;
      throw std::runtime_error("the adapter has a bug");
  }
}

World::Config::Config() {
  add_message_types<caf::id_block::heliograph>();
  set("scheduler.policy", caf::atom("testing"));
}

namespace {

Micros newest_of(TestStore& store) {
  auto last = store.log().at(store.log().durable());
  return last ? (*last)->envelope.recorded_at : 0;
}

}  // namespace

World::World(TestStore& in, ManualClock& time, HostLimits limits, bool safe_mode)
    : system(config_),
      scheduler(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())),
      store(in),
      clock(time),
      steady(time, newest_of(store)),
      views(std::make_unique<Views>(store.views(), store.log())),
      committer(store.log(), steady, stats, [this](const Error& error) { fatal.push_back(error); }) {
  ensure(views->load() && views->catch_up(store.log().durable()), "the views load", "World");
  auto sites = recover_sites(store.log(), store.views());
  ensure(sites.has_value(), "the sites recover", "World");
  const auto note = [this](const Error& error) { fatal.push_back(error); };
  writer = spawn_log_writer(system, store.log(), committer);
  alarms = spawn_clock(system, steady, directory);
  projector = spawn_projector(system, *views, writer, note, ProjectorThread::shared);
  auto known = recover_people(store.log(), store.views());
  ensure(known.has_value(), "people recover", "World");
  book.emplace(std::move(known->people));
  people = spawn_people(system, known->covered, {store.log(), store.views(), steady, writer, *book, note});
  supervisor = spawn_supervisor(system, {store, steady, directory, committer, writer, alarms, projector, people, note, std::move(limits), {}, safe_mode, clock_doubt(clock.now(), newest_of(store))}, std::move(*sites));
  run();
}

World::~World() {
  for (const FollowerActor& follower : followers) caf::anon_send_exit(follower, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
  run();
  caf::anon_send_exit(people, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(projector, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(alarms, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
  run();
  scheduler.clock().cancel_all();
}

OutcomePtr World::request(SiteCommand command, const SiteKey& key) {
  auto outcome = std::make_shared<Outcome>();
  outcomes.push_back(outcome);
  bring(directory, supervisor, key, std::move(command), [outcome](Result<SiteReply> result) {
    ++outcome->delivered;
    outcome->result = std::move(result);
  });
  return outcome;
}

OutcomePtr World::ask(SiteCommand command, const SiteKey& key) {
  OutcomePtr outcome = request(std::move(command), key);
  run();
  return outcome;
}

void World::drive(const std::string& device, PortPtr port, const SiteKey& key) {
  caf::anon_send(supervisor, adopt_atom_v, key, device, std::move(port));
  run();
}

void World::query(std::function<void(const Views&)> query) {
  caf::anon_send(projector, std::make_shared<const Query>(std::move(query)), store.log().durable());
}

FollowerActor World::follow(std::function<void(const News&)> told) {
  followers.push_back(spawn_follower(system, store.log(), writer, store.log().durable(), std::move(told), [this](const Error& error) { fatal.push_back(error); }));
  run();
  return followers.back();
}

void World::run() {
  while (scheduler.has_job()) scheduler.run_once();
}

void World::run_without(const caf::abstract_actor* held) {
  const auto* job = dynamic_cast<const caf::resumable*>(held);
  std::optional<Committer::Hold> hold;
  if (held == raw(writer)) hold.emplace(committer);  // nor may a site commit itself
  scheduler.run_jobs_filtered([job](const caf::resumable* each) { return each != job; });
}

void World::trigger_timer() {
  const auto before = scheduler.clock().current_time;
  scheduler.trigger_timeout();
  clock.advance(std::chrono::duration_cast<std::chrono::microseconds>(scheduler.clock().current_time - before).count());
}

bool World::step(std::mt19937_64& random) {
  auto& jobs = scheduler.jobs;
  const bool timer = !scheduler.clock().schedule().empty() && random() % 8 == 0;
  if (jobs.empty() && !timer) return false;
  if (timer) {
    trigger_timer();
    return true;
  }
  std::rotate(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(random() % jobs.size()), jobs.end());
  scheduler.run_once();
  return true;
}

void World::pass(Micros by) {
  auto& time = scheduler.clock();
  const auto target = time.current_time + std::chrono::microseconds(by);
  run();
  while (!time.schedule().empty() && time.schedule().begin()->first <= target) {
    trigger_timer();
    run();
  }
  clock.advance(std::chrono::duration_cast<std::chrono::microseconds>(target - time.current_time).count());
  time.current_time = target;
}

void World::pass_without_running(Micros by) {
  auto& time = scheduler.clock();
  const auto target = time.current_time + std::chrono::microseconds(by);
  while (!time.schedule().empty() && time.schedule().begin()->first <= target) trigger_timer();
  clock.advance(std::chrono::duration_cast<std::chrono::microseconds>(target - time.current_time).count());
  time.current_time = target;
}

bool World::save_all() {
  bool saved = false;
  caf::scoped_actor self(system);
  auto waiting = self->request(supervisor, caf::infinite, save_atom_v);
  run();
  waiting.receive([&](Position) { saved = true; }, [](const caf::error&) {});
  return saved;
}

void World::kill(const SiteKey& key) {
  if (const SiteActor actor = directory.find(key)) caf::anon_send_exit(actor, caf::exit_reason::kill);
}

TakeReadings readings(std::vector<Value> row, Micros at, std::string key) {
  ReadingBuilder builder;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i == 0 || row[i].device != row[i - 1].device) builder.row(row[i].device, at);
    builder.set(row[i].metric, row[i].value);
  }
  auto batch = std::make_shared<const ReadingBatch>(builder.take());
  PackedReadings packed = pack_readings(*batch);
  return {std::move(batch), std::move(packed), {PrincipalKind::apikey, "collector"}, std::move(key), {}};
}

Ask ask_for(const std::string& device, Action action, Principal who, std::string key, std::uint8_t fingerprint) {
  Ask ask{{{device}, action, 0, std::move(who)}, "a test asks", {}, std::move(key), {}};
  ask.fingerprint[0] = fingerprint;
  return ask;
}

void furnish(World& world, const SiteKey& site) {
  SiteConfigured settings;
  settings.name = site.site.text;
  world.ask(Configure{settings, anna}, site);
  world.ask(RegisterDevice{battery("battery"), anna}, site);
  world.ask(RegisterDevice{plug("miner-1"), anna}, site);
  world.ask(readings({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 0}}, world.clock.now()), site);
}

std::size_t most_in_flight(const std::vector<RecordPtr>& records, const std::string& device) {
  std::size_t most = 0;
  std::vector<CommandId> open;
  const auto end = [&](const CommandId& id) { std::erase(open, id); };
  for (const RecordPtr& record : records) {
    if (record->is_readings()) continue;
    if (const auto* e = std::get_if<CommandDispatched>(&record->event()); e != nullptr && e->device.text == device && e->retry == 0)
      open.push_back(e->command);
    if (const auto* e = std::get_if<CommandVerified>(&record->event())) end(e->command);
    if (const auto* e = std::get_if<CommandFailed>(&record->event())) end(e->command);
    most = std::max(most, open.size());
  }
  return most;
}

}  // namespace heliograph::testing
