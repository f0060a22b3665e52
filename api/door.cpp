#include "api/door.hpp"

#include <algorithm>
#include <charconv>

#include "actors/notify/address.hpp"
#include "actors/people/bearer.hpp"

namespace heliograph::api {
namespace {

struct Credentials {
  std::string token;
  bool from_cookie = false;
};

/// Bearer and key headers first: with them a cookie does not count (it may be there without anybody's will).
std::optional<Credentials> read_credentials(const http::Request& request) {
  if (const auto header = request.header("Authorization")) {
    constexpr std::string_view bearer = "Bearer ";
    if (header->size() <= bearer.size() || !http::same_ignoring_case(header->substr(0, bearer.size()), bearer)) return Credentials{};
    return Credentials{std::string(header->substr(bearer.size())), false};
  }
  if (const auto header = request.header("X-API-Key"))  // for keys only: a person's token belongs in no header that a proxy may write down
    return Credentials{header->starts_with(people::api_key_mark) ? std::string(*header) : std::string(), false};
  if (auto cookie = Door::cookie(request, Door::access_cookie(request.secure))) return Credentials{std::move(*cookie), true};
  return std::nullopt;
}

http::Problem not_let_in(const char* type, const char* sentence, const char* challenge) {
  http::Problem problem{401, type, {}, sentence};
  problem.headers.emplace_back("WWW-Authenticate", challenge);
  return problem;
}

bool is_this_machine(std::string_view peer) {
  const auto address = notify::parse_address(peer);
  return address && notify::place_of(*address) == notify::Place::loopback;
}

bool changes(http::Method method) { return method != http::Method::get && method != http::Method::head && method != http::Method::options; }

/// A page of our own says so in a way that a foreign page cannot: the browser writes these headers itself.
bool is_from_our_page(const http::Request& request) {
  if (const auto site = request.header("Sec-Fetch-Site")) return *site == "same-origin";
  return request.header("Origin").has_value();  // the router has held it against Host
}

std::optional<Permission> permission_named(std::string_view word) {
  for (std::size_t i = 0; i < permissions; ++i)
    if (name(static_cast<Permission>(i)) == word) return static_cast<Permission>(i);
  return std::nullopt;
}

/// Of the demo, where everybody may look.
Standing visitor() { return {home_tenant(), {PrincipalKind::system, "visitor"}, {Permission::see, Permission::audit, Permission::see_people, Permission::host}, {}, {}, false}; }

}  // namespace

Door::Door(Engine& engine, const Digest& key, DoorOptions options)
    : engine_(engine), secrets_(key), mint_(secrets_), options_(std::move(options)), setup_code_(people::random_id(8)) {}

bool is_address_in(std::string_view address, std::string_view range) {
  const auto slash = range.find('/');
  const auto a = notify::parse_address(address), net = notify::parse_address(range.substr(0, slash));
  if (!a || !net || a->v4 != net->v4) return false;
  const unsigned before = net->v4 ? 96 : 0;  // of the 128 that an address is kept in
  unsigned bits = 128 - before;
  if (slash != std::string_view::npos) {
    unsigned given = 0;
    const auto* end = range.data() + range.size();
    if (std::from_chars(range.data() + slash + 1, end, given).ptr != end || given > bits) return false;
    bits = given;
  }
  for (unsigned bit = before; bit < before + bits; ++bit)
    if (((a->bytes[bit / 8] ^ net->bytes[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
  return true;
}

bool Door::is_crowd(const std::string& address) const {
  return is_this_machine(address) || std::any_of(options_.trusted_proxies.begin(), options_.trusted_proxies.end(), [&](const std::string& range) { return is_address_in(address, range); });
}

/// What a proxy says of who is behind it counts only when the proxy is ours; from anybody else it is a claim. Addresses are read from
/// the right, where each proxy adds the one that it has seen: the first that is none of ours is the peer.
void Door::believe_proxy(http::Request& request) const {
  if (!options_.proxied) return;
  if (!is_crowd(request.peer)) return;
  std::string passed;
  for (const auto& [key, value] : request.headers) {
    if (http::same_ignoring_case(key, "X-Forwarded-For")) passed += (passed.empty() ? "" : ",") + value;
    if (http::same_ignoring_case(key, "X-Forwarded-Proto")) request.secure = http::same_ignoring_case(value, "https");  // the last word is our proxy's
  }
  while (!passed.empty() && is_crowd(request.peer)) {
    const auto comma = passed.rfind(',');
    std::string last = passed.substr(comma == std::string::npos ? 0 : comma + 1);
    passed.resize(comma == std::string::npos ? 0 : comma);
    std::erase(last, ' ');
    if (!is_address_in(last, last)) return;
    constexpr std::string_view mapped = "::ffff:";  // a proxy on a socket for both says it so
    if (last.starts_with(mapped) && last.find('.') != std::string::npos) last.erase(0, mapped.size());
    request.peer = std::move(last);
  }
}

std::optional<std::string> Door::cookie(const http::Request& request, std::string_view name) {
  std::optional<std::string> found;
  for (const auto& [key, value] : request.headers) {
    if (!http::same_ignoring_case(key, "Cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto end = rest.find(';');
      std::string_view pair = rest.substr(0, end);
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
      if (found) return std::nullopt;  // two of one name: somebody has set one beside ours
      found = std::string(pair.substr(equals + 1));
    }
  }
  return found;
}

bool Door::is_at_this_machine(const http::Request& request) const {
  // A proxy that nobody told us of makes everybody look so; it leaves its marks.
  for (const char* mark : {"X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"})
    if (request.header(mark)) return false;
  return !options_.proxied && is_this_machine(request.peer);
}

/// "hg_<id>_<secret>" is a key; everything else has to be an access token.
std::optional<Standing> Door::standing_of(std::string_view token) const {
  const Micros now = engine_.clock().now();
  if (token.starts_with(people::api_key_mark)) {
    const auto shown = people::read_api_key(token);
    if (!shown) return std::nullopt;
    return engine_.people().read([&](const People& people) -> std::optional<Standing> {
      const ApiKey* key = people.key(shown->id);
      if (key == nullptr || !same_secret(key->about.digest, bytes_of(shown->digest))) return std::nullopt;
      return people.standing(shown->id, now);
    });
  }
  const auto session = mint_.check(token, now);
  if (!session) return std::nullopt;
  return engine_.people().read([&](const People& people) { return people.standing(*session, now); });
}

void Door::check(const std::vector<http::Route>& routes) {
  for (const http::Route& route : routes)
    ensure(route.needs == http::everybody || permission_named(route.needs), "a route needs a permission that there is", route.path.c_str());
}

std::optional<http::Problem> Door::admit(const http::Route& route, http::Request& request) {
  believe_proxy(request);
  if (route.needs == http::everybody || (options_.public_metrics && route.operation_id == "metrics")) return std::nullopt;
  const auto needed = permission_named(route.needs);
  const auto credentials = read_credentials(request);
  std::optional<Standing> standing;
  if (credentials) {
    standing = standing_of(credentials->token);
    if (!standing)
      return not_let_in("not-logged-in", "The token or key does not hold: it is over, was revoked, or is not from here. Log in again.", "Bearer realm=\"heliograph\", error=\"invalid_token\"");
  } else if (options_.open) {
    standing = visitor();
  } else {
    return not_let_in("not-logged-in", "Log in first (POST /api/v1/auth/login), or send an API key.", "Bearer realm=\"heliograph\"");
  }
  // A browser names the page that opens a socket; the router has held it against Host.
  if (credentials && credentials->from_cookie && route.socket && !request.header("Origin"))
    return http::Problem{403, "foreign-origin", {}, "A socket with a cookie must be opened by a page of this server: send a bearer token instead."};
  if (credentials && credentials->from_cookie && changes(request.method) && !is_from_our_page(request))
    return http::Problem{403, "foreign-origin", {}, "A change with a cookie must come from a page of this server: send a bearer token instead."};
  if (!standing->may.has(*needed)) {
    note_refusal(route, request, *standing);
    http::Problem problem{403, "forbidden", "Not allowed", "This needs the permission \"" + route.needs + "\", which " + to_string(standing->principal) + " does not have: ask an admin."};
    problem.extra.emplace_back("needs", "\"" + route.needs + "\"");
    return problem;
  }
  if (route.fresh && !standing->stepped_up && !options_.open)
    return not_let_in("step-up", "This is dangerous: prove once more who you are (POST /api/v1/auth/step-up), then send it again within five minutes.",
                      "Bearer realm=\"heliograph\", error=\"insufficient_user_authentication\"");
  request.caller = std::shared_ptr<const Access>(new Access(std::move(*standing)));
  return std::nullopt;
}

std::shared_ptr<const Access> Door::who_asks(const http::Request& request) const {
  std::optional<Standing> standing;
  if (const auto credentials = read_credentials(request)) standing = standing_of(credentials->token);
  else if (options_.open) standing = visitor();
  return standing ? std::shared_ptr<const Access>(new Access(std::move(*standing))) : nullptr;
}

/// Passes everything on, and tells the door of the stream that was opened.
class Door::WatchedAnswer final : public http::Answer {
 public:
  WatchedAnswer(Door& door, const http::Request& request, http::Responder to) : door_(door), request_(request), to_(std::move(to)) {}
  void send(http::Response response) override { to_.send(std::move(response)); }
  http::StreamHandle open_stream(http::Headers headers) override {
    auto stream = to_.open_stream(std::move(headers));
    door_.listens({stream, [weak = std::weak_ptr(stream)] { if (const auto open = weak.lock()) open->abort(); }, access_of(request_).standing()});
    return stream;
  }
  http::SocketHandle open_socket(http::Headers headers, std::string, http::SocketWatch watch) override {
    auto socket = to_.open_socket(request_, std::move(watch), std::move(headers));
    const auto end = [weak = std::weak_ptr(socket)] { if (const auto open = weak.lock()) open->close(http::Close::not_authenticated, "Log in again."); };
    door_.listens({socket, end, access_of(request_).standing()});
    return socket;
  }

 private:
  Door& door_;
  const http::Request request_;
  http::Responder to_;
};

http::Responder Door::watched(const http::Request& request, http::Responder responder) {
  return http::Responder(std::make_shared<WatchedAnswer>(*this, request, std::move(responder)));
}

void Door::listens(Listener listener) {
  const std::lock_guard lock(listeners_mutex_);
  if (listeners_.size() == listeners_.capacity()) std::erase_if(listeners_, [](const Listener& each) { return each.open.expired(); });
  listeners_.push_back(std::move(listener));
  // Between the door and here the login may have ended, and nobody looked at what was not there yet.
  const Listener& last = listeners_.back();
  if (!engine_.people().read([&](const People& people) { return still_stands(people, last.standing, engine_.clock().now()); })) last.end();
}

bool Door::still_stands(const People& people, const Standing& then, Micros now) {
  if (then.principal.kind == PrincipalKind::system) return true;  // the demo's visitors
  const auto is = then.session.empty() ? people.standing(ApiKeyId{then.principal.name}, now) : people.standing(then.session, now);
  return is && is->may == then.may && is->sites == then.sites;
}

void Door::look_at_streams(bool at_once) {
  const Micros now = engine_.clock().now();
  const std::lock_guard lock(listeners_mutex_);
  if (!at_once && now - looked_at_ < 10 * second_us) return;
  looked_at_ = now;
  engine_.people().read([&](const People& people) {
    for (const Listener& each : listeners_)
      if (!still_stands(people, each.standing, now)) each.end();
  });
  std::erase_if(listeners_, [](const Listener& each) { return each.open.expired(); });
}

Micros Door::stranger_locked_for(const TenantId& tenant, const UserId& user, Micros at) {
  const std::lock_guard lock(strangers_mutex_);
  return strangers_.locked_for(name_of(tenant, user), at);
}

void Door::note_stranger(const TenantId& tenant, const UserId& user, Micros at) {
  const std::lock_guard lock(strangers_mutex_);
  strangers_.failed(name_of(tenant, user), at);
}

void Door::note_refusal(const http::Route& route, const http::Request& request, const Standing& who) {
  if (!refusals_.take(who.tenant.text + " " + to_string(who.principal), engine_.clock().now())) return;
  engine_.request_people(who.tenant, [refused = AccessRefused{route.operation_id, route.needs, request.peer}, principal = who.principal](People& people, Micros at, Journal& journal) {
    return people.refused_access(refused, principal, at, journal);
  }, [](const Result<SiteReply>&) {});
}

}  // namespace heliograph::api
