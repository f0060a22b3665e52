// The device's shell: sends what is durable, once, brings answers back, and falls alone.
#include <catch2/catch.hpp>

#include "actors/device_actor.hpp"
#include "tests/support/actor_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

struct Furnished {
  TestStore store;
  ManualClock clock{monday_noon};
  World world{store, clock};
  std::shared_ptr<WitnessPort> port = std::make_shared<WitnessPort>(store.log());

  Furnished() {
    furnish(world);
    world.drive("miner-1", port);
  }
  Lines told() const {
    Lines out;
    for (const RecordPtr& record : store.records(villa))
      if (const std::string words = line(*record); words.starts_with("dispatched") || words.starts_with("failed") || words == "verified")
        out.push_back(words);
    return out;
  }
};

}  // namespace

TEST_CASE("a device hears a command only when its dispatch is on the durable record") {
  Furnished house;
  CHECK(house.world.ask(ask_for("miner-1", Action::switch_on))->ok());
  REQUIRE(house.port->sends.size() == 1);
  const auto& send = house.port->sends.front();
  CHECK(send.on_record);
  CHECK(send.command.device.text == "miner-1");
  CHECK(send.command.action == Action::switch_on);
  CHECK(send.command.expires_at > house.clock.now());
  house.clock.advance(second_us);
  house.world.ask(readings({{"miner-1", Metric::switch_on, 1}}, house.clock.now()));
  CHECK(house.told() == Lines{"dispatched miner-1 switch_on", "verified"});
}

TEST_CASE("what was handed over before a stop is not sent after it was lifted") {
  Furnished house;
  World& world = house.world;
  const DeviceActor device = spawn_device(world.system, house.port, world.site(), house.clock, world.directory.stop_flag(villa), {});
  caf::anon_send(world.site(), adopt_atom_v, std::string("miner-1"), device);
  world.run();
  const bool stops = GENERATE(true, false);
  const auto held = World::raw(device);
  world.request(ask_for("miner-1", Action::switch_on));
  world.run_without(held);
  CHECK(house.told() == Lines{"dispatched miner-1 switch_on"});
  if (stops) {
    world.request(EngageStop{anna, "smoke"});
    world.run_without(held);
    world.request(LiftStop{anna, "clear"});
    world.run_without(held);
    CHECK_FALSE(world.directory.stop_flag(villa)->engaged());
  }
  CHECK(house.port->sends.empty());
  world.run();
  std::size_t energising = 0;
  for (const WitnessPort::Send& send : house.port->sends) energising += send.command.action == Action::switch_on;
  CHECK(energising == (stops ? 0 : 1));
  caf::anon_send_exit(device, caf::exit_reason::user_shutdown);
  world.run();
}

TEST_CASE("what the device answers comes back to the site, accepted is not done") {
  Furnished house;
  SECTION("an error") {
    house.port->way = WitnessPort::Way::refuse;
    house.world.ask(ask_for("miner-1", Action::switch_on));
    CHECK(house.told() == Lines{"dispatched miner-1 switch_on", "failed device_error"});
  }
  SECTION("accepted, then silence") {
    house.world.ask(ask_for("miner-1", Action::switch_on));
    CHECK(house.told() == Lines{"dispatched miner-1 switch_on"});
    house.world.pass(verify_deadline + second_us);
    // What was before is put back.
    CHECK(house.told() == Lines{"dispatched miner-1 switch_on", "failed outcome_unknown", "dispatched miner-1 switch_off"});
  }
  SECTION("an answer after the end changes nothing") {
    house.port->way = WitnessPort::Way::late;
    house.world.ask(ask_for("miner-1", Action::switch_on));
    house.world.pass(verify_deadline + second_us);
    CHECK(house.port->sends.size() == 3);  // nobody answered: the same command, three tries
    const Lines before = house.told();
    house.port->late.front().second({house.port->late.front().first, DeviceAnswer::Kind::device_error, "too late"});
    house.world.run();
    CHECK(house.told() == before);
  }
}

TEST_CASE("no adapter, no send: the command is closed as not sent") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  CHECK(world.ask(ask_for("miner-1", Action::switch_on))->ok());
  const auto records = store.records(villa);
  const auto* failed = std::get_if<CommandFailed>(&records.back()->event());
  REQUIRE(failed != nullptr);
  CHECK(failed->kind == FailureKind::not_sent);
  CHECK(failed->detail == "no adapter drives this device");
}

TEST_CASE("a command that expired on the way is not sent") {
  Furnished house;
  house.world.request(ask_for("miner-1", Action::switch_on));
  house.world.run_without(World::raw(house.world.writer));
  house.clock.advance(command_expiry + second_us);  // the disk took its time
  house.world.run();
  CHECK(house.port->sends.empty());
  CHECK(house.told() == Lines{"dispatched miner-1 switch_on", "failed not_sent"});
}

TEST_CASE("the battery falls to its floor between the dispatch and the send: not sent (H4)") {
  Furnished house;
  house.world.request(ask_for("miner-1", Action::switch_on));
  house.world.request(readings({{"battery", Metric::soc_permille, 190}}, house.clock.now() + 1));
  house.world.run_without(World::raw(house.world.writer));
  house.world.run();
  CHECK(house.port->sends.empty());
  CHECK(house.told() == Lines{"dispatched miner-1 switch_on", "failed not_sent"});
}

TEST_CASE("a port that throws takes its own actor with it and nobody else, the command is tried again under its own id") {
  Furnished house;
  house.world.ask(RegisterDevice{plug("miner-2"), anna});
  const auto other = std::make_shared<WitnessPort>(house.store.log());
  house.world.drive("miner-2", other);
  const auto* site = World::raw(house.world.site());
  house.port->way = WitnessPort::Way::crash;
  CHECK(house.world.ask(ask_for("miner-1", Action::switch_on))->ok());
  CHECK(house.port->sends.size() == 1);
  CHECK(World::raw(house.world.site()) == site);
  CHECK(house.world.fatal.empty());

  house.port->way = WitnessPort::Way::accept;
  CHECK(house.world.ask(ask_for("miner-2", Action::switch_on))->ok());
  CHECK(other->sends.size() == 1);
  house.world.pass(verify_deadline + command_expiry);
  REQUIRE(house.port->sends.size() >= 2);  // whether it was heard is not known: the device knows the id
  CHECK(house.port->sends[1].command.command == house.port->sends[0].command.command);
  CHECK(house.port->sends[1].command.retry == 1);
  const auto told = house.told();
  CHECK(std::count(told.begin(), told.end(), "failed outcome_unknown") == 2);
  const std::size_t so_far = house.port->sends.size();
  house.world.ask(readings({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 0}}, house.clock.now()));  // rolled back
  CHECK(house.world.ask(ask_for("miner-1", Action::switch_on))->ok());
  CHECK(house.port->sends.size() == so_far + 1);  // the new actor drives the same port
}

TEST_CASE("another port may take a device over") {
  Furnished house;
  const auto second = std::make_shared<WitnessPort>(house.store.log());
  house.world.drive("miner-1", second);
  CHECK(house.world.fatal.empty());
  house.world.ask(ask_for("miner-1", Action::switch_on));
  CHECK(house.port->sends.empty());
  CHECK(second->sends.size() == 1);
  CHECK(house.port.use_count() == 1);  // the old actor is gone
}

TEST_CASE("a device that failed four times in a minute ends the house, three times does not") {
  Furnished house;
  for (int i = 0; i < 3; ++i) {
    house.port->way = WitnessPort::Way::crash;
    house.world.ask(ask_for("miner-1", Action::switch_on));
    // The reading that follows frees the device for the next one.
    house.clock.advance(second_us);
    house.world.ask(readings({{"miner-1", Metric::switch_on, 1}}, house.clock.now()));
  }
  CHECK(house.port->sends.size() == 3);
  CHECK(house.world.fatal.empty());
  house.port->way = WitnessPort::Way::crash;
  house.world.ask(ask_for("miner-1", Action::switch_on));
  REQUIRE(house.world.fatal.size() == 1);
  CHECK(house.world.fatal.front().sentence.find("miner-1") != std::string::npos);
}
