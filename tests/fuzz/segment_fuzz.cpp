// Any bytes as a segment of readings: refused, or records that make a segment which gives the same records again.
// Two bytes: the length of what is inside the head's frame; that; the block of one device.
#include <cstdlib>

#include "events/codec.hpp"
#include "events/columns.hpp"
#include "events/device_block.hpp"
#include "storage/segment.hpp"

using namespace heliograph;

namespace {

constexpr Position end = 100'000;

std::vector<std::string> payloads(const std::vector<RecordPtr>& records) {
  std::vector<std::string> out;
  for (const RecordPtr& record : records) out.push_back(encode_record(*record));
  return out;
}

void check_block(std::string_view bytes) {
  const auto block = DeviceBlock::open(std::string(bytes));
  if (!block) return;
  (void)block->at().has_value();
  (void)block->positions().has_value();
  for (const MetricInfo& about : all_metrics())
    if (block->has(about.metric)) (void)block->values(about.metric).has_value();
}

void check_segment(std::string_view inside, std::string_view block) {
  Segment segment{1, end, {}, {{"acme/home/meter-1", {std::string(block)}}}};
  put_varint(segment.from, segment.head);
  put_varint(segment.end, segment.head);
  segment.head += compress(inside, 1);
  const auto records = weave(segment);
  if (!records) return;
  const auto again = make_segment(*records, 1, end);
  if (!again) std::abort();
  const auto woven = weave(*again);
  if (!woven || payloads(*woven) != payloads(*records)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_block(bytes);
  if (size < 2) return 0;
  const std::size_t length = std::min<std::size_t>(data[0] * 256u + data[1], size - 2);
  check_segment(bytes.substr(2, length), bytes.substr(2 + length));
  return 0;
}
