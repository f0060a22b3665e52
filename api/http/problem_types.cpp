#include "api/http/problem_types.hpp"

#include <algorithm>
#include <array>

namespace heliograph::http {
namespace {

constexpr std::array types{
    ProblemType{"answered-otherwise", "Answered otherwise", "A yes came to a command that was denied before, or a no to one that was approved.", "Read the command; ask for a new one, or cancel it, if that is what you want."},
    ProblemType{"approval-expired", "The approval has expired", "A yes came after the command's time to be approved was over; the command was cancelled.", "Ask for the command again, and approve it in time."},
    ProblemType{"approval-refused", "The approval was not accepted", "The code of an approval does not fit, or its question is closed.", "Type the code from the newest message, or answer on the dashboard."},
    ProblemType{"automation-not-enabled", "Automation commands nothing on this host", "A rule or schedule wanted to command a real device while the host's flag for automation is off.", "Set features.automation in the host's configuration when you are sure."},
    ProblemType{"bad-signature", "Bad signature", "What claims to come from a message service is not signed as that service signs.", "Check the base URL and the token in the configuration."},
    ProblemType{"body-too-large", "Body too large", "The body is larger than the server, or this route, takes.", "Send it in smaller parts; `limit` says how large one may be."},
    ProblemType{"busy", "Busy", "Somebody else holds what is needed, or so much is waiting that no more may.", "Wait as long as Retry-After says, then send the request again."},
    ProblemType{"clock-trusted", "The clock is trusted", "A person trusts a site's clock although nothing was said against it.", "Nothing has to be done."},
    ProblemType{"closed", "Closed", "A write has failed, or the server stops: it takes no more until it has been restarted. Reading still works.", "Look into the server's log, free space if there is none, and restart it."},
    ProblemType{"conflict", "Conflict", "The request was made for a state that is no longer so.", "Read again what it was about, decide again, and send the request anew."},
    ProblemType{"control-off", "Nothing is commanded from this host", "The host's flag for control is off, as it is when Heliograph is new.", "Set features.control in the host's configuration when you are sure."},
    ProblemType{"corrupt", "Corrupt", "Bytes on the server's disk are not those that were written. They were not used.", "Run `heliograph verify` on the server, and restore a backup if it finds damage."},
    ProblemType{"device-busy", "The device is busy", "Another command of the same device is under way: there is one at a time.", "Wait until it is settled, or cancel it, then ask again."},
    ProblemType{"device-offline", "The device is offline", "Nothing was heard of the device for so long that a command would go nowhere.", "Look at its connection; or ask with \"wait_online\", which waits for it."},
    ProblemType{"emergency-stop", "The emergency stop is engaged", "The site is stopped: nothing is sent to its devices, whoever asks.", "A person who may lift the stop does so, with a reason (POST /api/v1/sites/{site}/stop/lift)."},
    ProblemType{"expectation-failed", "Expectation failed", "The Expect header asks for something other than 100-continue.", "Leave the header out."},
    ProblemType{"forbidden", "Not allowed", "Who asks is known, but lacks the permission that the operation needs (`needs`).", "Ask an admin for it, or use a key that has it."},
    ProblemType{"foreign-host", "Foreign host", "The Host header names another server: a page may have been led here under a foreign name.", "Use the server's own name, or list the name as an allowed host."},
    ProblemType{"foreign-origin", "Foreign origin", "A page of another origin wants to change something, or a cookie came without proof that its page is ours.", "List the origin as an allowed one, or send a bearer token instead of a cookie."},
    ProblemType{"full", "Full", "The server has no space left for another write.", "Free some, then send the request again."},
    ProblemType{"headers-too-large", "Headers too large", "The request's head is longer, or has more fields, than the server takes.", "Send fewer or shorter headers; cookies are often the cause."},
    ProblemType{"http-version", "HTTP version", "The request is not HTTP/1.0 or HTTP/1.1.", "Speak HTTP/1.1."},
    ProblemType{"idempotency-key-required", "Idempotency key required", "The operation must not happen twice by accident, and the request carries no Idempotency-Key.", "Send a new random key with each new request, and the same one when you repeat it."},
    ProblemType{"idempotency-key-reused", "Idempotency key reused", "The key was used for a request that said something else.", "Make a new key for each new request."},
    ProblemType{"invalid", "Invalid", "Something in the request is not as the document says; `errors` points at each place.", "Mend every place that `errors` names, then send it again."},
    ProblemType{"io", "Input or output failed", "The server could not read or write its data. Nothing unconfirmed was kept.", "Look into the server's log: its disk needs attention."},
    ProblemType{"just-settled", "Just settled", "The command was settled at this very moment, and not by this answer.", "Read the command again."},
    ProblemType{"locked", "Too many tries", "Too many logins have failed.", "Wait as long as Retry-After says, then try again."},
    ProblemType{"malformed-request", "Malformed request", "The request cannot be read as HTTP in exactly one way; `rule` names the rule that it breaks.", "Send it as RFC 9112 says, or use another client."},
    ProblemType{"method-not-allowed", "Method not allowed", "There is something at this path, but not for this method.", "Use one of those that Allow lists."},
    ProblemType{"needs-code", "A code is needed", "The password fits, and the account has a second factor.", "Send the same once more with \"code\": the six digits of the app, or a backup code."},
    ProblemType{"no-answer", "No answer", "The server lost the request.", "Send it again; with the same Idempotency-Key it happens once."},
    ProblemType{"no-approval", "Nothing to approve", "The command is not one that waits for a yes.", "Nothing has to be done; read the command to see where it stands."},
    ProblemType{"no-websocket", "No WebSocket", "The request is no WebSocket handshake.", "Open the address with a WebSocket client."},
    ProblemType{"not-built-yet", "Not built yet", "An older plan of this product names the path, and what would answer there is not built yet; `capability` says what.", "Look into docs/API.md for what there is, and into a later version."},
    ProblemType{"not-found", "Not found", "There is nothing of this name, or nothing that who asks may see.", "See /openapi.json for the paths, and the lists of sites, devices and rules for names."},
    ProblemType{"not-implemented", "Not implemented", "The method or transfer coding is one that the server does not know.", "Use the methods in /openapi.json, and plain or chunked bodies."},
    ProblemType{"not-logged-in", "Not logged in", "The request carries no token, key or cookie, or one that does not hold.", "Log in (POST /api/v1/auth/login), or send an API key."},
    ProblemType{"precondition-failed", "Precondition failed", "If-Match names another version than the one that there is.", "Get it again, look at what has changed, then decide anew."},
    ProblemType{"precondition-required", "Precondition required", "The request would replace something without saying which version of it was read.", "Read it, and send its ETag as If-Match; or If-Match: * for whatever it is now."},
    ProblemType{"range-not-satisfiable", "Range not satisfiable", "The Range begins behind the end.", "Content-Range says how long the whole is."},
    ProblemType{"read-only", "Read only", "This instance only shows: nothing can be changed in it.", "Run your own with `heliograph serve`."},
    ProblemType{"refused", "Refused", "The request was understood, and is not allowed.", "`detail` says why, and what would be."},
    ProblemType{"safe-mode", "Heliograph runs in safe mode", "The process ended uncleanly again and again: views and STOP work, commands are refused.", "Look into its log, mend the cause, and restart it."},
    ProblemType{"safety-refused", "Refused by safety", "The command would break a limit; `refusals` names each one, with the limit, the actual value and the reading.", "Change what is asked for, or wait until the values allow it. Nobody can overrule a limit."},
    ProblemType{"session-over", "The session is over", "The session has ended, or its refresh token was used before.", "Log in again."},
    ProblemType{"set-up", "Already set up", "The house has an owner; the first one is made only once.", "Log in, or ask the owner for an invitation."},
    ProblemType{"setup-code", "The setup code is needed", "The first owner is made from another machine, without the code that proves access to this one.", "Send \"setup_code\" as `heliograph serve` prints it."},
    ProblemType{"step-up", "Prove who you are once more", "The operation is dangerous, and the last proof of who asks is older than five minutes.", "Send the password, and the code where there is one, to POST /api/v1/auth/step-up; then send this again."},
    ProblemType{"stopping", "Stopping", "The server stops.", "Connect again in a moment."},
    ProblemType{"timeout", "Timeout", "The request did not arrive in time.", "Send it again on a new connection."},
    ProblemType{"too-many-connections", "Too many connections", "The server has all the connections that it takes.", "Close those that you do not need; try again as Retry-After says."},
    ProblemType{"too-many-refreshes", "Too many refreshes", "A session was refreshed ten times within a minute: each refresh is an entry in the log.", "Use the access token that there is; it holds for fifteen minutes."},
    ProblemType{"too-many-requests", "Too many requests", "Who asks has spent the budget that `violated-policies` names.", "Wait as long as Retry-After says. RateLimit in each answer says what is left."},
    ProblemType{"too-many-subscribers", "Too many subscribers", "The live stream has all the subscribers that it takes.", "Try again as Retry-After says, or ask for what is new from time to time."},
    ProblemType{"unsupported", "Unsupported", "The request is right, and this build cannot do it.", "`detail` says what can."},
    ProblemType{"unsupported-encoding", "Unsupported encoding", "The body comes with a Content-Encoding.", "Send it without one."},
    ProblemType{"unsupported-media-type", "Unsupported media type", "The body's Content-Type is missing, not one of those that the operation takes, or not UTF-8.", "Send it as one of the types in the document, and name that in Content-Type."},
    ProblemType{"url-too-long", "URL too long", "The request's target is longer than the server takes.", "Send less in the query; what is long belongs into a body."},
    ProblemType{"websocket-only", "WebSocket only", "The address speaks WebSocket, version 13, and nothing else.", "Open it with a WebSocket client."},
    ProblemType{"wrong-credentials", "Wrong credentials", "Name, password or code do not fit. It is not said which.", "Type them again; after some tries there is a wait."},
};

}  // namespace

std::span<const ProblemType> problem_types() { return types; }

const ProblemType* problem_type(std::string_view type) {
  const auto found = std::find_if(types.begin(), types.end(), [&](const ProblemType& each) { return each.type == type; });
  return found == types.end() ? nullptr : &*found;
}

}  // namespace heliograph::http
