// The map of the actors: every typed interface, one sentence a message. Messages carry shared immutable values
// (actors/requests.hpp). Requests go down towards the log; news comes up from it. No actor outside this header.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/requests.hpp"

CAF_BEGIN_TYPE_ID_BLOCK(heliograph, first_custom_type_id)
  CAF_ADD_TYPE_ID(heliograph, (heliograph::NewsPtr))
  CAF_ADD_TYPE_ID(heliograph, (heliograph::SiteRequestPtr))
  CAF_ADD_TYPE_ID(heliograph, (heliograph::PeopleRequestPtr))
  CAF_ADD_TYPE_ID(heliograph, (heliograph::QueryPtr))
  CAF_ADD_TYPE_ID(heliograph, (heliograph::RecordPtr))
  CAF_ADD_TYPE_ID(heliograph, (heliograph::PortPtr))
  CAF_ADD_TYPE_ID(heliograph, (heliograph::SourcePtr))
  CAF_ADD_TYPE_ID(heliograph, (heliograph::SiteKey))
  CAF_ADD_ATOM(heliograph, heliograph, flush_atom, "flush")
  CAF_ADD_ATOM(heliograph, heliograph, commit_atom, "commit")
  CAF_ADD_ATOM(heliograph, heliograph, follow_atom, "follow")
  CAF_ADD_ATOM(heliograph, heliograph, news_atom, "news")
  CAF_ADD_ATOM(heliograph, heliograph, credit_atom, "credit")
  CAF_ADD_ATOM(heliograph, heliograph, wake_atom, "wake")
  CAF_ADD_ATOM(heliograph, heliograph, beat_atom, "beat")
  CAF_ADD_ATOM(heliograph, heliograph, adopt_atom, "adopt")
  CAF_ADD_ATOM(heliograph, heliograph, save_atom, "save")
CAF_END_TYPE_ID_BLOCK(heliograph)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(heliograph::NewsPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(heliograph::SiteRequestPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(heliograph::PeopleRequestPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(heliograph::QueryPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(heliograph::RecordPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(heliograph::PortPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(heliograph::SourcePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(heliograph::SiteKey)

namespace heliograph {

// ---- who there is ---------------------------------------------------------------------------------------------------

/// Anybody who follows the log. News comes in order, without a gap; each costs one credit.
using FollowerActor = caf::typed_actor<
    caf::reacts_to<news_atom, NewsPtr>>;

/// One per process: commits for sites that are busy (Committer), and tells all that follow.
using LogWriterActor = caf::typed_actor<
    // Make everything staged so far durable; answered with the last durable position.
    caf::replies_to<flush_atom>::with<Position>,
    // To itself: write what has gathered. While a sync runs, the next group gathers; nothing waits on a timer.
    caf::reacts_to<commit_atom>,
    // From whoever committed, in the order of the log: tell the followers.
    caf::reacts_to<news_atom, NewsPtr>,
    // Send news from now on; the first news tells where the log stands.
    caf::reacts_to<follow_atom, FollowerActor>,
    // The follower (by its actor id) has worked off so many pieces of news.
    caf::reacts_to<credit_atom, std::uint64_t, std::uint32_t>>;

/// One per group of views: folds news into them and answers queries about them.
using ProjectorActor = FollowerActor::extend<
    // A question that must see at least everything up to this position.
    caf::reacts_to<QueryPtr, Position>,
    // To itself: some seconds have passed since something changed, write views and checkpoint.
    caf::reacts_to<beat_atom>,
    // Write views and checkpoint now; answered when it is done.
    caf::replies_to<save_atom>::with<Position>>;

/// One per controllable device: drives its port. Restarted alone when it fails.
using DeviceActor = caf::typed_actor<
    // Carry out a durable command.dispatched (a try that it has seen before is not sent again) or lease.renewed, unless a stop
    // was asked for since the last look (the number of stops at that time); read the device back after a command.answered.
    caf::reacts_to<RecordPtr, std::uint64_t>>;

/// One per device, account or house that measures: asks its source at its interval and brings the readings to the site.
/// The next question waits for the answer to the last, so a slow log slows the questions and nothing piles up.
using AdapterActor = caf::typed_actor<
    // To itself: time to ask.
    caf::reacts_to<beat_atom>>;

/// One per site: every decision about the site is made here, one turn at a time.
using SiteActor = caf::typed_actor<
    // One turn; the request's reply is called when it is durable.
    caf::reacts_to<SiteRequestPtr>,
    // The clock's alarm that the site asked for; an older generation is ignored.
    caf::reacts_to<wake_atom, std::uint64_t>,
    // Every few seconds: save a snapshot when enough has happened.
    caf::reacts_to<beat_atom>,
    // From now on this device is driven by this actor.
    caf::reacts_to<adopt_atom, std::string, DeviceActor>,
    // Save a snapshot now (ordered stop); answered with the position that it covers.
    caf::replies_to<save_atom>::with<Position>>;

/// One per process: everything about people, their sessions and keys is decided here, one turn at a time.
using PeopleActor = caf::typed_actor<
    // One turn; the request's reply is called when it is durable.
    caf::reacts_to<PeopleRequestPtr>,
    // Every few seconds: save a snapshot when enough has happened.
    caf::reacts_to<beat_atom>,
    // Save a snapshot now (ordered stop); answered with the position that it covers.
    caf::replies_to<save_atom>::with<Position>>;

/// One per process: starts, watches and restarts the others (3 times in 60 s, then the process ends).
using SupervisorActor = caf::typed_actor<
    // A request from outside for this site; unknown sites are answered not_found, except that `Configure` makes one.
    caf::reacts_to<SiteKey, SiteRequestPtr>,
    // This device is driven through this port from now on.
    caf::reacts_to<adopt_atom, SiteKey, std::string, PortPtr>,
    // This source's readings belong to the site from now on.
    caf::reacts_to<adopt_atom, SiteKey, SourcePtr>,
    // To itself, every few seconds: sites look after their snapshots.
    caf::reacts_to<beat_atom>,
    // Ordered stop: sites and views save; answered with the last durable position.
    caf::replies_to<save_atom>::with<Position>>;

/// One per process: alarms at wall times. A delayed message cannot be cancelled, so alarms carry generations.
using ClockActor = caf::typed_actor<
    // Wake the site at or after this wall time (microseconds UTC), with this generation.
    caf::reacts_to<wake_atom, Micros, SiteActor, std::uint64_t>,
    // To itself: the next alarm may be due (its own generation).
    caf::reacts_to<beat_atom, std::uint64_t>>;

}  // namespace heliograph
