// Any bytes as a readings batch: refused, or a batch that encodes and decodes to itself.
#include <cstdlib>

#include "events/columns.hpp"
#include "events/readings.hpp"

namespace {

void check(std::string_view bytes) {
  const auto batch = heliograph::decode_readings(bytes);
  if (!batch) return;
  const auto again = heliograph::decode_readings(heliograph::encode_readings(*batch));
  if (!again || !(*again == *batch)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  // The fuzzer cannot guess zstd's checksum: the same bytes as what is inside the frame, and as a bare column.
  check(std::string(1, 1) + heliograph::compress(bytes, 1));
  std::string_view column = bytes;
  std::vector<std::int64_t> values;
  if (size > 1 && heliograph::decode_column(column, static_cast<std::size_t>(data[0]) * 4, values)) {
    std::string out;
    heliograph::encode_column_tight(values, out);
    std::string_view left = out;
    std::vector<std::int64_t> again;
    if (!heliograph::decode_column(left, values.size(), again) || again != values || !left.empty()) std::abort();
  }
  return 0;
}
