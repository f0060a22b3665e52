// What every fallible call in Heliograph returns. An error is one kind and one sentence that says
// what to do next; it is a value, never an exception. Broken invariants are not errors: `ensure`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace heliograph {

enum class Errc : std::uint8_t {
  invalid,       // the input is wrong; nothing was done
  not_found,     // no such site, device, rule, position
  conflict,      // expected version differs, or same idempotency key with another payload
  busy,          // somebody else holds it (data directory, device lock); trying later may work
  refused,       // understood and not allowed (safety, stop, read-only)
  unsupported,   // an event version or option that this build does not know
  corrupt,       // bytes on disk are not what was written
  io,            // the disk or the network failed
  full,          // no space left for another write
  closed,        // the log refused: a write failed before, or it is shutting down
};

struct [[nodiscard]] Error {
  Errc code = Errc::invalid;
  std::string sentence;      // for people: what is wrong and what to do next
  std::string pointer = {};  // JSON pointer or "line 7, column load_w" into the input, if there was one
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

inline tl::unexpected<Error> fail(Errc code, std::string sentence, std::string pointer = {}) {
  return tl::unexpected<Error>(Error{code, std::move(sentence), std::move(pointer)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

std::string_view name(Errc code);

/// Always-on assertion: prints `why` and aborts. The log brings the process back (style: fail-stop).
[[noreturn]] void broken_invariant(const char* why, const char* where);
inline void ensure(bool holds, const char* why, const char* where = "") {
  if (!holds) broken_invariant(why, where);
}

}  // namespace heliograph
