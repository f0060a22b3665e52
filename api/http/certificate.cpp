// Reads a certificate and its key into the rules of TLS, and says in one sentence what is wrong with them.
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>

#include "api/http/tls.hpp"

namespace heliograph::http {
namespace {

constexpr off_t file_bytes_max = 1024 * 1024;

using Bytes = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

struct Open {
  int fd = -1;
  ~Open() {
    if (fd >= 0) ::close(fd);
  }
};

/// Keeps OpenSSL's own words for what has no sentence of ours, and leaves none behind for the next call.
std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string out = reason != nullptr ? reason : "no reason was given";
  ERR_clear_error();
  return out;
}

Result<std::string> read_file(const std::string& path, const std::string& what, bool secret) {
  const auto cannot = [&](int error) {
    return fail(error == ENOENT ? Errc::not_found : Errc::io,
                "The " + what + " " + path + " cannot be read: " + std::strerror(error) + ".");
  };
  const Open file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return cannot(errno);
  struct stat about {};
  if (::fstat(file.fd, &about) != 0) return cannot(errno);
  if (!S_ISREG(about.st_mode) || about.st_size > file_bytes_max)
    return fail(Errc::invalid, "The " + what + " " + path + " is no PEM file: name the file itself.");
  if (secret && (about.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)) != 0)
    return fail(Errc::refused, "Others may read or change the " + what + " " + path + ": run chmod 600 on it.");
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const auto n = ::read(file.fd, text.data() + have, text.size() - have);
    if (n < 0) return cannot(errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  return text;
}

Bytes bytes_of(const std::string& text) {
  return Bytes(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
}

int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<std::vector<Certificate>> read_chain(const std::string& path) {
  const auto text = read_file(path, "certificate file", false);
  if (!text) return fail(text.error());
  const Bytes bytes = bytes_of(*text);
  std::vector<Certificate> chain;
  while (X509* each = PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr)) chain.emplace_back(each, &X509_free);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const auto reason = last_reason();
  if (!chain.empty() && at_end) return chain;
  if (chain.empty() && at_end)
    return fail(Errc::invalid, "The certificate file " + path + " holds no certificate in PEM form.");
  return fail(Errc::invalid,
              "The certificate file " + path + " holds a certificate that cannot be read: " + reason + ".");
}

Result<Key> read_key(const std::string& path) {
  const auto text = read_file(path, "key file", true);
  if (!text) return fail(text.error());
  bool locked = false;
  Key key(PEM_read_bio_PrivateKey(bytes_of(*text).get(), nullptr, &no_passphrase, &locked), &EVP_PKEY_free);
  const auto reason = last_reason();
  if (key) return key;
  if (locked)
    return fail(Errc::unsupported, "The key file " + path + " is locked with a passphrase: store it without one.");
  return fail(Errc::invalid, "The key file " + path + " holds no private key in PEM form (" + reason + ").");
}

Micros end_of(const X509* certificate) {
  std::tm at{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &at) != 1) return 0;
  return from_civil(at.tm_year + 1900, at.tm_mon + 1, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec);
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  constexpr std::string_view ours = "http/1.1";
  for (unsigned at = 0; at < offered_size; at += 1u + offered[at]) {
    const std::string_view each(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
    if (each != ours) continue;
    *out = offered + at + 1;
    *out_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Mozilla's "intermediate" (guidelines 5.7) without finite-field Diffie-Hellman, which needs parameters of its own and
/// serves no client that has TLS 1.2 and lacks elliptic curves.
bool set_rules(SSL_CTX* context) {
  SSL_CTX_set_security_level(context, 2);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Partial writes: one record a call. Moving: our queue may have grown and moved between two tries of one record.
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets do without
  SSL_CTX_set_alpn_select_cb(context, &choose_protocol, nullptr);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_ciphersuites(context,
                                  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
         SSL_CTX_set_cipher_list(context,
                                 "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                 "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                 "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305") == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> load_tls(const TlsOptions& files) {
  ERR_clear_error();
  auto chain = read_chain(files.certificate_file);
  if (!chain) return fail(chain.error());
  auto key = read_key(files.key_file);
  if (!key) return fail(key.error());
  X509* const own = chain->front().get();
  if (X509_check_private_key(own, key->get()) != 1) {
    ERR_clear_error();
    return fail(Errc::invalid, "The key in " + files.key_file + " does not belong to the first certificate in " +
                                   files.certificate_file + ": name the pair, the server's own certificate first.");
  }
  Context context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  ensure(context != nullptr && set_rules(context.get()), "OpenSSL takes the rules of TLS", "api/http/certificate.cpp");
  bool taken =
      SSL_CTX_use_certificate(context.get(), own) == 1 && SSL_CTX_use_PrivateKey(context.get(), key->get()) == 1;
  for (std::size_t i = 1; taken && i < chain->size(); ++i)
    taken = SSL_CTX_add1_chain_cert(context.get(), (*chain)[i].get()) == 1;
  if (!taken)
    return fail(Errc::refused, "The certificate in " + files.certificate_file + " cannot be used (" + last_reason() +
                                   "): take RSA with 2048 bits or more, or an elliptic curve, signed with SHA-256.");
  return std::make_shared<const TlsContext>(context.release(), end_of(own));
}

}  // namespace heliograph::http
