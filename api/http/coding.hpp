// Content codings (RFC 9110, 8.4 and 12.5.3): which one a client prefers, and bytes into it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "api/http/types.hpp"

namespace heliograph::http {

enum class Coding : std::uint8_t { identity, gzip, zstd };
/// As in Content-Encoding.
std::string_view name(Coding coding);

/// What the client prefers among `offered`, which stand in our own order; that order decides where the client's weights do not. Identity
/// when it accepts nothing of these: a request is not refused for that.
Coding choose_coding(const Request& request, std::initializer_list<Coding> offered);

/// Packs an answer's body where that is worth it: a type that compresses, from `pack_from_bytes` to `pack_up_to_bytes` (beyond, it would
/// hold up the thread that answers), whole, and neither packed already nor known by a strong tag, which names its very bytes. Says in Vary
/// that the bytes depend on Accept-Encoding.
void pack(Response& response, Coding coding);
inline constexpr std::size_t pack_from_bytes = 1024, pack_up_to_bytes = 4 * 1024 * 1024;

/// At a low level: some 6 ms of one core for each MiB of JSON with gzip, less with zstd. Requires: not identity.
std::string compress(Coding coding, std::string_view bytes);
/// Requires: `bytes` are one whole gzip member that we have made, of `size` bytes.
std::string gunzip(std::string_view bytes, std::size_t size);

}  // namespace heliograph::http
