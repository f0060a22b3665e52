// The shell of the outbox: follows the log, delivers on threads of its own, puts on record what came of it. Whatever happens
// here, the house goes on.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "actors/engine.hpp"
#include "actors/notify/options.hpp"
#include "actors/notify/outbox.hpp"

namespace heliograph {

struct NotifierOptions {
  notify::NotifyOptions channels;
  Digest key{};  // of the proofs of approvals
  std::size_t threads = 3;
};

/// A question as a stranger with its link, or somebody with an enrolled number, may see it.
struct PutQuestion {
  notify::Question question;
  std::string contact;  // the mail address or number that was asked
  bool open = false;
};

/// How delivering by one kind of channel goes.
struct ChannelState {
  notify::ChannelKind kind = notify::ChannelKind::mail;
  std::uint64_t delivered = 0, failed = 0;  // tries since the start
  Micros last_at = 0;                       // of the last try; 0 = there was none
  std::string last_error;                   // of the last try; empty = it was delivered
};

class Notifier {
 public:
  /// Errors: those of make_channels. The engine outlives it.
  static Result<std::unique_ptr<Notifier>> start(Engine& engine, NotifierOptions options);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // What came in; any thread.
  std::optional<PutQuestion> by_link(std::string_view token);
  bool is_mail_code(std::string_view token, std::string_view code);
  /// Questions that were sent to this number, open ones first, and whether the code is that of each.
  std::vector<std::pair<PutQuestion, bool>> by_number(std::string_view number, std::string_view code);
  const notify::NotifyOptions& options() const { return options_.channels; }

  /// Deliveries that are not settled, and tries that were made since the start.
  std::size_t open();
  std::uint64_t tries() const { return tries_; }
  /// Of the kinds that are configured, or were tried.
  std::vector<ChannelState> channels();
  /// No try begins after it; one that is under way ends first. Idempotent.
  void stop();

 private:
  Notifier(Engine& engine, NotifierOptions options, std::vector<std::unique_ptr<notify::Channel>> host);
  Result<Position> fold_the_past();
  void told(const News& news);
  void work();
  notify::Channel* channel(const notify::Route& route);
  void note(const notify::Route& route, const notify::Delivery& delivery);
  void settle(const notify::Due& due, const notify::Delivery& delivery);

  Engine& engine_;
  NotifierOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  notify::Outbox outbox_;             // guarded by mutex_, like all below
  std::vector<notify::Due> ready_;    // handed out, and not begun
  std::set<std::string> busy_;        // channels with a try under way
  std::map<std::string, std::unique_ptr<notify::Channel>> channels_;
  std::map<notify::ChannelKind, ChannelState> states_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> tries_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace heliograph
