#include "actors/notify/approval_proof.hpp"

#include <algorithm>

#include "actors/notify/mac.hpp"
#include "events/base64.hpp"

namespace heliograph::notify {
namespace {

constexpr std::string_view letters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";  // 31
constexpr std::size_t code_length = 6;

/// Characters of an alphabet out of a digest; what its size does not divide evenly is skipped, so that none is likelier.
std::string spell(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  const std::size_t fair = 256 / alphabet.size() * alphabet.size();
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (out.size() < code_length && byte < fair) out += alphabet[byte % alphabet.size()];
  }
  ensure(out.size() == code_length, "32 bytes hold a code", "actors/notify/approval_proof.cpp");
  return out;
}

}  // namespace

ApprovalProof::ApprovalProof(const Digest& key) : key_(std::string(bytes_of(key))) {}

// Each part with its length in front: no two questions give the same bytes.
std::string ApprovalProof::derive(std::string_view use, const Question& q, std::string_view contact) const {
  std::string text;
  const std::string asked = std::to_string(q.asked), expires = std::to_string(q.expires_at);
  for (const std::string_view part : {use, std::string_view(q.site.tenant.text), std::string_view(q.site.site.text), std::string_view(q.command.text),
                                      std::string_view(asked), std::string_view(q.sentence), std::string_view(expires), contact})
    text += std::to_string(part.size()) + ":" + std::string(part);
  return hmac_sha256(key_, text);
}

Secret ApprovalProof::token(const Question& question, std::string_view contact) const {
  std::string text = base64(derive("link", question, contact));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find('='));
  return Secret(std::move(text));
}

Secret ApprovalProof::mail_code(const Question& question, std::string_view contact) const {
  return Secret(spell(derive("mail code", question, contact), letters));
}

Secret ApprovalProof::sms_code(const Question& question, std::string_view contact) const {
  return Secret(spell(derive("sms code", question, contact), "0123456789"));
}

std::string typed_code(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '-') out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

}  // namespace heliograph::notify
