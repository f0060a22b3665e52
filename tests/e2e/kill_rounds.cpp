#include "tests/e2e/kill_rounds.hpp"

#include <rapidjson/document.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "actors/clock.hpp"
#include "tests/e2e/kill_points.hpp"
#include "tests/e2e/kill_load.hpp"
#include "tests/e2e/process.hpp"

namespace heliograph::e2e {
namespace {

constexpr int rounds_per_directory = 4;  // logs stay small, and with the fifth unclean end the house would command nothing any more

rapidjson::Document json(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.c_str());
  if (document.HasParseError() || !document.IsObject()) document.SetObject();
  return document;
}

std::uint64_t number(const rapidjson::Value& object, const char* name) {
  const auto it = object.FindMember(name);
  return it != object.MemberEnd() && it->value.IsUint64() ? it->value.GetUint64() : 0;
}

std::string text(const rapidjson::Value& object, const char* name) {
  const auto it = object.FindMember(name);
  return it != object.MemberEnd() && it->value.IsString() ? it->value.GetString() : "";
}

/// One data directory through its rounds.
class Life {
 public:
  Life(const KillOptions& options, KillTable& table, std::mt19937_64& dice) : options_(options), table_(table), dice_(dice) {}

  void live(int rounds) {
    if (options_.victim == Victim::house) witness_ = std::make_unique<Server>(std::vector<std::string>{witness(), scratch_ / "witness"});
    if (!start() || !settle()) return idle("the process did not start");
    for (int i = 0; i < rounds; ++i) {
      if (!load_and_kill()) return;
      verify();
      if (!start()) return idle("the process did not start again after the kill");
      check();
    }
    if (options_.victim == Victim::house) come_to_an_end();
    const Ended ended = server_->end(SIGTERM);
    server_.reset();
    if (ended.exit != 0) idle("the ordered stop ended with " + std::to_string(ended.exit) + ": " + ended.err);
    verify();
  }

 private:
  void idle(const std::string& why) {
    ++table_.idle;
    table_.complain(why);
  }

  bool start() {
    const Micros from = clock_.monotonic();
    const std::string data = scratch_ / "data";
    std::vector<std::string> argv{binary(), "serve", "--data", data, "--listen", "127.0.0.1:0"};
    if (options_.victim == Victim::house) {
      argv = {killed_house(), data, std::to_string(witness_->port())};
      if (!options_.fault.empty()) argv.push_back(options_.fault);
      if (!options_.point.empty()) argv.insert(argv.end(), {"--at", options_.point, std::to_string(nth()), scratch_ / "reached"});
    }
    server_ = std::make_unique<Server>(argv);
    if (server_->port() == 0) return table_.complain(server_->end(SIGKILL).err), false;
    test::HttpClient client(server_->port());
    if (client.request("GET", "/readiness").status != 200) return false;
    table_.ready.push_back(clock_.monotonic() - from);
    return true;
  }

  /// The first, or one of the next: what is rare is met seldom.
  std::uint64_t nth() {
    const std::string_view type = point()->type;
    return type == "stop.engaged" ? 1 : 1 + dice_() % (type == "approval.decided" || point()->moment == Moment::table ? 4 : 20);
  }
  const KillPoint* point() const {
    const auto& all = kill_points();
    const auto found = std::find_if(all.begin(), all.end(), [this](const KillPoint& each) { return each.name == options_.point; });
    return found == all.end() ? nullptr : &*found;
  }

  bool settle() {
    test::HttpClient client(server_->port());
    const std::vector<std::pair<std::string, std::string>> type{{"Content-Type", "application/json"}};
    bool good = client.request("PUT", "/api/v1/sites/home", R"({"name":"Home"})", type).status == 200;
    good = good && client.request("PUT", "/api/v1/sites/home/devices/plug-2", R"({"name":"Boiler","kind":"plug","can_switch":true,"nominal_w":10,"needs_approval":true})", type).status == 200;
    for (const char* plug : {"plug-0", "plug-1"})
      good = good && client.request("PUT", "/api/v1/sites/home/devices/" + std::string(plug),
                                    R"({"name":"Plug","kind":"plug","can_switch":true,"nominal_w":10})", type).status == 200;
    return good;
  }

  bool load_and_kill() {
    Load load;
    load.port = server_->port();
    load.first_number = number_;
    load.wanted = options_.acked_min + dice_() % (options_.acked_max - options_.acked_min + 1);
    load.resume_after = seen_to_;
    load.confirm = load.approves = options_.victim == Victim::house;
    if (const KillPoint* at = point()) {
      load.wanted = 20'000;  // the point comes first
      if (at->type == "stop.engaged") load.stop_after = 30 + dice_() % 200;
      server_->tell(SIGUSR1);
    }
    Ended ended;
    taken_ = run_load(load, [&] { ended = server_->end(SIGKILL); });
    server_.reset();
    number_ = taken_.next_number;
    ++table_.rounds;
    table_.acked += taken_.acked;
    if (ended.signal != SIGKILL) return idle("a round ended by itself, exit " + std::to_string(ended.exit) + ": " + ended.err), false;
    if (!options_.point.empty()) {
      if (read_file(scratch_ / "reached").empty()) return idle("it was never killed at: " + options_.point + ", " + asked()), false;
      std::filesystem::remove(scratch_ / "reached");
      ++table_.points[options_.point];
    }
    if (options_.point.empty() && taken_.acked < options_.acked_min) return idle("a round had only " + std::to_string(taken_.acked) + " acknowledged events"), false;
    ++table_.kills;
    note(taken_.seen);
    return true;
  }

  /// How often which device was told what, for who has to find out why nothing came of it.
  std::string asked() const {
    std::map<std::string, int> times;
    for (const Asked& asked : taken_.asked) {
      const auto answer = json(asked.answer);
      ++times[std::string(asked.kind == Asked::Kind::yes ? "a yes" : asked.target) + " " + asked.device + " " + std::to_string(asked.status) + " " + text(answer, "state") + text(answer, "detail")];
    }
    std::string out;
    for (const auto& [what, often] : times) out += "\n      " + std::to_string(often) + " x " + what;
    return out;
  }

  void verify() {
    if (options_.fault == "--memory") return;
    const Ended ended = run({binary(), "verify", "--json", "--data", scratch_ / "data"});
    const auto report = json(ended.out);
    bool good = report.HasMember("findings") && report.HasMember("ok") && (report["ok"].GetBool() == (ended.exit == 0));
    if (good)
      for (const auto& finding : report["findings"].GetArray()) {
        const std::string sentence = text(finding, "sentence");
        good = false;
        table_.complain("verify: " + sentence);
      }
    if (good) return;
    ++table_.verify_failed;
    table_.complain("verify ended with " + std::to_string(ended.exit) + " " + ended.err);
  }

  void check() {
    test::HttpClient client(server_->port());
    for (const Asked& asked : taken_.asked) {
      if (asked.kind == Asked::Kind::command) ++table_.commands;
      if (asked.kind == Asked::Kind::rule) ++table_.rules;
      if (asked.kind == Asked::Kind::yes) continue;
      asked.status == 0 ? ask_again(client, asked) : look_for(client, asked, json(asked.answer));
    }
    // A repeat of what was answered gives the same answer; the newest answers are the ones at risk.
    for (std::size_t i = taken_.asked.size(); i-- > 0 && i + 40 > taken_.asked.size();)
      if (taken_.asked[i].status != 0 && taken_.asked[i].kind != Asked::Kind::yes) repeat(client, taken_.asked[i]);
    resume(client);
    look_at_effects();
    look_at_the_yes(client);
    look_at_the_stop(client);
  }

  /// Who was told that their yes counts finds it in the log; a second one changes nothing.
  void look_at_the_yes(test::HttpClient& client) {
    for (const Asked& asked : taken_.asked) {
      if (asked.kind != Asked::Kind::yes) continue;
      if (asked.status == 200) ++table_.approved;
      if (asked.status == 200 && yeses_[asked.command] == 0) {
        ++table_.lost;
        table_.complain("lost: the yes to " + asked.command + ", answered " + asked.answer + " " + client.request("GET", "/api/v1/sites/home/commands/" + asked.command).body);
      }
      static_cast<void>(ask(client, asked));
    }
    resume(client);  // `note` counts a second yes, and a second dispatch
  }

  /// What was said to be stopped, or is in the log as stopped, is; it is lifted, so that the next round has something to do.
  void look_at_the_stop(test::HttpClient& client) {
    const auto site = json(client.request("GET", "/api/v1/sites/home").body);
    const bool is = site.HasMember("stopped") && site["stopped"].GetBool();
    if (taken_.stopped) ++table_.stops;
    if ((taken_.stopped || stopped_) && !is) {
      ++table_.lost;
      table_.complain(std::string("lost: the stop, ") + (taken_.stopped ? "acknowledged" : "durable"));
    }
    if (is) client.request("POST", "/api/v1/sites/home/stop/lift", R"({"reason":"no fire"})", {{"Content-Type", "application/json"}});
  }

  /// Readings show every state; then every command that was ever sent has come to exactly one end. Not after a stop: nothing
  /// is confirmed while what was on the wire then may still arrive.
  void come_to_an_end() {
    test::HttpClient client(server_->port());
    for (const char* state : {"0", "1"})
      for (const char* plug : {"plug-0", "plug-1", "plug-2"})
        client.request("POST", "/api/v1/sites/home/readings", std::string(R"({"device":")") + plug + R"(","timestamp":")" + format_time(clock_.now()) + R"(","switch_on":)" + state + "}\n",
                       {{"Content-Type", "application/x-ndjson"}});
    resume(client);
    look_at_effects();
    for (const auto& [id, times] : dispatches_)
      if (id.ends_with("/0") && after_a_stop_.count(id) == 0 && ends_[id.substr(0, id.size() - 2)] == 0) {
        ++table_.unended;
        table_.complain("without an end: " + id + " " + client.request("GET", "/api/v1/sites/home/commands/" + id.substr(0, id.size() - 2)).body);
      }
  }

  void look_for(test::HttpClient& client, const Asked& asked, const rapidjson::Document& answer) {
    if (asked.kind == Asked::Kind::readings) return look_for_readings(client, asked, number(answer, "first_position"));
    const bool refused = asked.kind == Asked::Kind::command && asked.status != 202;
    if (refused) ++table_.refused;
    const Position position = number(answer, refused ? "event_seq" : "position");
    const auto event = at(client, position, asked);
    if (!event) return;
    const std::string wanted = asked.kind == Asked::Kind::rule ? "rule.saved" : refused ? "command.refused" : "command.requested";
    if (text(*event, "type") != wanted) return changed(asked, "type " + text(*event, "type") + ", not " + wanted);
    if (!refused && text(*event, "idempotency_key") != asked.key) return changed(asked, "another key");
    if (asked.kind == Asked::Kind::command && text((*event)["data"], "command") != text(answer, "command")) return changed(asked, "another command");
  }

  void look_for_readings(test::HttpClient& client, const Asked& asked, Position first) {
    for (std::size_t i = 0; i < asked.rows.size(); ++i) {
      const auto event = at(client, first + i, asked);
      if (!event) continue;
      const auto at_text = parse_time(text(*event, "at"));
      const auto wanted = parse_time(asked.rows[i].first);
      const char* metric = asked.rows.size() == 1 ? "switch_on" : "grid_w";
      if (text(*event, "device") != asked.device || !at_text || !wanted || *at_text != *wanted || !event->HasMember("values") ||
          number((*event)["values"], metric) != static_cast<std::uint64_t>(asked.rows[i].second))
        changed(asked, "another reading");
    }
  }

  std::optional<rapidjson::Document> at(test::HttpClient& client, Position position, const Asked& asked) {
    const auto reply = client.request("GET", "/api/v1/positions/" + std::to_string(position));
    if (reply.status == 200) return json(reply.body);
    ++table_.lost;
    table_.complain("lost: " + asked.key + " at position " + std::to_string(position) + ", answer " + std::to_string(reply.status));
    return std::nullopt;
  }

  void changed(const Asked& asked, const std::string& how) {
    ++table_.changed;
    table_.complain("changed: " + asked.key + " has " + how);
  }

  void ask_again(test::HttpClient& client, const Asked& asked) {
    ++table_.in_doubt;
    Asked first = asked, second = asked;
    for (Asked* a : {&first, &second}) {
      const auto reply = ask(client, asked);
      a->status = reply.status;
      a->answer = reply.body;
    }
    if (json(first.answer).HasMember("repeated") && json(first.answer)["repeated"].GetBool()) ++table_.in_doubt_done;
    look_for(client, first, json(first.answer));
    same(first, second);
  }

  void repeat(test::HttpClient& client, const Asked& asked) {
    Asked again = asked;
    const auto reply = ask(client, asked);
    again.status = reply.status;
    again.answer = reply.body;
    same(asked, again);
  }

  void same(const Asked& one, const Asked& other) {
    const auto a = json(one.answer), b = json(other.answer);
    bool equal = one.status == other.status || (one.kind == Asked::Kind::rule && one.status == 201 && other.status == 200);
    for (const char* name : {"position", "first_position", "last_position", "event_seq"}) equal = equal && number(a, name) == number(b, name);
    if (equal && text(a, "command") == text(b, "command")) return;
    ++table_.twice;
    table_.complain("a repeat of " + one.key + " was answered otherwise: " + one.answer + " | " + other.answer);
  }

  /// The stream goes on where it was cut, to the end of the log.
  void resume(test::HttpClient& client) {
    const auto reply = client.request("GET", "/readiness");
    const auto readiness = json(reply.body);
    const Position head = readiness.HasMember("checks") ? number(readiness["checks"]["log"], "position") : 0;
    test::HttpClient stream(server_->port());
    stream.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " + std::to_string(seen_to_) + "\r\n\r\n");
    stream.read_stream_head();
    std::vector<Seen> seen;
    while (head > (seen.empty() ? seen_to_ : seen.back().last)) {
      auto event = stream.read_event();
      if (!event) break;
      if (auto one = seen_in(*event)) seen.push_back(std::move(*one));
    }
    note(seen);
    for (const auto& [from, to] : std::exchange(left_out_, {}))
      for (Position p = from; p <= to; ++p)
        if (json(client.request("GET", "/api/v1/positions/" + std::to_string(p)).body).HasMember("data")) {
          ++table_.stream_breaks;
          table_.complain("stream: " + std::to_string(p) + " was left out, and is no reading");
        }
    if (seen_to_ >= head && head != 0) return;
    ++table_.stream_breaks;
    table_.complain("the stream ended at " + std::to_string(seen_to_) + " of " + std::to_string(head));
  }

  void note(const std::vector<Seen>& seen) {
    for (const Seen& s : seen) {
      if (s.type == "gap") {
        gap_to_ = s.last;
        continue;
      }
      if (s.first != seen_to_ + 1 && s.first > seen_to_ && s.first <= gap_to_ + 1) {
        left_out_.emplace_back(seen_to_ + 1, s.first - 1);
      } else if (s.first != seen_to_ + 1) {
        ++table_.stream_breaks;
        table_.complain("stream: " + s.type + " " + std::to_string(s.first) + " after " + std::to_string(seen_to_) + ", missing " + missing());
      }
      seen_to_ = s.last;
      if (s.type == "stop.engaged") stopped_ = ever_stopped_ = true;
      if (s.type == "stop.lifted") stopped_ = false;
      const auto event = json(s.data);
      if (s.type == "command.requested") once(requests_, text(event, "idempotency_key"), s.type);
      else if (s.type == "command.dispatched") {
        const std::string id = text(event["data"], "command") + "/" + std::to_string(number(event["data"], "retry"));
        if (ever_stopped_) after_a_stop_.insert(id);
        once(dispatches_, id, s.type);
      } else if (s.type == "approval.decided") once(yeses_, text(event["data"], "command"), s.type);
      else if (s.type == "command.verified" || s.type == "command.failed") once(ends_, text(event["data"], "command"), s.type);
    }
  }

  std::string missing() {
    if (!server_) return "(heard before the kill)";
    return test::HttpClient(server_->port()).request("GET", "/api/v1/positions/" + std::to_string(seen_to_ + 1)).body;
  }

  void once(std::map<std::string, int>& seen, const std::string& id, const std::string& what) {
    if (id.empty() || ++seen[id] != 2) return;  // what the house asks of itself has no key
    ++table_.twice;
    table_.complain("twice: " + what + " of " + id);
  }

  void look_at_effects() {
    std::istringstream lines(read_file(scratch_ / "witness"));
    std::map<std::string, int> effects;
    for (std::string id, action; lines >> id >> action;) ++effects[id];
    for (const auto& [id, times] : effects) {
      if (known_effects_.insert({id, times}).second) {
        ++table_.effects;
        if (dispatches_.count(id) == 0) {
          ++table_.unfounded;
          table_.complain("an effect of " + id + " without a durable dispatch");
        }
        if (times == 1) continue;
      } else if (known_effects_[id] == times) {
        continue;
      }
      known_effects_[id] = times;
      ++table_.twice;
      table_.complain("twice: an effect of " + id);
    }
  }

  const KillOptions& options_;
  KillTable& table_;
  std::mt19937_64& dice_;
  TempDir scratch_;
  SystemClock clock_;
  std::unique_ptr<Server> witness_, server_;
  Taken taken_;
  std::uint64_t number_ = 1;
  Position seen_to_ = 0;
  std::map<std::string, int> requests_, dispatches_, yeses_, ends_, known_effects_;
  std::set<std::string> after_a_stop_;  // dispatched then
  bool ever_stopped_ = false;
  Position gap_to_ = 0;
  std::vector<std::pair<Position, Position>> left_out_;  // of the stream, which said so
  bool stopped_ = false;  // says the stream
};

std::string percentile(std::vector<Micros> values, double share) {
  if (values.empty()) return "-";
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  return std::to_string(values[at] / 1000) + " ms";
}

}  // namespace

void KillTable::add(const KillTable& other) {
  for (auto member : {&KillTable::rounds, &KillTable::kills, &KillTable::acked, &KillTable::commands, &KillTable::refused, &KillTable::rules,
                      &KillTable::in_doubt, &KillTable::in_doubt_done, &KillTable::effects, &KillTable::lost, &KillTable::changed, &KillTable::twice,
                      &KillTable::unfounded, &KillTable::stream_breaks, &KillTable::verify_failed, &KillTable::approved, &KillTable::stops, &KillTable::unended, &KillTable::idle})
    this->*member += other.*member;
  for (const auto& [point, times] : other.points) points[point] += times;
  ready.insert(ready.end(), other.ready.begin(), other.ready.end());
  for (const std::string& sentence : other.complaints) complain(sentence);
}

void KillTable::complain(std::string sentence) {
  if (complaints.size() < 20) complaints.push_back(std::move(sentence));
}

std::string KillTable::text() const {
  std::ostringstream out;
  const auto row = [&](const char* what, std::uint64_t value) { out << "  " << what << std::string(38 - std::string(what).size(), ' ') << value << "\n"; };
  row("rounds", rounds);
  row("ended by signal 9 after enough work", kills);
  row("events acknowledged", acked);
  row("commands asked", commands);
  row("  of these refused", refused);
  row("rules saved", rules);
  row("requests in doubt at the kill", in_doubt);
  row("  of these durable before it", in_doubt_done);
  row("a yes acknowledged", approved);
  row("stops on record", stops);
  row("effects seen by the witness", effects);
  row("LOST", lost);
  row("CHANGED", changed);
  row("TWICE", twice);
  row("EFFECT WITHOUT A DURABLE DISPATCH", unfounded);
  row("SENT, AND NEVER ENDED", unended);
  row("STREAM GAPS OR REPEATS", stream_breaks);
  row("VERIFY NOT OK", verify_failed);
  row("ROUNDS THAT PROVE NOTHING", idle);
  out << "  exec to ready                         p50 " << percentile(ready, 0.5) << ", p99 " << percentile(ready, 0.99) << "\n";
  for (const auto& [point, times] : points) out << "  killed " << times << " times: " << point << "\n";
  for (const std::string& sentence : complaints) out << "  ! " << sentence << "\n";
  return out.str();
}

KillTable run_kill_rounds(const KillOptions& options) {
  KillTable table;
  std::mt19937_64 dice(options.seed);
  for (int done = 0; done < options.rounds; done += rounds_per_directory)
    Life(options, table, dice).live(std::min(rounds_per_directory, options.rounds - done));
  return table;
}

}  // namespace heliograph::e2e
