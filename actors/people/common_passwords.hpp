// Whether a password is among those that are tried first: on the list of John the Ripper's authors (Debian: john-data, 3,546 passwords,
// built in; docs/adr/0016), or made of it in the way that people do.
#pragma once

#include <string_view>
#include <vector>

namespace heliograph::people {

/// As the list has them, the most used first.
const std::vector<std::string_view>& common_passwords();
/// One of them, in capitals or with digits for letters ("P4ssw0rd"), or one or two of them, however often, with little around.
bool is_common_password(std::string_view password);

}  // namespace heliograph::people
