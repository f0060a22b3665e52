#include "actors/notify/transport.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace heliograph::notify {
namespace {

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, FreeHandle>;
using List = std::unique_ptr<curl_slist, FreeList>;

void append(List& list, const std::string& text) {
  curl_slist* const longer = curl_slist_append(list.get(), text.c_str());
  ensure(longer != nullptr, "there is memory for a line", "transport");
  (void)list.release();  // it is the head of `longer`, or there was none
  list.reset(longer);
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  // An option that this libcurl does not know would be a bound that silently is none.
  ensure(curl_easy_setopt(handle, option, value) == CURLE_OK, "libcurl knows the option", "transport");
}

/// What one exchange may touch, and what it left behind.
struct Exchanged {
  const TransportOptions* options = nullptr;
  std::vector<Address> addresses;  // checked; the socket opens to these only
  std::string upload;
  std::size_t uploaded = 0;
  std::string body;
  bool cut = false;
  std::size_t head_bytes = 0;
  bool head_too_long = false;
  std::optional<std::string> retry_after;
  int refusal = 0;  // the SMTP reply, 400 or more, that ended it
};

std::size_t take_body(char* bytes, std::size_t one, std::size_t count, void* context) {
  auto& exchanged = *static_cast<Exchanged*>(context);
  const std::size_t size = one * count, room = exchanged.options->answer_bytes_max - exchanged.body.size();
  exchanged.body.append(bytes, std::min(size, room));
  if (size <= room) return size;
  exchanged.cut = true;
  return 0;  // ends the transfer
}

std::size_t take_head(char* bytes, std::size_t one, std::size_t count, void* context) {
  auto& exchanged = *static_cast<Exchanged*>(context);
  const std::size_t size = one * count;
  exchanged.head_bytes += size;
  if (exchanged.head_bytes > exchanged.options->head_bytes_max) {
    exchanged.head_too_long = true;
    return 0;
  }
  std::string line(bytes, size);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) line.pop_back();
  const int reply = line.size() >= 3 && line.compare(0, 4, "HTTP") != 0 ? std::atoi(line.substr(0, 3).c_str()) : 0;
  if (reply >= 400 && reply < 600) exchanged.refusal = reply;
  if (reply >= 200 && reply < 400 && reply != 221) exchanged.refusal = 0;  // it went on; 221 is only the goodbye
  static constexpr std::string_view name = "retry-after:";
  if (line.size() > name.size() && ::strncasecmp(line.c_str(), name.data(), name.size()) == 0)
    exchanged.retry_after = line.substr(std::min(line.find_first_not_of(" \t", name.size()), line.size()));
  return size;
}

std::size_t give_upload(char* room, std::size_t one, std::size_t count, void* context) {
  auto& exchanged = *static_cast<Exchanged*>(context);
  const std::size_t size = std::min(one * count, exchanged.upload.size() - exchanged.uploaded);
  exchanged.upload.copy(room, size, exchanged.uploaded);
  exchanged.uploaded += size;
  return size;
}

/// The last look: whatever curl believes, a socket opens only to an address that was checked.
curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* to) {
  const auto& exchanged = *static_cast<Exchanged*>(context);
  Address peer;
  if (to->family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &to->addr, sizeof v4);
    peer = address_v4(ntohl(v4.sin_addr.s_addr));
  } else if (to->family == AF_INET6) {
    std::memcpy(peer.bytes.data(), reinterpret_cast<const char*>(&to->addr) + offsetof(sockaddr_in6, sin6_addr), 16);
  } else {
    return CURL_SOCKET_BAD;
  }
  const auto known = [&](const Address& address) { return address.bytes == peer.bytes; };
  if (std::none_of(exchanged.addresses.begin(), exchanged.addresses.end(), known)) return CURL_SOCKET_BAD;
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

Handle new_handle() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  ensure(started == CURLE_OK, "libcurl starts", "transport");
  Handle handle(curl_easy_init());
  ensure(handle != nullptr, "libcurl has memory", "transport");
  return handle;
}

/// "host:port:address,address": curl asks no resolver. A literal address needs none.
List pinned(const std::string& host, std::uint16_t port, const std::vector<Address>& addresses) {
  List pins;
  if (parse_address(host)) return pins;
  std::string line = host + ":" + std::to_string(port) + ":";
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::string text = to_string(addresses[i]);
    line += (i > 0 ? "," : "") + (addresses[i].v4 ? text : "[" + text + "]");
  }
  append(pins, line);
  return pins;
}

/// At least one: curl takes zero for no bound at all.
long milliseconds(Micros span) { return std::max(1L, static_cast<long>(span / 1000)); }

/// Bounds, certificates and addresses: the same for HTTP and mail.
void prepare(CURL* handle, Exchanged& exchanged, curl_slist* pins, const char* protocols) {
  const TransportOptions& options = *exchanged.options;
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_PROTOCOLS_STR, protocols);
  set(handle, CURLOPT_PROXY, "");  // none from the environment either
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connect_timeout));
  set(handle, CURLOPT_TIMEOUT_MS, milliseconds(options.total_timeout));
  set(handle, CURLOPT_RESOLVE, pins);
  set(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(handle, CURLOPT_OPENSOCKETDATA, &exchanged);
  set(handle, CURLOPT_FORBID_REUSE, 1L);
  set(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) {
    set(handle, CURLOPT_CAINFO, options.ca_file.c_str());
    set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // that one and no other
  }
  set(handle, CURLOPT_WRITEFUNCTION, take_body);
  set(handle, CURLOPT_WRITEDATA, &exchanged);
  set(handle, CURLOPT_HEADERFUNCTION, take_head);
  set(handle, CURLOPT_HEADERDATA, &exchanged);
}

/// What a failed exchange means. `sent`: the request, or part of it, had left.
Exchange failed(CURLcode code, bool sent) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return Exchange::unreachable;
    default: return sent ? Exchange::unknown : Exchange::unreachable;
  }
}

std::string sentence(CURLcode code, const std::string& host) {
  switch (code) {
    case CURLE_COULDNT_CONNECT: return host + " takes no connection.";
    case CURLE_PEER_FAILED_VERIFICATION: return "The certificate of " + host + " is not one to trust for that name.";
    case CURLE_SSL_CONNECT_ERROR: return "No TLS connection to " + host + " came about.";
    case CURLE_SSL_CACERT_BADFILE: return "The file with trusted certificates cannot be read.";
    case CURLE_OPERATION_TIMEDOUT: return host + " did not answer in time.";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY: return host + " answers in another protocol.";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE: return host + " ended the connection half way.";
    default: return "The exchange with " + host + " failed (" + curl_easy_strerror(code) + ").";
  }
}

Exchange exchange_for(const Error& error) {
  if (error.code == Errc::invalid) return Exchange::wrong_address;
  return error.code == Errc::refused ? Exchange::forbidden_address : Exchange::unreachable;
}

bool has_line_end(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

long number(CURL* handle, CURLINFO info) {
  long value = 0;
  curl_easy_getinfo(handle, info, &value);
  return value;
}

void describe(CURL* handle, const Url& url, const HttpRequest& request, List& headers) {
  append(headers, "Expect:");  // no waiting for 100 Continue
  for (const std::string& header : request.headers) {
    ensure(!has_line_end(header), "a header is one line", "exchange");
    append(headers, header);
  }
  set(handle, CURLOPT_URL, url.text().c_str());
  set(handle, CURLOPT_PATH_AS_IS, 1L);
  set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(handle, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(handle, CURLOPT_HTTPHEADER, headers.get());
  set(handle, CURLOPT_USERAGENT, "Heliograph");
  if (request.method == "GET") return;
  ensure(request.method == "POST", "only GET and POST go out", "exchange");
  set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  set(handle, CURLOPT_POSTFIELDS, request.body.c_str());
}

HttpAnswer conclude(CURL* handle, CURLcode code, Exchanged&& exchanged, const std::string& host) {
  HttpAnswer answer;
  const auto status = static_cast<int>(number(handle, CURLINFO_RESPONSE_CODE));
  // An answer that was cut by our own bound has its status, and that is all that counts.
  if (code == CURLE_OK || (exchanged.cut && status >= 200)) {
    answer.exchange = Exchange::answered;
    answer.status = status;
    answer.body = std::move(exchanged.body);
    answer.cut = exchanged.cut;
    answer.retry_after = std::move(exchanged.retry_after);
    return answer;
  }
  answer.exchange = failed(code, number(handle, CURLINFO_REQUEST_SIZE) > 0);
  answer.detail = exchanged.head_too_long ? "The answer of " + host + " has too long a head." : sentence(code, host);
  return answer;
}

/// The addresses of a mail server. Without TLS the mail may not leave this machine, whatever the policy says.
Result<std::vector<Address>> mail_addresses(const MailServer& server, const TransportOptions& options) {
  AddressPolicy policy = options.policy;
  const bool plain = server.security == MailSecurity::plain_loopback;
  if (plain) policy.allow_loopback = true;
  auto addresses = checked_addresses(server.host, policy, options.resolve);
  const auto away = [](const Address& address) { return place_of(address) != Place::loopback; };
  if (addresses && plain && std::any_of(addresses->begin(), addresses->end(), away))
    return fail(Errc::refused, "Mail without TLS goes to a relay on this machine only.");
  return addresses;
}

void describe(CURL* handle, const MailServer& server, const std::string& from, const List& recipients,
              Exchanged& exchanged) {
  const std::string host = server.host.find(':') == std::string::npos ? server.host : "[" + server.host + "]";
  const std::string scheme = server.security == MailSecurity::tls ? "smtps://" : "smtp://";
  const std::string hello = server.hello_name.empty() ? "" : "/" + server.hello_name;
  const bool plain = server.security == MailSecurity::plain_loopback;
  set(handle, CURLOPT_URL, (scheme + host + ":" + std::to_string(server.port) + hello).c_str());
  set(handle, CURLOPT_USE_SSL, static_cast<long>(plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  if (!server.user.empty()) {
    set(handle, CURLOPT_USERNAME, server.user.c_str());
    set(handle, CURLOPT_PASSWORD, server.password.reveal().c_str());
    set(handle, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
  }
  set(handle, CURLOPT_MAIL_FROM, ("<" + from + ">").c_str());
  set(handle, CURLOPT_MAIL_RCPT, recipients.get());
  set(handle, CURLOPT_UPLOAD, 1L);
  set(handle, CURLOPT_READFUNCTION, give_upload);
  set(handle, CURLOPT_READDATA, &exchanged);
}

/// The addresses of a web service. http is for the house: what goes out to the internet is encrypted, whatever is
/// allowed.
Result<std::vector<Address>> web_addresses(const Url& url, const TransportOptions& options) {
  auto addresses = checked_addresses(url.host, options.policy, options.resolve);
  const auto outside = [](const Address& address) { return place_of(address) == Place::open; };
  if (addresses && !url.tls && std::any_of(addresses->begin(), addresses->end(), outside))
    return fail(Errc::refused, "Without TLS nothing goes to the public internet: use https.");
  return addresses;
}

}  // namespace

HttpAnswer exchange(const HttpRequest& request, const TransportOptions& options) {
  const auto unsent = [](Exchange how, const Error& error) {
    HttpAnswer answer;
    answer.exchange = how;
    answer.detail = error.sentence;
    return answer;
  };
  const auto url = check_url(request.url, options.policy);
  if (!url) return unsent(Exchange::wrong_address, url.error());
  Exchanged exchanged;
  exchanged.options = &options;
  auto addresses = web_addresses(*url, options);
  if (!addresses) return unsent(exchange_for(addresses.error()), addresses.error());
  exchanged.addresses = std::move(*addresses);

  const Handle handle = new_handle();
  List headers;
  const List pins = pinned(url->host, url->port, exchanged.addresses);
  prepare(handle.get(), exchanged, pins.get(), options.policy.allow_http ? "http,https" : "https");
  describe(handle.get(), *url, request, headers);
  const CURLcode code = curl_easy_perform(handle.get());
  return conclude(handle.get(), code, std::move(exchanged), url->host);
}

MailAnswer send_mail(const MailServer& server, const std::string& from, const std::string& to,
                     const std::string& message, const TransportOptions& options) {
  ensure(!has_line_end(from) && !has_line_end(to) && !has_line_end(server.hello_name), "an address is one line",
         "send_mail");
  MailAnswer answer;
  auto addresses = mail_addresses(server, options);
  if (!addresses) {
    answer.exchange = exchange_for(addresses.error());
    answer.detail = addresses.error().sentence;
    return answer;
  }
  Exchanged exchanged;
  exchanged.options = &options;
  exchanged.upload = message;
  exchanged.addresses = std::move(*addresses);

  const Handle handle = new_handle();
  List recipients;
  append(recipients, "<" + to + ">");
  const List pins = pinned(server.host, server.port, exchanged.addresses);
  prepare(handle.get(), exchanged, pins.get(), server.security == MailSecurity::tls ? "smtps" : "smtp");
  describe(handle.get(), server, from, recipients, exchanged);
  const CURLcode code = curl_easy_perform(handle.get());
  answer.accepted = code == CURLE_OK;
  answer.no_starttls = code == CURLE_USE_SSL_FAILED;
  answer.login_refused = code == CURLE_LOGIN_DENIED;
  answer.code = answer.accepted ? 250 : exchanged.refusal;
  answer.exchange = answer.accepted || answer.code > 0 ? Exchange::answered : failed(code, exchanged.uploaded > 0);
  if (!answer.accepted) answer.detail = sentence(code, server.host);
  return answer;
}

}  // namespace heliograph::notify
