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
#include "api/scoped_views.hpp"
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

/// What If-Match and If-None-Match say of the version that is replaced; `unsaid` when they say nothing.
Expected expected_of(const http::Request& request, Expected::Kind unsaid);
/// What came of a turn that was not taken, as a problem.
http::Response refused_turn(const Error& error);

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

/// Those that the request's query names, else every one. Errors: invalid (no such metric).
Result<std::vector<Metric>> metrics_of(const http::Request& request);

/// Asks the views about a site; the function runs in their projector and must not block.
void ask_site(Service& service, const SiteScope& site, std::function<void(const SiteViews&)> ask);
/// Answers from the views of the site in the request's path; 404 unless somebody configured it.
void answer_for_site(Service& service, http::Request&& request, const http::Responder& responder, std::function<http::Response(const SiteViews&, const http::Request&)> ask);
/// Asks the views for all that who asks reaches.
void ask_for(Service& service, http::Request&& request, std::function<void(const AccessViews&, const http::Request&)> ask);
/// Answers from all that who asks reaches.
void answer_for(Service& service, http::Request&& request, const http::Responder& responder, std::function<http::Response(const AccessViews&, const http::Request&)> ask);
/// Answers from the views of the whole process. Requires: it says nothing of any site; figures of the process.
using Ask = std::function<http::Response(const Views&)>;
void answer_from_views(Service& service, const http::Responder& responder, Ask ask);
/// Sends `then(reply)` when the turn is durable, or the problem.
void answer_turn(Service& service, const SiteScope& site, SiteCommand command, const http::Responder& responder,
                 std::function<http::Response(const SiteReply&)> then);
/// The same for a turn about the people of a tenant.
void answer_people(Service& service, const TenantId& tenant, const http::Responder& responder, std::function<Status(People&, Micros at, Journal&)> decide,
                   std::function<http::Response()> then, Reserve reserve = Reserve::keep);
/// 503: so many logins are being looked at that no more may wait.
void too_busy(const http::Responder& responder);
/// 202 with where the command stands, or why safety refused it.
http::Response command_response(const SiteReply& reply);
/// What the last word about the command says of where it stands.
std::string_view state_of(const std::vector<RecordPtr>& story);
/// {"position": last} with status 200.
http::Response position_response(const SiteReply& reply);

using AuditPage = std::function<Result<std::vector<RecordPtr>>(const AuditQuestion& question)>;
/// A page of decisions, by the request's limit, before, after and type.
http::Response audit_response(const AuditPage& page_of, const http::Request& request);

// Rows that many routes share.
std::vector<http::Parameter> audit_parameters();
http::Parameter site_parameter();
http::Parameter metric_parameter(bool required);
/// The headers by which two who change the same thing do not undo each other unseen; for those who replace something they are needed.
std::vector<http::Parameter> with_conditions(std::vector<http::Parameter> parameters);
http::Parameter limit_parameter(std::int64_t fallback, std::int64_t most);
/// For GETs of what has a version.
http::Parameter if_none_match();
std::vector<http::Reply> versioned(std::string description, std::string schema);
http::Reply ok(std::string description, std::string schema);
http::RequestBody json_body(std::string schema, std::string description);

}  // namespace heliograph::api
