// What proves that somebody was asked: the link of a mail, the code beside it, the code of a text message. All are made from
// one key and what was asked, so nothing of them is stored and nothing in the log can be used (ADR 10); another sentence,
// command or person gives others.
#pragma once

#include "events/secret.hpp"
#include "events/digest.hpp"
#include "events/ids.hpp"
#include "events/time.hpp"

namespace heliograph::notify {

/// A question as it was put: what the proofs are bound to.
struct Question {
  SiteKey site;
  CommandId command;
  Position asked = 0;    // of approval.requested
  std::string sentence;  // what the person reads
  Micros expires_at = 0;
};

class ApprovalProof {
 public:
  explicit ApprovalProof(const Digest& key);
  /// 43 characters (base64url of 256 bits), for one contact: its mail address.
  Secret token(const Question& question, std::string_view contact) const;
  /// 6 characters that are not taken for one another (no 0, O, 1, I, L).
  Secret mail_code(const Question& question, std::string_view contact) const;
  /// 6 digits.
  Secret sms_code(const Question& question, std::string_view contact) const;

 private:
  std::string derive(std::string_view use, const Question& question, std::string_view contact) const;
  Secret key_;
};

/// As people type them: spaces and hyphens do not count, letters may be small.
std::string typed_code(std::string_view text);

}  // namespace heliograph::notify
