// Deliveries: who is reached how, when a try is due, and what came of it. What is told stands in outbox_news.cpp.
#include "actors/notify/outbox.hpp"

#include <algorithm>

#include "actors/notify/mac.hpp"
#include "actors/notify/schedule.hpp"
#include "actors/notify/text.hpp"

namespace heliograph::notify {
namespace {

constexpr std::size_t deliveries_max = 10'000;  // a storm beyond this is told in part; the log has all of it

/// The same for the same delivery, and spread over those that failed together.
double jitter(const std::string& channel, Position about, int tries) {
  const Digest digest = sha256({channel, "\n", std::to_string(about), "\n", std::to_string(tries)});
  return static_cast<double>(digest[0]) / 256;
}

}  // namespace

std::string contact_id(std::string_view address) { return "to-" + hex(bytes_of(sha256({address})).substr(0, 4)); }

Outbox::Outbox(ApprovalProof proof, std::string base_url, std::vector<Route> host)
    : proof_(std::move(proof)), base_url_(std::move(base_url)), host_(std::move(host)) {
  while (base_url_.ends_with('/')) base_url_.pop_back();
}

Outbox::Home& Outbox::home(const SiteKey& site) {
  const auto [found, fresh] = homes_.try_emplace(site);
  if (fresh) found->second.settings.name = site.site.text, found->second.settings.time_zone = "UTC";
  return found->second;
}

void Outbox::know(const SiteKey& site, const SiteConfigured& settings) { home(site).settings = settings; }
void Outbox::know(const SiteKey& site, const PreferencesSet& wishes) { home(site).wishes = wishes; }

/// The host's channels, and the people whom the site's preferences name.
std::vector<Route> Outbox::routes(const SiteKey& site) const {
  std::vector<Route> out = host_;
  const auto found = homes_.find(site);
  if (found == homes_.end()) return out;
  const auto add = [&](ChannelKind kind, const std::string& address) {
    const bool known = std::any_of(out.begin(), out.end(), [&](const Route& r) { return r.kind == kind && r.address == address; });
    if (!address.empty() && !known) out.push_back({kind, std::string(name(kind)) + "/" + contact_id(address), address});
  };
  add(ChannelKind::mail, found->second.wishes.mail);
  add(ChannelKind::sms, found->second.wishes.sms);
  return out;
}

/// "Critical only" binds mail and text messages; the other channels have filters of their own.
bool Outbox::wanted(const SiteKey& site, const Route& route, Severity severity) {
  const bool person = route.kind == ChannelKind::mail || route.kind == ChannelKind::sms;
  return !person || severity == Severity::critical || !home(site).wishes.critical_only;
}

/// What is not critical waits for the end of the quiet hours.
Micros Outbox::not_quiet(const SiteKey& site, const Route& route, Severity severity, Micros at) {
  const Home& h = home(site);
  const DayWindow& quiet = h.wishes.quiet_hours;
  const bool person = route.kind == ChannelKind::mail || route.kind == ChannelKind::sms;
  if (!person || severity == Severity::critical || quiet.from_minute == quiet.to_minute) return at;
  const auto zone = Zone::find(h.settings.time_zone);
  const Civil local = (zone ? *zone : Zone::utc()).local(at);
  const int minute = local.hour * 60 + local.minute, from = quiet.from_minute, to = quiet.to_minute;
  const bool within = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  if (!within) return at;
  const int left = minute < to ? to - minute : 24 * 60 - minute + to;
  return at + left * minute_us - local.second * second_us;
}

void Outbox::tell(const Record& record, const Notice& notice, const Route& route, Micros at, std::string part, std::string alert) {
  if (deliveries_.size() >= deliveries_max) return;
  Pending& p = deliveries_[next_delivery_];
  p.about = record.envelope.position, p.part = std::move(part), p.alert = std::move(alert);
  p.due = {next_delivery_, route, record.envelope.site, notice, 1};
  p.next_at = at;
  ++next_delivery_;
}

void Outbox::caught_up() {
  for (auto& [number, p] : deliveries_) p.tries = 1;
}

std::optional<Micros> Outbox::next_due() const {
  std::optional<Micros> due;
  for (const auto& [number, p] : deliveries_)
    if (!p.out) due = due ? std::min(*due, p.next_at) : p.next_at;
  return due;
}

std::vector<Due> Outbox::take_due(Micros now) {
  forget_old(now);
  std::vector<Due> out;
  for (auto& [number, p] : deliveries_) {
    if (p.out || p.next_at > now) continue;
    p.out = true;
    p.due.number = ++p.tries;
    out.push_back(p.due);
  }
  return out;
}

std::optional<NotificationSettled> Outbox::ended(std::uint64_t delivery, const Delivery& outcome, Micros now) {
  const auto found = deliveries_.find(delivery);
  if (found == deliveries_.end()) return std::nullopt;  // what it told is over
  Pending& p = found->second;
  p.out = false;
  if (const auto next = next_try(p.due.route.kind, p.due.notice, outcome, p.tries, now, jitter(p.due.route.name, p.about, p.tries))) {
    p.next_at = *next;
    return std::nullopt;
  }
  const bool delivered = outcome.outcome == Delivery::Outcome::delivered;
  NotificationSettled settled{p.about, p.due.route.name + (p.part.empty() ? "" : " " + p.part), delivered, delivered ? outcome.reference : outcome.detail};
  deliveries_.erase(found);
  return settled;
}

// ---- who answers -----------------------------------------------------------------------------------------------------

std::optional<Outbox::ByLink> Outbox::by_link(std::string_view token) const {
  std::optional<ByLink> found;
  for (const auto& [key, asked] : asked_)  // all of them: how long it takes says nothing
    for (const auto& [kind, contact] : asked.contacts)
      if (kind == ChannelKind::mail && same_secret(proof_.token(asked.question, contact).reveal(), token)) found = ByLink{&asked, contact};
  return found;
}

bool Outbox::is_code(const Asked& asked, ChannelKind kind, std::string_view contact, std::string_view code) const {
  const Secret wanted = kind == ChannelKind::sms ? proof_.sms_code(asked.question, contact) : proof_.mail_code(asked.question, contact);
  return same_secret(wanted.reveal(), typed_code(code));
}

std::vector<const Asked*> Outbox::by_number(std::string_view number) const {
  std::vector<const Asked*> out;
  for (const auto& [key, asked] : asked_)
    for (const auto& [kind, contact] : asked.contacts)
      if (kind == ChannelKind::sms && contact == number) out.push_back(&asked);
  std::stable_sort(out.begin(), out.end(), [](const Asked* a, const Asked* b) { return a->open > b->open; });
  return out;
}

void Outbox::forget_old(Micros now) {
  std::erase_if(asked_, [&](const auto& each) { return each.second.question.expires_at + kept < now; });
}

}  // namespace heliograph::notify
