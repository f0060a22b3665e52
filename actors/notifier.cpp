#include "actors/notifier.hpp"

#include <algorithm>

#include "actors/log_search.hpp"
#include "actors/notify/channel.hpp"
#include "actors/process_log.hpp"

namespace heliograph {
namespace {

constexpr auto look_again = std::chrono::seconds(1);  // wall time may be stepped; a late notice is no harm

std::vector<notify::Route> host_routes(const notify::NotifyOptions& options) {
  using notify::ChannelKind;
  std::vector<notify::Route> out;
  if (options.mail)
    for (const auto& to : options.mail->to) out.push_back({ChannelKind::mail, "mail/" + to.id, to.address});
  if (options.twilio)
    for (const auto& to : options.twilio->to) out.push_back({ChannelKind::sms, "sms/" + to.id, to.number});
  for (const auto& each : options.slack) out.push_back({ChannelKind::slack, "slack/" + each.id, {}});
  for (const auto& each : options.pagerduty) out.push_back({ChannelKind::pagerduty, "pagerduty/" + each.id, {}});
  for (const auto& each : options.webhooks) out.push_back({ChannelKind::webhook, "webhook/" + each.id, {}});
  return out;
}

PutQuestion put(const notify::Asked& asked, std::string contact) { return {asked.question, std::move(contact), asked.open}; }

}  // namespace

Result<std::unique_ptr<Notifier>> Notifier::start(Engine& engine, NotifierOptions options) {
  auto channels = notify::make_channels(options.channels);
  if (!channels) return fail(channels.error());
  std::unique_ptr<Notifier> notifier(new Notifier(engine, std::move(options), std::move(*channels)));
  const auto past = notifier->fold_the_past();
  if (!past) return fail(past.error());
  engine.follow(*past, [n = notifier.get()](const News& news) { n->told(news); });
  for (std::size_t i = 0; i < notifier->options_.threads; ++i) notifier->threads_.emplace_back([n = notifier.get()] { n->work(); });
  return notifier;
}

Notifier::Notifier(Engine& engine, NotifierOptions options, std::vector<std::unique_ptr<notify::Channel>> host)
    : engine_(engine), options_(std::move(options)),
      outbox_(notify::ApprovalProof(options_.key), options_.channels.base_url, host_routes(options_.channels)) {
  for (auto& each : host) {
    std::string name(each->name());
    channels_[std::move(name)] = std::move(each);
  }
  for (const notify::Route& route : host_routes(options_.channels)) states_[route.kind];
}

Notifier::~Notifier() { stop(); }

void Notifier::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

/// A day of decisions: nothing older is told any more.
Result<Position> Notifier::fold_the_past() {
  EventLog& log = engine_.store().log();
  const Position durable = log.durable(), from = first_after(log, engine_.clock().now() - notify::Outbox::kept);
  engine_.query_and_wait([this](const Views& views) {
    for (const SiteKey& site : views.devices.sites()) {
      if (const SiteConfigured* settings = views.devices.site(site)) outbox_.know(site, *settings);
      if (const RecordPtr wishes = views.devices.preferences(site)) outbox_.know(site, std::get<PreferencesSet>(wishes->event()));
    }
  });
  auto done = log.scan(from, durable, Part::decisions, [this](const RecordPtr& record) { return outbox_.apply(*record), true; });
  outbox_.caught_up();
  return done ? Result<Position>(durable) : fail(done.error());
}

void Notifier::told(const News& news) {
  {
    const std::lock_guard lock(mutex_);
    for (const RecordPtr& record : news.records) outbox_.apply(*record);
  }
  changed_.notify_all();
}

notify::Channel* Notifier::channel(const notify::Route& route) {
  auto& known = channels_[route.name];
  if (known) return known.get();
  // Somebody whom a site's preferences name: the host's server, another address.
  notify::NotifyOptions only = options_.channels;
  only.slack.clear(), only.pagerduty.clear(), only.webhooks.clear();
  const std::string id = route.name.substr(route.name.find('/') + 1);
  if (route.kind == notify::ChannelKind::mail && only.mail) only.mail->to = {{id, {}, route.address}}, only.twilio.reset();
  else if (route.kind == notify::ChannelKind::sms && only.twilio) only.twilio->to = {{id, route.address}}, only.mail.reset();
  else return nullptr;
  if (auto made = notify::make_channels(only); made && made->size() == 1) known = std::move(made->front());
  return known.get();
}

void Notifier::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    for (notify::Due& due : outbox_.take_due(engine_.clock().now())) ready_.push_back(std::move(due));
    const auto next = std::find_if(ready_.begin(), ready_.end(), [this](const notify::Due& due) { return !busy_.contains(due.route.name); });
    if (next == ready_.end()) {
      changed_.wait_for(lock, look_again);
      continue;
    }
    const notify::Due due = std::move(*next);
    ready_.erase(next);
    notify::Channel* const way = channel(due.route);
    busy_.insert(due.route.name);
    lock.unlock();
    notify::Delivery delivery{notify::Delivery::Outcome::disabled, "No server for this is configured (docs/NOTIFICATIONS.md).", {}, {}};
    if (way != nullptr) {
      delivery = way->deliver(due.notice, {due.number, engine_.clock().now()});
      ++tries_;
    }
    lock.lock();
    note(due.route, delivery);
    busy_.erase(due.route.name);
    settle(due, delivery);
    changed_.notify_all();
  }
}

/// Requires: mutex_ held.
void Notifier::note(const notify::Route& route, const notify::Delivery& delivery) {
  const bool delivered = delivery.outcome == notify::Delivery::Outcome::delivered;
  ChannelState& state = states_[route.kind];
  ++(delivered ? state.delivered : state.failed);
  state.last_at = engine_.clock().now();
  state.last_error = delivered ? std::string() : delivery.detail;
  if (!delivered) process_log::write(process_log::Level::warn, "notifier", "A notice was not delivered.", {{"channel", notify::name(route.kind)}, {"why", delivery.detail}});
}

std::vector<ChannelState> Notifier::channels() {
  const std::lock_guard lock(mutex_);
  std::vector<ChannelState> out;
  for (auto& [kind, state] : states_) {
    state.kind = kind;
    out.push_back(state);
  }
  return out;
}

void Notifier::settle(const notify::Due& due, const notify::Delivery& delivery) {
  if (auto fact = outbox_.ended(due.delivery, delivery, engine_.clock().now()))
    engine_.request(due.site, RecordFact{"site-" + due.site.site.text, std::move(*fact), {}, {}}, [](const Result<SiteReply>&) {});
}

std::optional<PutQuestion> Notifier::by_link(std::string_view token) {
  const std::lock_guard lock(mutex_);
  const auto found = outbox_.by_link(token);
  if (!found) return std::nullopt;
  return put(*found->asked, found->contact);
}

bool Notifier::is_mail_code(std::string_view token, std::string_view code) {
  const std::lock_guard lock(mutex_);
  const auto found = outbox_.by_link(token);
  return found && outbox_.is_code(*found->asked, notify::ChannelKind::mail, found->contact, code);
}

std::vector<std::pair<PutQuestion, bool>> Notifier::by_number(std::string_view number, std::string_view code) {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<PutQuestion, bool>> out;
  for (const notify::Asked* asked : outbox_.by_number(number))
    out.emplace_back(put(*asked, std::string(number)), outbox_.is_code(*asked, notify::ChannelKind::sms, number, code));
  return out;
}

std::size_t Notifier::open() {
  const std::lock_guard lock(mutex_);
  return outbox_.open();
}

}  // namespace heliograph
