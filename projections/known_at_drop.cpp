#include "projections/known_at_drop.hpp"

#include "events/columns.hpp"

namespace heliograph {
namespace {

constexpr std::size_t bytes_limit = 256u << 20;

}  // namespace

void put_known(std::string_view view, std::string_view key, std::string_view value, std::string& out) {
  put_text(view, out);
  put_text(key, out);
  put_text(value, out);
}

Status known_at_drop(const EventLog& log, const SiteKey& site, std::string_view view,
                     const std::function<Status(std::string_view key, std::string_view value)>& take) {
  const auto packed = log.known_at_drop(site);
  if (!packed) return fail(packed.error());
  const auto bytes = decompress(*packed, bytes_limit);
  bool good = bytes.has_value();
  for (std::string_view left = good ? std::string_view(*bytes) : std::string_view(); good && !left.empty();) {
    const auto of = take_text(left), key = of ? take_text(left) : of, value = key ? take_text(left) : key;
    good = value.has_value();
    if (!good || *of != view) continue;
    if (auto done = take(*key, *value); !done) return done;
  }
  if (!good) return fail(Errc::corrupt, "What was known where readings were dropped is damaged: restore a backup.");
  return {};
}

}  // namespace heliograph
