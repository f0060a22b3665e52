// The shell of what is decided about people: one actor, one turn of the log at a time, answered when it is durable.
#pragma once

#include "actors/actors.hpp"
#include "actors/clock.hpp"
#include "actors/log_writer.hpp"
#include "actors/people_book.hpp"
#include "storage/view_store.hpp"

namespace heliograph {

struct PeopleContext {
  EventLog& log;
  ViewStore& views;  // for the snapshot
  const Clock& clock;
  LogWriterActor writer;
  PeopleBook& book;
  Fatal fatal;
};

/// `covered`: the last position that the book knows.
PeopleActor spawn_people(caf::actor_system& system, Position covered, const PeopleContext& context);

struct RecoveredPeople {
  People people;
  Position covered = 0;
};
/// The snapshot, and the log after it. Errors: io, corrupt (of the log; a snapshot that cannot be read counts as none).
Result<RecoveredPeople> recover_people(const EventLog& log, const ViewStore& views);

inline constexpr std::string_view people_view = "people";  // in the view store; not a projection, always disposable

}  // namespace heliograph
