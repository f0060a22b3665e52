// What an export says about itself: the header (what was asked for) and the proof at its end (what was written,
// signed). Both to JSON and back; whoever reads one back renders it again and compares. Private to the export.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/export/export.hpp"

namespace heliograph {

struct ExportHead {
  ExportFormat format = ExportFormat::cloudevents;
  std::string version, origin;
  ExportFilter filter;
  bool readings = false;
  bool complete = false;  // nothing of the listed chains was left out
  bool operator==(const ExportHead&) const = default;
};
std::string to_json(const ExportHead& head);
std::optional<ExportHead> read_head(std::string_view json);
/// Different for different questions, equal for equal ones.
std::string id_of(const ExportHead& head);

/// One chain: the records that the file lists, and where the whole chain stood.
struct ChainClaim {
  std::uint64_t records = 0;
  Position first = 0, last = 0;  // 0 = none listed
  Digest seal{};                 // of `last`
  Position covers = 0;           // the checkpoint: last record of the chain in the log
  Digest covers_seal{};
  bool operator==(const ChainClaim&) const = default;
};

struct ExportClaims {
  ExportHead head;
  ChainClaim decisions, readings;
  Digest digest{};  // SHA-256 over position (8 bytes, big-endian) and seal of every line, in order
};
/// The value of "claims". `signature` covers it with one line in front: signed_text.
std::string to_json(const ExportClaims& claims);
std::string signed_text(const ExportClaims& claims);
/// The texts of the signed checkpoints; the readings chain has "/readings" after the origin, so neither can pass for
/// the other.
std::string decisions_checkpoint(const ExportClaims& claims);
std::string readings_checkpoint(const ExportClaims& claims);

struct ExportProof {
  ExportClaims claims;
  std::string key_id, public_key;                                  // public_key: 32 bytes
  std::string decisions_signature, readings_signature, signature;  // 64 bytes each
};
ExportProof make_proof(ExportClaims claims, const SigningKey& key);
std::string to_json(const ExportProof& proof);
std::optional<ExportProof> read_proof(std::string_view json);
std::string id_of(const ExportProof& proof);

}  // namespace heliograph
