// What the house is asked and what comes back, as values: one turn each. Whoever asks the engine knows these and no actor.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "actors/core/people.hpp"
#include "actors/core/site.hpp"

namespace heliograph {

/// The site under which the engine writes about itself. It commands nothing, so no stop and no doubt of the clock concerns it.
SiteKey engine_site();

/// Which sites something is for.
using Meant = std::function<bool(const SiteKey&)>;

/// What became durable, in log order. `read_the_log`: the receiver was slow. The projector then gets no records, and reads the log from
/// where it is; whoever follows gets them, as its actor has read them (spawn_follower).
struct News {
  Position durable = 0;
  std::vector<RecordPtr> records;
  bool read_the_log = false;
};
using NewsPtr = std::shared_ptr<const News>;

// What a site can be asked to do; each is one turn.
struct TakeReadings {
  ReadingsPtr batch;
  PackedReadings packed;  // pack_readings(*batch) if the sender has made it; the site does otherwise
  Principal principal;
  std::string idempotency_key;
  Digest fingerprint{};
};
/// A person's answer to a command that waits for it; a command that is taken back.
struct Approve { ApprovalAnswer answer; std::string idempotency_key = {}; Digest fingerprint{}; };
struct AcknowledgeAlert { std::string alert; Principal principal; };
struct CancelCommand { CommandId command; Principal principal; };
struct Prefer { PreferencesSet wishes; Principal principal; Expected expected = {}; };
/// The clock jumped by so much; a person has looked at it.
struct SuspectClock { Micros step = 0; };
struct TrustClock { Principal principal; };
struct EngageStop { Principal principal; std::string reason; };
struct LiftStop { Principal principal; std::string reason; };
struct SaveRule { Rule rule; Principal principal; std::string idempotency_key; Digest fingerprint{}; Expected expected = {}; };
struct RemoveRule { RuleId rule; Principal principal; Expected expected = {}; };
struct Configure { SiteConfigured settings; Principal principal; Expected expected = {}; };
struct RegisterDevice { DeviceRegistered device; Principal principal; Expected expected = {}; };
/// A fact about the site that needs no decision (history.imported, engine.started).
struct RecordFact { std::string stream; Event event; Principal principal; std::string correlation; Position cause = 0; };
using SiteCommand = std::variant<TakeReadings, Ask, DeviceAnswer, Approve, AcknowledgeAlert, CancelCommand, Prefer, SuspectClock, TrustClock, EngageStop, LiftStop, SaveRule, RemoveRule, Configure,
                                 RegisterDevice, RecordFact>;

/// What a turn left in the log. Given only when it is durable.
struct SiteReply {
  Position first = 0, last = 0;
  Micros recorded_at = 0;
  bool repeated = false;  // the idempotency key was used before: the earlier outcome
  std::optional<CommandAnswer> command;
};

/// Where the outcome of a turn goes: called exactly once, on an actor's thread (do not block). Dropped without a call (its
/// actor died), it says that the outcome is unknown.
class Reply {
 public:
  using Function = std::function<void(Result<SiteReply>)>;
  Reply() = default;
  template <class F>
    requires std::is_invocable_v<F, Result<SiteReply>>
  Reply(F function) : function_(std::move(function)) {}  // NOLINT: a lambda is a reply
  Reply(Reply&& other) noexcept : function_(std::exchange(other.function_, nullptr)) {}
  Reply& operator=(Reply&& other) noexcept {
    std::swap(function_, other.function_);
    return *this;
  }
  ~Reply() {
    if (function_) (*this)(fail(Errc::closed, "The site's actor was restarted: read the audit to see whether this happened, then ask again."));
  }
  void operator()(Result<SiteReply> result) {
    if (auto function = std::exchange(function_, nullptr)) function(std::move(result));
  }

 private:
  Function function_;
};

struct SiteRequest {
  SiteCommand command;
  Reply reply;
  std::string trace = {};  // of the request from outside, 32 hex digits: the correlation of what begins in this turn; empty = none was sent
};
using SiteRequestPtr = std::shared_ptr<SiteRequest>;

/// One turn about the people of a tenant: what `decide` appends becomes durable, whole or not at all. It must refuse before it appends.
struct PeopleRequest {
  TenantId tenant;
  std::function<Status(People&, Micros at, Journal&)> decide;
  Reply reply;
  Reserve reserve = Reserve::keep;  // getting in and out must work when the disk is nearly full: somebody has to stop what fills it
  std::string trace = {};  // as in SiteRequest
};
using PeopleRequestPtr = std::shared_ptr<PeopleRequest>;

class DevicePort;
using PortPtr = std::shared_ptr<DevicePort>;
class ReadingSource;
using SourcePtr = std::shared_ptr<ReadingSource>;

class Views;
/// A question to the views, asked inside their projector: consistent with everything acknowledged before it was sent.
using Query = std::function<void(const Views&)>;
using QueryPtr = std::shared_ptr<const Query>;

}  // namespace heliograph
