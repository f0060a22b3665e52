// Small translations that every route uses: ids and times out of a request, problems out of documents, answers out of
// turns and views.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/core/document.hpp"
#include "actors/core/field_reader.hpp"
#include "actors/core/rule.hpp"
#include "api/access.hpp"
#include "api/http/problem.hpp"
#include "api/service.hpp"
#include "events/json.hpp"

namespace heliograph::api {

/// The site of the path, if who asks reaches it.
Result<SiteScope> site_of(const http::Request& request);
/// A query parameter as a time or a number. Requires: the router has checked its form.
std::optional<Micros> time_param(const http::Request& request, std::string_view name);
std::optional<std::uint64_t> number_param(const http::Request& request, std::string_view name);
/// SHA-256 over what makes two requests the same: method, path and body.
Digest fingerprint(const http::Request& request);

/// The object in a request's body, field by field. What cannot be read is answered at once.
class Body {
 public:
  /// `what` names it in sentences: "The command". An empty body counts as {} where `may_be_empty`.
  Body(const http::Request& request, const http::Responder& responder, std::string what, bool may_be_empty = false);
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  /// False when there is nothing to read: the answer was sent.
  explicit operator bool() const { return fields_.has_value(); }
  FieldReader& fields() { return *fields_; }
  /// Fields that nobody asked for are problems too. True when there were any: the answer was sent.
  bool refused();

 protected:
  const http::Responder& responder_;
  ParsedDocument body_;
  const Place root_;
  std::vector<DocumentProblem> found_;
  std::optional<FieldReader> fields_;
};

/// The same for the site of the request's path, by who asks.
class SiteBody : public Body {
 public:
  SiteBody(const http::Request& request, const http::Responder& responder, std::string what, bool may_be_empty = false);
  const SiteScope& site() const { return *site_; }
  const Principal& who() const { return who_; }

 private:
  std::optional<SiteScope> site_;
  Principal who_;
};

/// 422 with a pointer for each problem.
http::Response problems(const std::vector<DocumentProblem>& found);
http::Response problems(const std::vector<RuleProblem>& found);
/// 409 or 422 with rule, limit, actual and the position of the reading of every refusal.
http::Response refused(const CommandAnswer& answer);

void write_refusals(JsonWriter& json, const std::vector<Refusal>& refusals);

/// Answers from the views; the function runs in their projector and must not block.
using Ask = std::function<http::Response(const Views&)>;
void answer_from_views(Service& service, const http::Responder& responder, Ask ask);
/// The same, but 404 unless the site was configured.
void answer_for_site(Service& service, http::Request&& request, const http::Responder& responder,
                     std::function<http::Response(const Views&, const SiteKey&, const http::Request&)> ask);
/// Sends `then(reply)` when the turn is durable, or the problem.
void answer_turn(Service& service, const SiteScope& site, SiteCommand command, const http::Responder& responder,
                 std::function<http::Response(const SiteReply&)> then);
/// The same for a turn about the people of a tenant.
void answer_people(Service& service, const TenantId& tenant, const http::Responder& responder, std::function<Status(People&, Micros at, Journal&)> decide,
                   std::function<http::Response()> then, Reserve reserve = Reserve::keep);
/// 503: so many logins are being looked at that no more may wait.
void too_busy(const http::Responder& responder);
/// {"position": last} with status 200.
http::Response position_response(const SiteReply& reply);

/// A page of decisions of one site, or of what belongs to no site: limit, before, type.
http::Response audit_response(const Views& views, const SiteKey& site, const http::Request& request);

// Rows that many routes share.
std::vector<http::Parameter> audit_parameters();
http::Parameter site_parameter();
http::Parameter limit_parameter(std::int64_t fallback, std::int64_t most);
http::Reply ok(std::string description, std::string schema);
http::RequestBody json_body(std::string schema, std::string description);

}  // namespace heliograph::api
