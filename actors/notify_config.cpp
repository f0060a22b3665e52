#include "actors/notify_config.hpp"

#include "actors/secret_file.hpp"

namespace heliograph {
namespace {

/// What reads a part of the section: where problems go, and where secrets come from.
struct Reading {
  const SecretPlaces& secrets;
  std::vector<DocumentProblem>& problems;
};

Result<std::string> secret_of(const SecretPlaces& places, const std::string& variable) {
  const auto found = places.environment.find(variable);
  if (found == places.environment.end()) return fail(Errc::not_found, "The environment variable " + quoted(variable) + " is not set.");
  return found->second;
}

/// `key`_file or `key`_env, which name where it is, or `key` itself.
Secret read_secret(FieldReader& fields, const std::string& key, const Reading& reading, std::string_view needed_by = {}) {
  const std::string file_key = key + "_file", env_key = key + "_env";
  const auto here = fields.text(key), file = fields.text(file_key), variable = fields.text(env_key);
  if (here.has_value() + file.has_value() + variable.has_value() != 1) {
    const bool given = here || file || variable, unreadable = fields.find(key) || fields.find(file_key) || fields.find(env_key);
    if (given) fields.problem(key, "The secret is given more than once: keep one of " + key + ", " + file_key + " and " + env_key + ".");
    else if (!unreadable && !needed_by.empty())
      fields.problem(key, std::string(needed_by) + " needs a secret, for example " + file_key + " = \"/etc/heliograph/secret\", a file with mode 0600.");
    return {};
  }
  if (here) {
    if (auto why = reading.secrets.why_not_here(fields.place(key).pointer()); !why.empty()) {
      fields.problem(key, std::move(why));
      return {};
    }
  }
  const std::string& place = here ? key : file ? file_key : env_key;
  Result<std::string> text = here ? Result<std::string>(*here) : file ? read_secret_file(*file) : secret_of(reading.secrets, *variable);
  if (!text) fields.problem(place, text.error().sentence);
  else if (text->empty() || text->size() > secret_bytes_max) fields.problem(place, "The secret is empty or longer than 8 kB.");
  else return Secret(std::move(*text));
  return {};
}

template <class Read>
void each(FieldReader& parent, std::string_view key, const Read& read) {
  const Document* node = parent.find(key);
  if (node == nullptr) return;
  if (node->kind != Document::Kind::array) return parent.problem(key, "\"" + std::string(key) + "\" is a list of tables: [{ ... }, { ... }].");
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

notify::MailOptions read_mail(const Document& node, const Place& place, const Reading& reading) {
  FieldReader fields(node, place, "The mail server", reading.problems);
  notify::MailOptions out;
  out.server.host = text_of(fields, "host", "host = \"smtp.example.org\"");
  const auto security = fields.text("security").value_or("starttls");
  if (security == "tls") out.server.security = notify::MailSecurity::tls, out.server.port = 465;
  else if (security == "plain_loopback") out.server.security = notify::MailSecurity::plain_loopback, out.server.port = 25;
  else if (security != "starttls") fields.problem("security", "\"security\" must be starttls, tls or plain_loopback.");
  if (const auto port = fields.scaled("port", 0, 1, 65'535, "")) out.server.port = static_cast<std::uint16_t>(*port);
  out.server.user = fields.text("user").value_or("");
  out.server.password = read_secret(fields, "password", reading);
  out.from = text_of(fields, "from", "from = \"heliograph@example.org\"");
  out.from_name = fields.text("from_name").value_or(out.from_name);
  out.policy.allow_lan = fields.truth("allow_lan").value_or(false);
  out.policy.allow_loopback = out.server.security == notify::MailSecurity::plain_loopback;
  each(fields, "to", [&](const Document& item, const Place& here) {
    FieldReader contact(item, here, "A contact", reading.problems);
    notify::MailContact to;
    to.id = text_of(contact, "id", "id = \"anna\"");
    to.name = contact.text("name").value_or("");
    to.address = text_of(contact, "address", "address = \"anna@example.org\"");
    contact.refuse_others();
    out.to.push_back(std::move(to));
  });
  fields.refuse_others();
  return out;
}

notify::TwilioOptions read_twilio(const Document& node, const Place& place, const Reading& reading) {
  FieldReader fields(node, place, "Twilio", reading.problems);
  notify::TwilioOptions out;
  out.account_sid = text_of(fields, "account_sid", "account_sid = \"AC...\"");
  out.user = fields.text("user").value_or("");
  out.password = read_secret(fields, "password", reading, "Twilio");
  out.auth_token = read_secret(fields, "auth_token", reading);
  out.from = fields.text("from").value_or("");
  out.messaging_service = fields.text("messaging_service").value_or("");
  out.base = fields.text("base").value_or(out.base);
  each(fields, "to", [&](const Document& item, const Place& here) {
    FieldReader contact(item, here, "A contact", reading.problems);
    notify::SmsContact to;
    to.id = text_of(contact, "id", "id = \"anna\"");
    to.number = text_of(contact, "number", "number = \"+48123456789\"");
    contact.refuse_others();
    out.to.push_back(std::move(to));
  });
  fields.refuse_others();
  return out;
}

notify::WebhookOptions read_webhook(const Document& node, const Place& place, const Reading& reading) {
  FieldReader fields(node, place, "A webhook", reading.problems);
  notify::WebhookOptions out;
  out.id = text_of(fields, "id", "id = \"ops\"");
  out.url = text_of(fields, "url", "url = \"https://hooks.example.org/heliograph\"");
  out.secrets.push_back(read_secret(fields, "secret", reading, "A webhook"));
  if (auto old = read_secret(fields, "old_secret", reading); !old.empty()) out.secrets.push_back(std::move(old));
  out.policy.allow_lan = fields.truth("allow_lan").value_or(false);
  out.policy.allow_http = fields.truth("allow_http").value_or(false);
  fields.refuse_others();
  return out;
}

}  // namespace

notify::NotifyOptions read_notify(const Document& node, const Place& place, const SecretPlaces& secrets, std::vector<DocumentProblem>& problems) {
  const Reading reading{secrets, problems};
  FieldReader fields(node, place, "\"notify\"", reading.problems);
  notify::NotifyOptions out;
  out.base_url = fields.text("base_url").value_or("");
  out.transport.ca_file = fields.text("ca_file").value_or("");
  if (const Document* mail = fields.find("mail")) out.mail = read_mail(*mail, fields.place("mail"), reading);
  if (const Document* twilio = fields.find("twilio")) out.twilio = read_twilio(*twilio, fields.place("twilio"), reading);
  each(fields, "slack", [&](const Document& item, const Place& here) {
    FieldReader slack(item, here, "A Slack hook", problems);
    std::string id = text_of(slack, "id", "id = \"ops\"");
    out.slack.push_back({std::move(id), read_secret(slack, "url", reading, "A Slack hook")});
    slack.refuse_others();
  });
  each(fields, "pagerduty", [&](const Document& item, const Place& here) {
    FieldReader duty(item, here, "A PagerDuty service", problems);
    notify::PagerDutyOptions options;
    options.id = text_of(duty, "id", "id = \"ops\"");
    options.routing_key = read_secret(duty, "routing_key", reading, "A PagerDuty service");
    options.base = duty.text("base").value_or(options.base);
    duty.refuse_others();
    out.pagerduty.push_back(std::move(options));
  });
  each(fields, "webhooks", [&](const Document& item, const Place& here) { out.webhooks.push_back(read_webhook(item, here, reading)); });
  fields.refuse_others();
  return out;
}

}  // namespace heliograph
