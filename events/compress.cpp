// Varints, texts and zstd frames. A frame from `compress` carries a checksum, so a flipped bit does not come back as
// other numbers.
#include <zstd.h>

#include <memory>

#include "events/columns.hpp"

namespace heliograph {
namespace {

constexpr int bare_level = 1;
constexpr std::string_view magic{"\x28\xb5\x2f\xfd", 4};  // opens every zstd frame; a bare one leaves it out

// zstd's contexts cost more to make than a small batch costs to compress: one a thread.
struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Compressor = std::unique_ptr<ZSTD_CCtx, FreeCompressor>;
Compressor make_compressor() {
  Compressor context{ZSTD_createCCtx()};
  ensure(context != nullptr, "no memory for a compressor", "events/compress.cpp");
  return context;
}
ZSTD_CCtx* compressor(int level) {
  thread_local const Compressor context = make_compressor();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  return context.get();
}
ZSTD_CCtx* bare_compressor() {
  thread_local const Compressor context = [] {
    Compressor made = make_compressor();
    ZSTD_CCtx_setParameter(made.get(), ZSTD_c_compressionLevel, bare_level);
    ZSTD_CCtx_setParameter(made.get(), ZSTD_c_contentSizeFlag, 0);
    return made;
  }();
  return context.get();
}
ZSTD_DCtx* decompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context{ZSTD_createDCtx()};
  ensure(context != nullptr, "no memory for a decompressor", "events/compress.cpp");
  return context.get();
}

// A zstd block makes at most 128 KiB out of at least 3 bytes: a length beyond this cannot be true, and believing it
// would let a few damaged bytes ask for a lot of memory.
bool possible_length(std::uint64_t raw, std::size_t compressed) { return raw / (128u << 10) <= compressed / 3 + 1; }

}  // namespace

void put_varint(std::uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(value) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

Result<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 10 && i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    if (i == 9 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      if (byte == 0 && i > 0) break;  // a longer way to write the same number: nobody here writes it
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return fail(Errc::corrupt, "A number in the stored bytes is cut off or too long: run heliograph verify.");
}

void put_text(std::string_view text, std::string& out) {
  put_varint(text.size(), out);
  out.append(text);
}

Result<std::string_view> take_text(std::string_view& bytes) {
  const auto length = take_varint(bytes);
  if (!length) return fail(length.error());
  if (*length > bytes.size())
    return fail(Errc::corrupt, "A text in the stored bytes is cut off: run heliograph verify.");
  const auto text = bytes.substr(0, *length);
  bytes.remove_prefix(*length);
  return text;
}

namespace {

/// Appends the frame of `raw` to `out`.
void append_frame(ZSTD_CCtx* context, std::string_view raw, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + ZSTD_compressBound(raw.size()));
  const std::size_t size = ZSTD_compress2(context, out.data() + start, out.size() - start, raw.data(), raw.size());
  ensure(!ZSTD_isError(size), "zstd refused to compress into a buffer of its own bound", "events/compress.cpp");
  out.resize(start + size);
}

}  // namespace

std::string squeeze(std::string_view raw) {
  std::string frame;
  append_frame(bare_compressor(), raw, frame);
  ensure(frame.starts_with(magic), "a zstd frame opens with its magic number", "events/compress.cpp");
  return frame.erase(0, magic.size());
}

Status unsqueeze(std::string_view bytes, std::span<char> raw) {
  thread_local std::string frame;
  frame.assign(magic).append(bytes);
  const std::size_t size = ZSTD_decompressDCtx(decompressor(), raw.data(), raw.size(), frame.data(), frame.size());
  if (ZSTD_isError(size) || size != raw.size())
    return fail(Errc::corrupt, "Compressed bytes are damaged: run heliograph verify.");
  return {};
}

std::string compress(std::string_view raw, int level) {
  std::string out;
  put_varint(raw.size(), out);
  append_frame(compressor(level), raw, out);
  return out;
}

Result<std::string> decompress(std::string_view bytes, std::size_t limit) {
  const auto length = take_varint(bytes);
  if (!length) return fail(length.error());
  if (*length > limit || !possible_length(*length, bytes.size()))
    return fail(Errc::corrupt, "Compressed bytes claim an impossible length: run heliograph verify.");
  std::string out(*length, '\0');
  const std::size_t size = ZSTD_decompressDCtx(decompressor(), out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) || size != out.size())
    return fail(Errc::corrupt, "Compressed bytes are damaged: run heliograph verify.");
  return out;
}

}  // namespace heliograph
