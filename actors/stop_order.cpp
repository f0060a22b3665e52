#include "actors/stop_order.hpp"

#include "events/json.hpp"

namespace heliograph {

StopOrder::StopOrder(Engine& engine, const Meant& meant) : engine_(engine) {
  engine_.stop_in_memory(meant, state_.stopped, state_.still_sending);
  state_.in_memory_only = state_.stopped;
}

void StopOrder::record(const Principal& principal, const std::string& reason, std::function<void()> answered, const std::string& trace) {
  const std::vector<SiteKey> sites = state().stopped;
  {
    const std::lock_guard lock(mutex_);
    open_ = sites.size();
  }
  if (sites.empty()) return answered();
  if (StopMark* mark = engine_.stop_mark()) mark->add(sites);
  for (const SiteKey& site : sites)
    engine_.request(site, EngageStop{principal, reason}, [self = shared_from_this(), site, answered](Result<SiteReply> reply) {
      bool last = false;
      {
        const std::lock_guard lock(self->mutex_);
        if (reply) {
          self->state_.position = std::max(self->state_.position, reply->last);
          self->state_.on_record.push_back(site);
          if (StopMark* mark = self->engine_.stop_mark()) mark->settle(site);
          std::erase(self->state_.in_memory_only, site);
        } else {
          self->state_.errors.push_back(reply.error());
        }
        last = --self->open_ == 0;
      }
      if (last) answered();
    }, trace);
}

StopOrder::State StopOrder::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::string to_json(const StopOrder::State& state) {
  JsonWriter json;
  const auto names = [&json](const char* key, const std::vector<SiteKey>& sites) {
    json.key(key).begin_array();
    for (const SiteKey& site : sites) json.string(site.site.text);
    json.end_array();
  };
  json.begin_object().field("stopped", true).field("on_record", state.in_memory_only.empty()).field("position", state.position);
  names("sites", state.stopped);
  names("in_memory_only", state.in_memory_only);
  if (!state.still_sending.empty()) names("still_sending", state.still_sending);
  if (!state.errors.empty()) json.field("detail", state.errors.front().sentence);
  json.end_object();
  return json.take();
}

}  // namespace heliograph
