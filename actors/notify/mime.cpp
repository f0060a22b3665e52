#include "actors/notify/mime.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "actors/notify/text.hpp"
#include "events/base64.hpp"
#include "events/digest.hpp"
#include "events/result.hpp"

namespace heliograph::notify {
namespace {

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Dot-separated runs of the characters that `allowed` names, none of them empty.
template <class Allowed>
bool is_dotted(std::string_view text, Allowed allowed) {
  bool after_dot = true;
  for (const char c : text) {
    if (c == '.') {
      if (after_dot) return false;
      after_dot = true;
      continue;
    }
    if (!allowed(c)) return false;
    after_dot = false;
  }
  return !after_dot;
}

/// "local@domain" as RFC 5322 writes it without quoting; both sides of one shape.
bool is_dotted_pair(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return false;
  const auto local = [](char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  };
  const auto domain = [](char c) { return is_alnum(c) || c == '-'; };
  return is_dotted(text.substr(0, at), local) && is_dotted(text.substr(at + 1), domain);
}

std::string hex_byte(unsigned char byte) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  return {'=', digits[byte >> 4], digits[byte & 15]};
}

std::string encoded_words(std::string_view line) {
  // 39 bytes make 52 characters and 64 with the frame; "Subject: " before them leaves the line below RFC 2047's 76.
  constexpr std::size_t piece_max = 39;
  std::string out, piece;
  const auto flush = [&] {
    if (piece.empty()) return;
    out += (out.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + base64(piece)) + "?=";
    piece.clear();
  };
  for (std::size_t at = 0; at < line.size();) {
    std::string character;
    append_utf8(character, next_code_point(line, at));
    if (piece.size() + character.size() > piece_max) flush();
    piece += character;
  }
  flush();
  return out;
}

/// "Name <address>"; the name as a quoted string or encoded words.
std::string mailbox(std::string_view name, const std::string& address) {
  const std::string line = clean_line(name);
  if (line.empty()) return address;
  const auto plain = [](char c) { return is_alnum(c) || c == ' ' || c == '-' || c == '_'; };
  if (line.size() + address.size() <= 60 && std::all_of(line.begin(), line.end(), plain))
    return line + " <" + address + ">";
  return encoded_words(line) + "\r\n <" + address + ">";
}

/// A line end in a part of a mail is CRLF; `text` has LF.
std::string part(std::string_view type, std::string_view text) {
  return "Content-Type: " + std::string(type) +
         "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted_printable(text) + "\r\n";
}

}  // namespace

bool is_mail_address(std::string_view text) {
  return text.find('@') <= 64 && text.size() <= 254 && is_dotted_pair(text);
}

std::string header_text(std::string_view text) {
  const std::string line = clean_line(text);
  const auto plain = [](char c) { return c >= ' ' && c < 0x7F; };
  const bool as_it_is = line.size() <= 60 && std::all_of(line.begin(), line.end(), plain) &&
                        line.find("=?") == std::string::npos;  // it would be read as an encoded word
  return as_it_is ? line : encoded_words(line);
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  const auto add = [&](std::string_view piece) {
    if (column + piece.size() > 75) {  // one is left for the "=" that joins the lines
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool before_end = i + 1 == text.size() || text[i + 1] == '\n';
    const bool plain = (c > ' ' && c < 0x7F && c != '=') || (c == ' ' && !before_end);
    add(plain ? std::string(1, c) : hex_byte(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string mail_date(Micros at) {
  static constexpr std::array days = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil civil = to_civil(at);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %d %s %d %02d:%02d:%02d +0000",
                days[static_cast<std::size_t>(civil.weekday - 1)], civil.day,
                months[static_cast<std::size_t>(civil.month - 1)], civil.year, civil.hour, civil.minute, civil.second);
  return text;
}

std::string message_of(const Mail& mail) {
  ensure(is_mail_address(mail.from) && is_mail_address(mail.to) && is_dotted_pair(mail.message_id),
         "the addresses of a mail were checked", "message_of");
  // "=_" never stands in quoted-printable text, so the boundary cannot be in a part.
  const std::string boundary = "=_" + hex(bytes_of(sha256({mail.message_id}))).substr(0, 32);
  std::string out;
  out += "Date: " + mail_date(mail.date) + "\r\n";
  out += "From: " + mailbox(mail.from_name, mail.from) + "\r\n";
  out += "To: " + mailbox(mail.to_name, mail.to) + "\r\n";
  out += "Subject: " + header_text(mail.subject) + "\r\n";
  out += "Message-ID: <" + mail.message_id + ">\r\n";
  out += "MIME-Version: 1.0\r\n";
  out += "Auto-Submitted: auto-generated\r\n";
  out += "Content-Type: multipart/alternative;\r\n boundary=\"" + boundary + "\"\r\n\r\n";
  out += "--" + boundary + "\r\n" + part("text/plain", mail.text);
  out += "--" + boundary + "\r\n" + part("text/html", mail.html);
  out += "--" + boundary + "--\r\n";
  return out;
}

}  // namespace heliograph::notify
