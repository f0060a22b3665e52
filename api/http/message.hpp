// Turns the bytes of one connection into requests: the strict layer first, then Beast, and both must agree on the head
// and on how the body is framed. No socket: bytes in, requests or one refusal out. After a refusal it never yields a
// request again.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/types.hpp"
#include "api/http/strict.hpp"

namespace heliograph::http {

class MessageReader {
 public:
  /// `hosts`: names that a Host header may carry, lower case without port ("localhost", "[::1]"); "*" allows any.
  /// What is given must outlive the reader. `body_rule` may be empty.
  MessageReader(const Limits& limits, const std::vector<std::string>& hosts, std::string own_address, const BodyRuleOf& body_rule);
  ~MessageReader();

  enum class Step : std::uint8_t { need_more, complete, refused };
  /// Looks at all bytes not yet eaten and says in `eaten` how many it has taken of them now. Nothing of a head is
  /// eaten before all of it is there, so the caller's buffer must hold Limits::head_bytes.
  Step feed(std::string_view bytes, std::size_t& eaten);
  /// The finished request; the reader is then ready for the next. Requires: feed said `complete`.
  Request take();
  const Refusal& refusal() const { return refusal_; }

  /// True when no byte of a next message has been seen.
  bool idle() const { return phase_ == Phase::head && seen_ == 0; }
  bool in_body() const { return phase_ == Phase::body; }
  /// Bytes of the body that have come.
  std::size_t body_bytes() const { return request_.body.size(); }
  /// True once per message: the other end waits for "100 Continue" before it sends the body.
  bool owes_continue();

 private:
  class Body;
  enum class Phase : std::uint8_t { head, body, complete, refused };
  Step refuse(Refusal refusal);
  Step complete();
  Step read_whole_head(std::string_view head, std::size_t& eaten);
  Step read_body(std::string_view bytes, std::size_t& eaten);
  bool host_is_ours(std::string_view host) const;
  std::optional<Refusal> bound_body();

  const Limits& limits_;
  const std::vector<std::string>& hosts_;
  std::string own_address_;
  const BodyRuleOf& body_rule_;
  std::size_t body_most_ = 0;
  Phase phase_ = Phase::head;
  std::size_t seen_ = 0;
  bool owes_continue_ = false;
  Head head_;
  Request request_;
  Refusal refusal_;
  ChunkReader chunks_;
  std::unique_ptr<Body> body_;
};

}  // namespace heliograph::http
