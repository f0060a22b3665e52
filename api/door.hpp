// The door: reads who asks out of a request, looks up what they may now, and lets them in or says why not. The one place where an
// Access is made. Nothing is remembered between requests: whoever was logged out a moment ago is out.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "actors/core/strangers.hpp"
#include "actors/engine.hpp"
#include "actors/people/passwords.hpp"
#include "actors/people/tokens.hpp"
#include "api/access.hpp"
#include "api/http/router.hpp"
#include "api/quota.hpp"

namespace heliograph::api {

struct DoorOptions {
  bool open = false;     // the demo: everybody may look, nobody is anybody
  bool proxied = false;  // behind a proxy, where every peer looks like this machine
  std::vector<std::string> trusted_proxies = {};  // besides those on this machine: addresses and CIDR ranges
  bool public_metrics = false;
};

/// Whether an address is one, or lies in a range: "10.0.0.7", "10.0.0.0/8", "fd00::/8". False for what cannot be read.
bool is_address_in(std::string_view address, std::string_view range);

class Door {
 public:
  /// `key`: of this installation (DATA/people.key). The engine outlives it.
  Door(Engine& engine, const Digest& key, DoorOptions options);

  /// A process whose table asks for a permission that there is not does not start.
  static void check(const std::vector<http::Route>& routes);
  /// For RouterOptions::admit. Requires: the route was checked.
  std::optional<http::Problem> admit(const http::Route& route, http::Request& request);

  /// Who asks, on a route that is for everybody; null when nobody that is known does.
  std::shared_ptr<const Access> who_asks(const http::Request& request) const;

  const people::Secrets& secrets() const { return secrets_; }
  const people::TokenMint& mint() const { return mint_; }
  people::SlowLane& slow_lane() { return slow_; }
  /// The same responder, whose stream or socket ends (4401) when who asked may not go on. Requires: admitted, with a permission.
  http::Responder watched(const http::Request& request, http::Responder responder);
  /// Whether who was let in with this standing may go on: what holds a connection open asks again whenever something about people is news.
  static bool still_stands(const People& people, const Standing& then, Micros now);
  /// Looks at every open stream again: whoever was logged out, changed or revoked does not listen any longer. At most every ten
  /// seconds unless `at_once`.
  void look_at_streams(bool at_once);
  /// After this nothing of a login is under way.
  void stop() { slow_.stop(); }
  bool is_open() const { return options_.open; }
  /// The code that the first owner needs when not at this machine; printed at the start.
  const std::string& setup_code() const { return setup_code_; }
  bool is_at_this_machine(const http::Request& request) const;
  /// Whether many may come from there: this machine, or a proxy that is ours.
  bool is_crowd(const std::string& address) const;
  /// How long a login by a name that nobody has is refused, and that one has failed.
  Micros stranger_locked_for(const TenantId& tenant, const UserId& user, Micros at);
  void note_stranger(const TenantId& tenant, const UserId& user, Micros at);
  /// A session proves who it is at most five times a minute, however well its device is known.
  bool may_prove(const SessionId& session) { return proofs_.take(session.text, engine_.clock().now()); }
  /// Each refresh is an entry in the log: ten a minute are enough for a session.
  bool may_refresh(const SessionId& session) { return refreshes_.take(session.text, engine_.clock().now()); }

  // Names of cookies. With TLS they are bound to the host (__Host-).
  static std::string access_cookie(bool secure) { return secure ? "__Host-heliograph" : "heliograph"; }
  static std::string refresh_cookie(bool secure) { return secure ? "__Secure-heliograph-refresh" : "heliograph-refresh"; }
  /// The value of a cookie that came once; nothing otherwise.
  static std::optional<std::string> cookie(const http::Request& request, std::string_view name);

 private:
  /// A stream or socket that is open, and how it ends when whoever listens may not any longer.
  struct Listener {
    std::weak_ptr<void> open;
    std::function<void()> end;
    Standing standing;
  };
  class WatchedAnswer;
  void believe_proxy(http::Request& request) const;
  void listens(Listener listener);
  std::optional<Standing> standing_of(std::string_view token) const;
  void note_refusal(const http::Route& route, const http::Request& request, const Standing& who);

  Engine& engine_;
  people::Secrets secrets_;
  people::TokenMint mint_;
  people::SlowLane slow_;
  DoorOptions options_;
  std::string setup_code_;
  std::mutex listeners_mutex_;
  std::vector<Listener> listeners_;  // guarded by listeners_mutex_
  Micros looked_at_ = 0;             // guarded by listeners_mutex_
  Digest name_of(const TenantId& tenant, const UserId& user) const { return secrets_.keyed_digest("name", tenant.text + "/" + user.text); }
  std::mutex strangers_mutex_;
  Strangers strangers_;               // guarded by strangers_mutex_
  Quota refusals_{10, 300};           // on record: a noisy key does not crowd out what others were refused
  Quota refreshes_{10, 100'000};
  Quota proofs_{5, 10'000};           // of one session: whoever has stolen it does not guess the password
};

}  // namespace heliograph::api
