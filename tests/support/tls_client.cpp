#include "tests/support/tls_client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>

namespace heliograph::test {
namespace {

std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "the connection ended";
}

}  // namespace

TlsClient::TlsClient(std::uint16_t port, const TlsAsk& ask, int receive_buffer)
    : HttpClient(port, receive_buffer), context_(SSL_CTX_new(TLS_client_method())) {
  std::signal(SIGPIPE, SIG_IGN);            // OpenSSL writes without MSG_NOSIGNAL
  SSL_CTX_set_security_level(context_, 0);  // whatever is refused, the server refuses it
  if (ask.version != 0) {
    SSL_CTX_set_min_proto_version(context_, ask.version);
    SSL_CTX_set_max_proto_version(context_, ask.version);
  }
  if (!ask.ciphers.empty()) SSL_CTX_set_cipher_list(context_, ask.ciphers.c_str());
  SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(ask.protocols.data()),
                          static_cast<unsigned>(ask.protocols.size()));
  if (!ask.authority.empty()) {
    SSL_CTX_load_verify_file(context_, ask.authority.c_str());
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  }
  ssl_ = SSL_new(context_);
  if (!ask.authority.empty()) SSL_set1_host(ssl_, "localhost");
  if (ask.resume != nullptr) SSL_set_session(ssl_, ask.resume);
  SSL_set_fd(ssl_, socket_);
  ERR_clear_error();
  shaken_ = SSL_connect(ssl_) == 1;
  if (!shaken_) reason_ = last_reason();
}

TlsClient::~TlsClient() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
}

std::string TlsClient::version() const { return SSL_get_version(ssl_); }

std::string TlsClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

long TlsClient::serial() const {
  const X509* shown = SSL_get0_peer_certificate(ssl_);
  return shown == nullptr ? -1 : ASN1_INTEGER_get(X509_get0_serialNumber(shown));
}

std::string TlsClient::ends() const {
  ASN1_GENERALIZEDTIME* at = ASN1_TIME_to_generalizedtime(X509_get0_notAfter(SSL_get0_peer_certificate(ssl_)), nullptr);
  std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(at)),
                   static_cast<std::size_t>(ASN1_STRING_length(at)));
  ASN1_GENERALIZEDTIME_free(at);
  return text;
}

int TlsClient::chain_length() const { return sk_X509_num(SSL_get_peer_cert_chain(ssl_)); }

bool TlsClient::renegotiate() {
  ERR_clear_error();
  if (SSL_renegotiate(ssl_) == 1 && SSL_do_handshake(ssl_) == 1) return true;
  reason_ = last_reason();
  return false;
}

bool TlsClient::change_keys() {
  return SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl_) == 1;
}

bool TlsClient::resumed() const { return SSL_session_reused(ssl_) == 1; }
ssl_session_st* TlsClient::session() const { return SSL_get1_session(ssl_); }
bool TlsClient::heard_goodbye() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }

void TlsClient::finish_sending() {
  SSL_shutdown(ssl_);
  HttpClient::finish_sending();
}

long TlsClient::receive(char* into, std::size_t room) {
  ERR_clear_error();
  return SSL_read(ssl_, into, static_cast<int>(room));
}

long TlsClient::transmit(const char* from, std::size_t size) {
  ERR_clear_error();
  return SSL_write(ssl_, from, static_cast<int>(size));
}

std::string client_hello() {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = SSL_new(context);
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
  SSL_connect(ssl);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  std::string hello(bytes, static_cast<std::size_t>(size));
  SSL_free(ssl);
  SSL_CTX_free(context);
  return hello;
}

}  // namespace heliograph::test
