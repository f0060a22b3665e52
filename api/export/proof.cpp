#include "api/export/proof.hpp"

#include <simdjson.h>

#include <algorithm>

#include "events/base64.hpp"
#include "events/json.hpp"

namespace heliograph {
namespace {

using simdjson::dom::element;

// ---- out

void write_text(JsonWriter& json, std::string_view key, const std::string* text) {
  json.key(key);
  text != nullptr ? json.string(*text) : json.null();
}
void write_time(JsonWriter& json, std::string_view key, const std::optional<Micros>& at) {
  json.key(key);
  at ? json.time(*at) : json.null();
}
std::string hex_of(const Digest& digest) { return hex(bytes_of(digest)); }

void write_chain(JsonWriter& json, std::string_view key, const ChainClaim& chain) {
  json.key(key).begin_object().field("records", chain.records).field("first", chain.first).field("last", chain.last);
  json.field("seal", hex_of(chain.seal)).key("checkpoint").begin_object();
  json.field("position", chain.covers).field("seal", hex_of(chain.covers_seal)).end_object().end_object();
}

// ---- in. Order and extra fields are caught by rendering again; here only what cannot be read is refused.

/// Reads fields of one object; after the first that is missing or of another kind, `fine` is false.
class Fields {
 public:
  explicit Fields(element object) : object_(object) {}
  bool fine() const { return fine_; }

  std::string text(const char* key) {
    std::string_view out;
    take(object_[key].get(out));
    return std::string(out);
  }
  std::uint64_t number(const char* key) {
    std::uint64_t out = 0;
    take(object_[key].get(out));
    return out;
  }
  bool yes(const char* key) {
    bool out = false;
    take(object_[key].get(out));
    return out;
  }
  bool is_null(const char* key) {
    element value;
    take(object_[key].get(value));
    return fine_ && value.is_null();
  }
  Fields object(const char* key) {
    element value;
    take(object_[key].get(value));
    Fields inner(value);
    inner.fine_ = fine_ && value.is_object();
    fine_ = inner.fine_;
    return inner;
  }
  std::string bytes(const char* key, std::size_t size) {
    const auto out = from_hex(text(key));
    if (!out || out->size() != size) fine_ = false;
    return fine_ ? *out : std::string(size, '\0');
  }
  Digest digest(const char* key) {
    Digest out{};
    const std::string from = bytes(key, out.size());
    std::copy(from.begin(), from.end(), out.begin());
    return out;
  }
  template <class Name>
  std::optional<Name> id(const char* key) {
    if (is_null(key) || !fine_) return std::nullopt;
    auto parsed = Name::parse(text(key));
    if (!parsed) fine_ = false;
    return parsed ? std::optional<Name>(*parsed) : std::nullopt;
  }
  std::optional<Micros> time(const char* key) {
    if (is_null(key) || !fine_) return std::nullopt;
    auto parsed = parse_time(text(key));
    if (!parsed) fine_ = false;
    return parsed ? std::optional<Micros>(*parsed) : std::nullopt;
  }
  void refuse() { fine_ = false; }

 private:
  void take(simdjson::error_code error) { fine_ = fine_ && error == simdjson::SUCCESS; }
  element object_;
  bool fine_ = true;
};

ExportHead head_from(Fields& fields) {
  ExportHead head;
  if (auto format = parse_export_format(fields.text("format")))
    head.format = *format;
  else
    fields.refuse();
  if (fields.number("export") != 1) fields.refuse();
  head.version = fields.text("heliograph");
  head.origin = fields.text("origin");
  Fields filter = fields.object("filter");
  if (fields.fine()) {
    head.filter.tenant = filter.id<TenantId>("tenant");
    head.filter.site = filter.id<SiteId>("site");
    head.filter.from = filter.time("from");
    head.filter.to = filter.time("to");
  }
  if (!filter.fine()) fields.refuse();
  head.readings = fields.yes("readings");
  head.complete = fields.yes("complete");
  return head;
}

ChainClaim chain_from(Fields& claims, const char* key) {
  Fields fields = claims.object(key);
  ChainClaim chain;
  if (!fields.fine()) return chain;
  chain.records = fields.number("records");
  chain.first = fields.number("first");
  chain.last = fields.number("last");
  chain.seal = fields.digest("seal");
  Fields checkpoint = fields.object("checkpoint");
  if (fields.fine()) {
    chain.covers = checkpoint.number("position");
    chain.covers_seal = checkpoint.digest("seal");
  }
  if (!fields.fine() || !checkpoint.fine()) claims.refuse();
  return chain;
}

std::string short_id(std::string_view text) { return hex(bytes_of(sha256({text})).substr(0, 8)); }

}  // namespace

std::string to_json(const ExportHead& head) {
  JsonWriter json;
  json.begin_object().field("export", 1).field("format", name(head.format)).field("heliograph", head.version);
  json.field("origin", head.origin).key("filter").begin_object();
  write_text(json, "tenant", head.filter.tenant ? &head.filter.tenant->text : nullptr);
  write_text(json, "site", head.filter.site ? &head.filter.site->text : nullptr);
  write_time(json, "from", head.filter.from);
  write_time(json, "to", head.filter.to);
  json.end_object().field("readings", head.readings).field("complete", head.complete).end_object();
  return json.take();
}

std::optional<ExportHead> read_head(std::string_view text) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS || !root.is_object()) return std::nullopt;
  Fields fields(root);
  ExportHead head = head_from(fields);
  return fields.fine() ? std::optional(std::move(head)) : std::nullopt;
}

std::string id_of(const ExportHead& head) { return "header-" + short_id(to_json(head)); }

std::string to_json(const ExportClaims& claims) {
  JsonWriter json;
  json.begin_object().key("header").raw(to_json(claims.head));
  write_chain(json, "decisions", claims.decisions);
  if (claims.head.readings) write_chain(json, "readings", claims.readings);
  json.field("digest", hex_of(claims.digest)).end_object();
  return json.take();
}

std::string signed_text(const ExportClaims& claims) { return "heliograph export 1\n" + to_json(claims) + "\n"; }

std::string decisions_checkpoint(const ExportClaims& claims) {
  return checkpoint_text(claims.head.origin, claims.decisions.covers, bytes_of(claims.decisions.covers_seal));
}

std::string readings_checkpoint(const ExportClaims& claims) {
  return checkpoint_text(claims.head.origin + "/readings", claims.readings.covers,
                         bytes_of(claims.readings.covers_seal));
}

ExportProof make_proof(ExportClaims claims, const SigningKey& key) {
  ExportProof proof;
  proof.key_id = key.key_id();
  proof.public_key = key.public_key();
  proof.decisions_signature = key.sign(decisions_checkpoint(claims));
  if (claims.head.readings) proof.readings_signature = key.sign(readings_checkpoint(claims));
  proof.signature = key.sign(signed_text(claims));
  proof.claims = std::move(claims);
  return proof;
}

std::string to_json(const ExportProof& proof) {
  JsonWriter json;
  json.begin_object().key("claims").raw(to_json(proof.claims));
  json.field("key_id", proof.key_id).field("public_key", hex(proof.public_key));
  json.field("decisions_checkpoint_signature", hex(proof.decisions_signature));
  if (proof.claims.head.readings) json.field("readings_checkpoint_signature", hex(proof.readings_signature));
  json.field("signature", hex(proof.signature)).end_object();
  return json.take();
}

std::optional<ExportProof> read_proof(std::string_view text) {
  constexpr std::size_t key_bytes = 32, signature_bytes = 64;
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS || !root.is_object()) return std::nullopt;
  Fields fields(root);
  Fields claims = fields.object("claims");
  if (!claims.fine()) return std::nullopt;
  Fields head = claims.object("header");
  if (!head.fine()) return std::nullopt;
  ExportProof proof;
  proof.claims.head = head_from(head);
  proof.claims.decisions = chain_from(claims, "decisions");
  if (proof.claims.head.readings) proof.claims.readings = chain_from(claims, "readings");
  if (!claims.fine() || !head.fine()) return std::nullopt;
  proof.claims.digest = claims.digest("digest");
  proof.key_id = fields.text("key_id");
  proof.public_key = fields.bytes("public_key", key_bytes);
  proof.decisions_signature = fields.bytes("decisions_checkpoint_signature", signature_bytes);
  if (proof.claims.head.readings)
    proof.readings_signature = fields.bytes("readings_checkpoint_signature", signature_bytes);
  proof.signature = fields.bytes("signature", signature_bytes);
  return fields.fine() && claims.fine() ? std::optional(std::move(proof)) : std::nullopt;
}

std::string id_of(const ExportProof& proof) { return "proof-" + short_id(to_json(proof)); }

}  // namespace heliograph
