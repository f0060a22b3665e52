// What is to be told to whom, and how far that has come. Pure: folded from the log, so a restart finds what was not delivered;
// who delivers (actors/notifier.hpp) asks for what is due and says what came of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/notify/approval_proof.hpp"
#include "actors/notify/channel.hpp"
#include "events/record.hpp"

namespace heliograph::notify {

/// One way to reach somebody. `address` of a contact that a site's preferences name; empty for those of the host's configuration.
struct Route {
  ChannelKind kind = ChannelKind::mail;
  std::string name;  // of the channel: "mail/anna"
  std::string address;
  auto operator<=>(const Route&) const = default;
};

/// A try that is due.
struct Due {
  std::uint64_t delivery = 0;
  Route route;
  SiteKey site;
  Notice notice;
  int number = 1;  // of the try
};

/// A question, open or answered, and who was asked. Kept for a day, so that a late click hears what came of it.
struct Asked {
  Question question;
  std::vector<std::pair<ChannelKind, std::string>> contacts;  // mail addresses and numbers
  bool open = true;
};

class Outbox {
 public:
  /// `base_url`: where people find Heliograph; empty = mails carry no link, and nobody approves by mail. `host`: channels of
  /// the host's configuration; mail and text messages among them with their address.
  Outbox(ApprovalProof proof, std::string base_url, std::vector<Route> host);

  /// What stood before the records that are applied.
  void know(const SiteKey& site, const SiteConfigured& settings);
  void know(const SiteKey& site, const PreferencesSet& wishes);
  void apply(const Record& record);
  /// Everything applied so far is of an earlier run: what is not settled may have been tried.
  void caught_up();

  std::optional<Micros> next_due() const;
  /// Each is handed out once until it `ended`.
  std::vector<Due> take_due(Micros now);
  /// The fact to put on record when that was the last try.
  std::optional<NotificationSettled> ended(std::uint64_t delivery, const Delivery& outcome, Micros now);
  /// Deliveries that are not settled.
  std::size_t open() const { return deliveries_.size(); }

  /// The question whose mail to `contact` carried this link; nothing for anything else. Takes as long for a near miss.
  struct ByLink { const Asked* asked; std::string contact; };
  std::optional<ByLink> by_link(std::string_view token) const;
  bool is_code(const Asked& asked, ChannelKind kind, std::string_view contact, std::string_view code) const;
  /// Questions that were sent to this number, the open ones first.
  std::vector<const Asked*> by_number(std::string_view number) const;

  static constexpr Micros remind_before = 90 * second_us;  // of an approval's end
  static constexpr Micros kept = day_us;

 private:
  struct Home {
    SiteConfigured settings;
    PreferencesSet wishes;
  };
  struct Pending {
    Position about = 0;
    std::string part;   // "" or "reminder", "resolved": what of it is told
    std::string alert;  // of an alert
    Due due;
    Micros next_at = 0;
    int tries = 0;
    bool out = false;
  };
  struct Command {
    Principal who;
    std::string why, sentence;  // a sentence once people were asked
    Position asked = 0;
    bool granted = false;
  };
  using CommandKey = std::pair<SiteKey, std::string>;

  Home& home(const SiteKey& site);
  std::vector<Route> routes(const SiteKey& site) const;
  Notice notice(const Record& record, NoticeKind kind, std::string title, std::string text);
  void tell(const Record& record, const Notice& notice, const Route& route, Micros at, std::string part = {}, std::string alert = {});
  Micros not_quiet(const SiteKey& site, const Route& route, Severity severity, Micros at);
  bool wanted(const SiteKey& site, const Route& route, Severity severity);

  void apply_command(const Record& record);
  void apply_alert(const Record& record);
  void ask_people(const Record& record, const ApprovalRequested& event);
  void no_longer_asked(const SiteKey& site, const CommandId& command);
  void result(const Record& record, const CommandId& command, const std::string& title);
  void alert_over(const Record& record, const std::string& alert, Phase phase);
  void forget_old(Micros now);

  ApprovalProof proof_;
  std::string base_url_;
  std::vector<Route> host_;
  std::map<SiteKey, Home> homes_;
  std::map<CommandKey, Command> commands_;
  std::map<CommandKey, Asked> asked_;
  std::map<std::pair<SiteKey, std::string>, AlertRaised> alerts_;  // open ones, and who was told: told_
  std::map<std::pair<SiteKey, std::string>, std::vector<Route>> told_;
  std::map<std::uint64_t, Pending> deliveries_;
  std::uint64_t next_delivery_ = 1;
};

/// How long an alert stays untold: what mends itself within it is only on record.
Micros notify_after(std::string_view alert);
/// A name for a contact that does not show the address: "to-1f2e3d4c".
std::string contact_id(std::string_view address);

}  // namespace heliograph::notify
