#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "events/result.hpp"

namespace heliograph::testing {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File open(const std::string& path) {
  File file(std::fopen(path.c_str(), "wb"), &std::fclose);
  ensure(file != nullptr, "a test's file can be written", "certificates");
  return file;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  ensure(extension != nullptr, "an extension can be made", "certificates");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate new_certificate(EVP_PKEY* key, const std::string& name, long serial) {
  Certificate certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86'400);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

}  // namespace

struct Authority::Keys {
  Key key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
  Certificate certificate{nullptr, &X509_free};
};

Authority::Authority(std::string folder, std::string name)
    : folder_(std::move(folder)), name_(std::move(name)), file_(folder_ + "/" + name_ + "-ca.pem"), keys_(new Keys) {
  keys_->certificate = new_certificate(keys_->key.get(), name_, serial_++);
  X509* const own = keys_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  ensure(X509_sign(own, keys_->key.get(), EVP_sha256()) > 0, "an authority signs itself", "certificates");
  PEM_write_X509(open(file_).get(), own);
}

Authority::~Authority() { delete keys_; }

ServerCertificate Authority::issue(const std::string& file_name, const std::string& names, unsigned rsa_bits, long lives_s) {
  const Key key(rsa_bits > 0 ? EVP_RSA_gen(rsa_bits) : EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate certificate = new_certificate(key.get(), file_name, serial_++);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), lives_s);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(keys_->certificate.get()));
  extend(certificate.get(), keys_->certificate.get(), NID_subject_alt_name, names);
  ensure(X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()) > 0, "an authority signs", "certificates");
  const ServerCertificate out = {folder_ + "/" + file_name + ".pem", folder_ + "/" + file_name + "-key.pem"};
  PEM_write_X509(open(out.certificate_file).get(), certificate.get());
  PEM_write_PrivateKey(open(out.key_file).get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  using std::filesystem::perms;
  std::filesystem::permissions(out.key_file, perms::owner_read | perms::owner_write);
  return out;
}

void lock_key(const std::string& key_file) {
  const File in(std::fopen(key_file.c_str(), "rb"), &std::fclose);
  ensure(in != nullptr, "a test's key can be read", "certificates");
  const Key key(PEM_read_PrivateKey(in.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  std::string word = "a passphrase";
  PEM_write_PrivateKey(open(key_file).get(), key.get(), EVP_aes_128_cbc(),
                       reinterpret_cast<unsigned char*>(word.data()), static_cast<int>(word.size()), nullptr, nullptr);
}

}  // namespace heliograph::testing
