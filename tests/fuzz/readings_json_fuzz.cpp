// Any bytes as a telemetry body: read or refused, the same with a fresh parser as with a used one, and what is printed
// reads back as the same batch.
#include <cstdlib>

#include "api/readings_json.hpp"

namespace {

using namespace heliograph;

bool same(const Result<IngestBatch>& a, const Result<IngestBatch>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || (a->batch == b->batch && a->lines == b->lines && a->rejected == b->rejected && a->ignored == b->ignored);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ReadingsParser used;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  (void)used.parse(body, false);
  const auto fresh = parse_readings(body, true);
  if (!same(fresh, used.parse(body, true))) std::abort();
  if (!fresh) return 0;
  if (fresh->batch.size() + fresh->rejected != fresh->lines) std::abort();
  const auto again = parse_readings(print_readings(fresh->batch), true);
  if (!again || !(again->batch == fresh->batch)) std::abort();
  return 0;
}
