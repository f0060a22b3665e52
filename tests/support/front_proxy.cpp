#include "tests/support/front_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <vector>

#include "events/result.hpp"

namespace heliograph::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = loopback(0);
  socklen_t size = sizeof at;
  ensure(::bind(socket, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 && ::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size) == 0, "a port is free", "FrontProxy");
  ::close(socket);
  return ntohs(at.sin_port);
}

bool answers(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in at = loopback(port);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  ::close(socket);
  return connected;
}

// One process, so that ending it ends all of it; bodies are passed on as they come, not put together first.
std::string nginx_file(const std::string& folder, const std::string& port, const std::string& behind) {
  std::string temporary;
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) temporary += std::string(kind) + "_temp_path " + folder + "/" + kind + ";\n";
  return "daemon off;\nmaster_process off;\npid " + folder + "/pid;\nerror_log " + folder + "/errors crit;\nevents { worker_connections 256; }\nhttp {\naccess_log off;\n" + temporary +
         "client_header_timeout 2s;\nclient_body_timeout 100ms;\nkeepalive_timeout 20ms;\nproxy_read_timeout 2s;\nunderscores_in_headers on;\nignore_invalid_headers off;\n"
         "upstream house { server 127.0.0.1:" + behind + "; keepalive 4; }\n"
         "server { listen 127.0.0.1:" + port + ";\nlocation / { proxy_pass http://house; proxy_http_version 1.1; proxy_request_buffering off;\n"
         "proxy_set_header Connection \"\"; proxy_set_header Host localhost; proxy_set_header X-Front nginx; } }\n}\n";
}

std::string haproxy_file(const std::string& port, const std::string& behind) {
  return "global\n  maxconn 200\ndefaults\n  mode http\n  timeout connect 2s\n  timeout client 200ms\n  timeout server 2s\n  timeout http-request 2s\n"
         "  timeout http-keep-alive 20ms\n  http-reuse always\nfrontend door\n  bind 127.0.0.1:" + port +
         "\n  http-request set-header X-Front haproxy\n  default_backend house\nbackend house\n  server house 127.0.0.1:" + behind + "\n";
}

}  // namespace

FrontProxy::FrontProxy(Kind kind, std::uint16_t behind) {
  // Between finding a free port and taking it, another may: then the proxy ends at once, and the next port is tried.
  for (int tries = 0; tries < 5; ++tries)
    if (start(kind, behind)) return;
  throw std::runtime_error(kind == Kind::nginx ? "nginx does not start (Debian: nginx-light, see packages-test.txt)" : "HAProxy does not start (Debian: haproxy, see packages-test.txt)");
}

bool FrontProxy::start(Kind kind, std::uint16_t behind) {
  port_ = free_port();
  const bool nginx = kind == Kind::nginx;
  const std::string file = folder_ / "configuration", port = std::to_string(port_);
  std::ofstream(file) << (nginx ? nginx_file(folder_.path(), port, std::to_string(behind)) : haproxy_file(port, std::to_string(behind)));
  std::vector<std::string> words = nginx ? std::vector<std::string>{"/usr/sbin/nginx", "-p", folder_.path(), "-c", file} : std::vector<std::string>{"/usr/sbin/haproxy", "-db", "-q", "-f", file};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  for (int i = 0; i < 400; ++i) {  // it says nothing when it is ready
    const bool taken = answers(port_);  // perhaps by another
    if (!runs()) break;
    if (taken) return true;
    ::poll(nullptr, 0, 25);
  }
  end();
  return false;
}

bool FrontProxy::runs() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = -1;
  return pid_ > 0;
}

void FrontProxy::end() {
  if (!runs()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

FrontProxy::~FrontProxy() { end(); }

}  // namespace heliograph::test
