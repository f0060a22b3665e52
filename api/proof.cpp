#include "api/proof.hpp"

#include "actors/people/totp.hpp"

namespace heliograph::api {

http::Response locked(Micros wait) {
  http::Problem problem{429, "locked", "Too many tries", "Too many logins have failed: wait, then try again."};
  problem.headers.emplace_back("Retry-After", std::to_string((wait + second_us - 1) / second_us));
  return http::problem_response(problem);
}

http::Response not_proved(const LoginAnswer& answer) {
  if (answer.why == LoginRefusal::locked) return locked(answer.wait);
  http::Problem problem{401, "wrong-credentials", {}, "Name, password or code do not fit."};
  if (answer.why == LoginRefusal::needs_code) problem = {401, "needs-code", "A code is needed", "The password fits. Send it once more with \"code\": the six digits of the app, or a backup code."};
  problem.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"heliograph\"");
  return http::problem_response(problem);
}

std::string about(std::string_view what, const TenantId& tenant, const UserId& user) { return std::string(what) + " " + tenant.text + "/" + user.text; }

std::shared_ptr<Proof> read_proof(FieldReader& fields, const char* password_field) {
  fields.require(password_field, "\"" + std::string(password_field) + "\": \"...\"");
  auto proof = std::make_shared<Proof>();
  proof->password = Secret(fields.text(password_field).value_or(""));
  proof->code = fields.text("code").value_or("");
  return proof;
}

Login look_at(Service& service, const Proof& proof, const http::Request& request) {
  const Door& door = *service.door;
  Login login;
  login.tenant = proof.tenant, login.user = proof.user, login.peer = request.peer;
  login.agent = std::string(request.header("User-Agent").value_or("")).substr(0, 200);
  login.code_given = !proof.code.empty();
  std::string hash;
  std::optional<TotpEnrolled> totp;
  std::int64_t used = 0;
  service.engine.people().read([&](const People& all) {
    const User* user = all.user(proof.tenant, proof.user);
    if (user == nullptr) return;
    login.held_against = user->sealed_password;
    if (user->totp) login.seed_held_against = user->totp->sealed;
    if (auto opened = door.secrets().open(user->sealed_password, about("password", proof.tenant, proof.user))) hash = *opened;
    totp = user->totp, used = user->step_used;
  });
  login.password_fits = people::password_fits(proof.password, hash);
  if (!totp || proof.code.empty()) return login;
  if (const auto seed = door.secrets().open(totp->sealed, about("totp", proof.tenant, proof.user))) login.step = people::step_of(*seed, proof.code, service.engine.clock().now(), used);
  const Digest digest = door.secrets().keyed_digest(about("backup", proof.tenant, proof.user), proof.code);
  for (std::size_t i = 0; i < totp->backup_codes.size(); ++i)
    if (same_secret(totp->backup_codes[i], bytes_of(digest))) login.backup_code = static_cast<std::int32_t>(i);
  return login;
}

std::optional<std::string> weakness(const Secret& password, const UserSaved& user, bool second_factor) {
  return people::why_refused(password, {user.user.text, user.name, user.mail.substr(0, user.mail.find('@')), "heliograph"}, second_factor);
}

}  // namespace heliograph::api
