#include "actors/notify/mail.hpp"

#include "actors/notify/http_delivery.hpp"
#include "actors/notify/mime.hpp"
#include "actors/notify/templates.hpp"

namespace heliograph::notify {
namespace {

/// RFC 5321 and 4954: 4xx may pass later (421 too: the server is closing), 5xx is for good.
Delivery classified(const MailAnswer& answer, const std::string& host) {
  if (answer.no_starttls)
    return later(host +
                 " offers no STARTTLS, so nothing was sent: the password and the mail could be read on the way.");
  if (answer.exchange == Exchange::wrong_address) return disabled(answer.detail);
  if (answer.exchange != Exchange::answered) return later(answer.detail);
  const std::string said = host + " answered " + std::to_string(answer.code);
  // 530: it wants a login and has none. 534, 535, 538: it does not take the one it has.
  const bool login = answer.code == 530 || answer.code == 534 || answer.code == 535 || answer.code == 538;
  if (login || (answer.login_refused && (answer.code == 0 || answer.code >= 500)))
    return disabled(said + ": it does not accept the user name and password.");
  if (answer.code >= 500) return refused(said + ": it does not take this mail.");
  return later(said + ": it is tried again.");
}

}  // namespace

MailChannel::MailChannel(MailOptions options, MailContact to, TransportOptions transport)
    : name_("mail/" + to.id), options_(std::move(options)), to_(std::move(to)), transport_(std::move(transport)) {
  transport_.policy = options_.policy;
}

Delivery MailChannel::deliver(const Notice& notice, const Attempt& attempt) {
  if (is_expired(notice, attempt.now)) return expired();
  ensure(is_id(notice.id), "a notice has an id", "MailChannel");
  MailText text = mail_text(notice);
  Mail mail;
  mail.from_name = options_.from_name;
  mail.from = options_.from;
  mail.to_name = to_.name;
  mail.to = to_.address;
  mail.subject = std::move(text.subject);
  // The same in every try: a mailbox that got it twice can see that.
  mail.message_id = notice.id + "." + to_.id + mail.from.substr(mail.from.find('@'));
  mail.date = attempt.now;
  mail.text = std::move(text.text);
  mail.html = std::move(text.html);
  const MailAnswer answer = send_mail(options_.server, mail.from, mail.to, message_of(mail), transport_);
  return answer.accepted ? delivered(mail.message_id) : classified(answer, options_.server.host);
}

}  // namespace heliograph::notify
