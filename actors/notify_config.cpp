#include "actors/notify_config.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace heliograph {
namespace {

using Problems = std::vector<DocumentProblem>;
constexpr std::size_t secret_bytes_max = 8'192;

/// {"file": "/run/secrets/smtp"} or {"env": "SMTP_PASSWORD"}; never the secret itself, so that a configuration can be shown.
Secret read_secret(FieldReader& parent, std::string_view key, Problems& problems) {
  const Document* node = parent.find(key);
  if (node == nullptr) return {};
  const Place here = parent.place(key);
  FieldReader fields(*node, here, "A secret", problems);
  const auto file = fields.text("file"), variable = fields.text("env");
  fields.refuse_others();
  if (file.has_value() == variable.has_value()) {
    if (node->kind == Document::Kind::object) parent.problem(key, "A secret names a file or an environment variable: {\"file\": \"/run/secrets/smtp\"} or {\"env\": \"SMTP_PASSWORD\"}.");
    return {};
  }
  std::string text;
  if (variable) {
    const char* value = std::getenv(variable->c_str());
    if (value == nullptr) parent.problem(key, "The environment variable " + quoted(*variable) + " is not set.");
    else text = value;
  } else {
    std::ifstream in(*file, std::ios::binary);
    if (!in) parent.problem(key, "The file " + quoted(*file) + " cannot be read: check its name and rights.");
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty() || text.size() > secret_bytes_max) parent.problem(key, "The secret is empty or longer than 8 kB.");
  return Secret(std::move(text));
}

template <class Read>
void each(FieldReader& parent, std::string_view key, const Read& read) {
  const Document* node = parent.find(key);
  if (node == nullptr) return;
  if (node->kind != Document::Kind::array) return parent.problem(key, "\"" + std::string(key) + "\" is a list: [{...}, {...}].");
  const Place list = parent.place(key);
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    const Place here = list.at(i);
    read(node->items[i], here);
  }
}

std::string text_of(FieldReader& fields, std::string_view key, std::string_view example) {
  fields.require(key, example);
  return fields.text(key).value_or("");
}

notify::MailOptions read_mail(const Document& node, const Place& place, Problems& problems) {
  FieldReader fields(node, place, "The mail server", problems);
  notify::MailOptions out;
  out.server.host = text_of(fields, "host", "\"host\": \"smtp.example.org\"");
  const auto security = fields.text("security").value_or("starttls");
  if (security == "tls") out.server.security = notify::MailSecurity::tls, out.server.port = 465;
  else if (security == "plain_loopback") out.server.security = notify::MailSecurity::plain_loopback, out.server.port = 25;
  else if (security != "starttls") fields.problem("security", "\"security\" must be starttls, tls or plain_loopback.");
  if (const auto port = fields.scaled("port", 0, 1, 65'535, "")) out.server.port = static_cast<std::uint16_t>(*port);
  out.server.user = fields.text("user").value_or("");
  out.server.password = read_secret(fields, "password", problems);
  out.from = text_of(fields, "from", "\"from\": \"heliograph@example.org\"");
  out.from_name = fields.text("from_name").value_or(out.from_name);
  out.policy.allow_lan = fields.truth("allow_lan").value_or(false);
  out.policy.allow_loopback = out.server.security == notify::MailSecurity::plain_loopback;
  each(fields, "to", [&](const Document& item, const Place& here) {
    FieldReader contact(item, here, "A contact", problems);
    notify::MailContact to;
    to.id = text_of(contact, "id", "\"id\": \"anna\"");
    to.name = contact.text("name").value_or("");
    to.address = text_of(contact, "address", "\"address\": \"anna@example.org\"");
    contact.refuse_others();
    out.to.push_back(std::move(to));
  });
  fields.refuse_others();
  return out;
}

notify::TwilioOptions read_twilio(const Document& node, const Place& place, Problems& problems) {
  FieldReader fields(node, place, "Twilio", problems);
  notify::TwilioOptions out;
  out.account_sid = text_of(fields, "account_sid", "\"account_sid\": \"AC...\"");
  out.user = fields.text("user").value_or("");
  fields.require("password", "\"password\": {\"file\": \"/run/secrets/twilio\"}");
  out.password = read_secret(fields, "password", problems);
  out.auth_token = read_secret(fields, "auth_token", problems);
  out.from = fields.text("from").value_or("");
  out.messaging_service = fields.text("messaging_service").value_or("");
  out.base = fields.text("base").value_or(out.base);
  each(fields, "to", [&](const Document& item, const Place& here) {
    FieldReader contact(item, here, "A contact", problems);
    notify::SmsContact to;
    to.id = text_of(contact, "id", "\"id\": \"anna\"");
    to.number = text_of(contact, "number", "\"number\": \"+48123456789\"");
    contact.refuse_others();
    out.to.push_back(std::move(to));
  });
  fields.refuse_others();
  return out;
}

notify::WebhookOptions read_webhook(const Document& node, const Place& place, Problems& problems) {
  FieldReader fields(node, place, "A webhook", problems);
  notify::WebhookOptions out;
  out.id = text_of(fields, "id", "\"id\": \"ops\"");
  out.url = text_of(fields, "url", "\"url\": \"https://hooks.example.org/heliograph\"");
  fields.require("secret", "\"secret\": {\"file\": \"/run/secrets/hook\"}");
  out.secrets.push_back(read_secret(fields, "secret", problems));
  if (fields.find("old_secret") != nullptr) out.secrets.push_back(read_secret(fields, "old_secret", problems));
  out.policy.allow_lan = fields.truth("allow_lan").value_or(false);
  out.policy.allow_http = fields.truth("allow_http").value_or(false);
  fields.refuse_others();
  return out;
}

}  // namespace

notify::NotifyOptions read_notify(const Document& node, const Place& place, Problems& problems) {
  FieldReader fields(node, place, "\"notify\"", problems);
  notify::NotifyOptions out;
  out.base_url = fields.text("base_url").value_or("");
  out.transport.ca_file = fields.text("ca_file").value_or("");
  if (const Document* mail = fields.find("mail")) out.mail = read_mail(*mail, fields.place("mail"), problems);
  if (const Document* twilio = fields.find("twilio")) out.twilio = read_twilio(*twilio, fields.place("twilio"), problems);
  each(fields, "slack", [&](const Document& item, const Place& here) {
    FieldReader slack(item, here, "A Slack hook", problems);
    slack.require("url", "\"url\": {\"file\": \"/run/secrets/slack\"}");
    std::string id = text_of(slack, "id", "\"id\": \"ops\"");
    out.slack.push_back({std::move(id), read_secret(slack, "url", problems)});
    slack.refuse_others();
  });
  each(fields, "pagerduty", [&](const Document& item, const Place& here) {
    FieldReader duty(item, here, "A PagerDuty service", problems);
    duty.require("routing_key", "\"routing_key\": {\"file\": \"/run/secrets/pagerduty\"}");
    notify::PagerDutyOptions options;
    options.id = text_of(duty, "id", "\"id\": \"ops\"");
    options.routing_key = read_secret(duty, "routing_key", problems);
    options.base = duty.text("base").value_or(options.base);
    duty.refuse_others();
    out.pagerduty.push_back(std::move(options));
  });
  each(fields, "webhooks", [&](const Document& item, const Place& here) { out.webhooks.push_back(read_webhook(item, here, problems)); });
  fields.refuse_others();
  return out;
}

}  // namespace heliograph
