// Certificates made for one test: an authority, and servers that it vouches for. Keys are files in the given folder.
#pragma once

#include <string>
#include <vector>

namespace heliograph::testing {

struct ServerCertificate {
  std::string certificate_file, key_file;  // PEM
};

class Authority {
 public:
  /// Files go into `folder`; `name` keeps two authorities apart.
  Authority(std::string folder, std::string name);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;
  const std::string& file() const { return file_; }  // what a client is told to trust
  /// `names` as in subjectAltName: "DNS:hub.test,IP:127.0.0.1".
  /// The key is of curve P-256, or RSA with so many bits; its file is the owner's alone. It ends `lives_s` from now.
  ServerCertificate issue(const std::string& file_name, const std::string& names, unsigned rsa_bits = 0, long lives_s = 86'400);

 private:
  struct Keys;
  std::string folder_, name_, file_;
  Keys* keys_;
  long serial_ = 1;
};

/// Puts a passphrase on a key file.
void lock_key(const std::string& key_file);

}  // namespace heliograph::testing
