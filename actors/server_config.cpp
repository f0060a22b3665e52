#include "actors/server_config.hpp"

#include <algorithm>
#include <charconv>

#include "actors/notify/address.hpp"

namespace heliograph {
namespace {

using Problems = std::vector<DocumentProblem>;
constexpr std::string_view digits = "0123456789";

bool is_number_up_to(std::string_view text, int most) {
  int value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos && wrong == std::errc{} && end == text.data() + text.size() && value <= most;
}

/// A name in small letters, or an address as a URL has it: "hub.example", "192.0.2.1", "[2001:db8::1]".
bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    const auto address = text.ends_with(']') ? notify::parse_address(text.substr(1, text.size() - 2)) : std::nullopt;
    return address && !address->v4;
  }
  return !text.empty() && text.size() <= 253 && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos && text.front() != '.' &&
         text.front() != '-' && text.back() != '.' && text.find("..") == std::string_view::npos;
}

/// "hub.example:8443": a host, and perhaps a port.
bool is_host_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) return is_host(text);
  const std::string_view port = text.substr(colon + 1);
  return is_host(text.substr(0, colon)) && is_number_up_to(port, 65'535) && port != "0";
}

bool is_origin(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"})
    if (text.starts_with(scheme)) return is_host_and_port(text.substr(scheme.size()));
  return false;
}

bool is_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = notify::parse_address(text.substr(0, slash));
  return address && (slash == std::string_view::npos || is_number_up_to(text.substr(slash + 1), address->v4 ? 32 : 128));
}

bool is_public_url(std::string_view text) {
  if (!text.starts_with("https://") || text.ends_with('/')) return false;
  text.remove_prefix(8);
  const auto slash = text.find('/');
  const std::string_view path = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  return is_host_and_port(text.substr(0, slash)) && std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#'; });
}

/// A list of texts that each are what `is` says.
std::vector<std::string> read_list(FieldReader& fields, std::string_view key, bool (*is)(std::string_view), std::string_view should_be) {
  std::vector<std::string> out;
  const Document* list = fields.find(key);
  if (list == nullptr) return out;
  if (list->kind != Document::Kind::array) {
    fields.problem(key, "\"" + std::string(key) + "\" is a list: [\"...\", \"...\"].");
    return out;
  }
  for (const Document& item : list->items) {
    const bool text = item.kind == Document::Kind::text;
    if (text && is(item.string)) out.push_back(item.string);
    else fields.problem(key, (text ? quoted(item.string) : "What is no text") + " cannot stand in \"" + std::string(key) + "\": " + std::string(should_be));
  }
  return out;
}

/// Whether only this machine reaches it; nothing when it is no address to listen on.
std::optional<bool> is_loopback(std::string_view listen) {
  const auto colon = listen.rfind(':');
  if (colon == std::string_view::npos || !is_number_up_to(listen.substr(colon + 1), 65'535)) return std::nullopt;
  std::string_view host = listen.substr(0, colon);
  if (host == "localhost") return true;
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  const auto address = notify::parse_address(host);
  if (!address || address->v4 == brackets) return std::nullopt;
  return notify::place_of(*address) == notify::Place::loopback;
}

void read_tls(FieldReader& root, Problems& problems, ServerConfig& out) {
  const Document* section = root.find("tls");
  if (section == nullptr) return;
  const Place place = root.place("tls");
  FieldReader fields(*section, place, "\"tls\"", problems);
  const auto certificate = fields.text("certificate"), key = fields.text("key");
  fields.refuse_others();
  const bool has_certificate = fields.find("certificate") != nullptr, has_key = fields.find("key") != nullptr;
  if (has_certificate != has_key)
    fields.problem(has_key ? "certificate" : "key", "A certificate and its key come together: give both \"certificate\" and \"key\", or neither.");
  if (certificate == "" || key == "") fields.problem(certificate == "" ? "certificate" : "key", "Name a PEM file here.");
  if (certificate && key) out.tls = TlsFiles{*certificate, *key};
}

void read_door(FieldReader& root, Problems& problems, ServerConfig& out) {
  const Document* section = root.find("server");
  if (section == nullptr) return;
  const Place place = root.place("server");
  FieldReader fields(*section, place, "\"server\"", problems);
  out.behind_proxy = fields.truth("behind_proxy").value_or(false);
  out.trusted_proxies = read_list(fields, "trusted_proxies", is_network, "write an address or a range, such as 10.0.0.5 or 10.0.0.0/8.");
  out.allowed_hosts = read_list(fields, "allowed_hosts", is_host, "write a host's name in small letters and without a port, such as hub.example.org.");
  out.cors_origins = read_list(fields, "cors_origins", is_origin, "write an exact origin without a path, such as https://app.example.org or http://nas:8080.");
  if (const auto url = fields.text("public_url")) {
    if (is_public_url(*url)) out.public_url = *url;
    else fields.problem("public_url", "\"public_url\" is where people find Heliograph, without a slash at its end, such as https://hub.example.org.");
  }
  if (const auto most = fields.scaled("requests_per_minute", 0, 0, 10'000'000, "requests")) out.requests_per_minute = static_cast<unsigned>(*most);
  if (const auto most = fields.scaled("connections", 0, 16, 100'000, "connections")) out.connections = static_cast<unsigned>(*most);
  out.allow_root = fields.truth("allow_root").value_or(false);
  fields.refuse_others();
}

void read_metrics(FieldReader& root, Problems& problems, ServerConfig& out) {
  const Document* section = root.find("metrics");
  if (section == nullptr) return;
  const Place place = root.place("metrics");
  FieldReader fields(*section, place, "\"metrics\"", problems);
  out.public_metrics = fields.truth("public").value_or(false);
  fields.refuse_others();
}

}  // namespace

ServerConfig read_server(FieldReader& root, Problems& problems) {
  ServerConfig out;
  read_tls(root, problems, out);
  read_door(root, problems, out);
  read_metrics(root, problems, out);
  out.listen = root.text("listen").value_or(out.listen);
  const auto loopback = is_loopback(out.listen);
  if (!loopback)
    root.problem("listen", quoted(out.listen) + " is no address to listen on: write it as 127.0.0.1:8080 or [::1]:8080.");
  else if (!*loopback && !out.tls && !out.behind_proxy)
    root.problem("listen", "At " + quoted(out.listen) + " other machines could listen in, for nothing would be encrypted: listen on 127.0.0.1, or give [tls] a "
                           "certificate and a key, or put a proxy with TLS before it and write behind_proxy = true under [server].");
  return out;
}

}  // namespace heliograph
