#include "tests/support/smtp_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <simdjson.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "events/base64.hpp"

namespace heliograph::testing {

SmtpServer::SmtpServer(const std::string& mode, const ServerCertificate* certificate) {
  std::vector<std::string> words = {
      "/usr/bin/python3", std::string(HELIOGRAPH_SOURCE_DIR) + "/tests/support/smtp_server.py", folder_.path(), mode};
  if (certificate) words.insert(words.end(), {certificate->certificate_file, certificate->key_file});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2];
  ensure(::pipe2(ends, O_CLOEXEC) == 0, "a pipe can be made", "SmtpServer");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string line;
  for (char c; ::read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
  said_ = ends[0];
  port_ = static_cast<std::uint16_t>(std::atoi(line.c_str()));
  ensure(port_ != 0, "aiosmtpd starts (Debian: python3-aiosmtpd, see packages-test.txt)", "SmtpServer");
}

SmtpServer::~SmtpServer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::close(said_);
}

bool SmtpServer::wait_for(std::size_t mails) {
  while (came_ < mails) {
    pollfd reading{said_, POLLIN, 0};
    if (::poll(&reading, 1, 60'000) != 1) return false;
    char c = 0;
    if (::read(said_, &c, 1) != 1) return false;
    came_ += c == '\n';
  }
  return true;
}

std::vector<ReceivedMail> SmtpServer::received() const {
  std::vector<ReceivedMail> out;
  for (int i = 1;; ++i) {
    const std::string path = folder_ / (std::to_string(i) + ".json");
    if (!std::filesystem::exists(path)) return out;
    simdjson::dom::parser parser;
    const simdjson::dom::element json = parser.load(path);
    ReceivedMail& mail = out.emplace_back();
    mail.from = std::string_view(json["from"]);
    mail.hello = std::string_view(json["hello"]);
    mail.message = from_base64(std::string_view(json["message"])).value();
    for (const simdjson::dom::element to : json["to"]) mail.to.emplace_back(std::string_view(to));
    mail.login = bool(json["login"]);
    mail.tls = bool(json["tls"]);
  }
}

}  // namespace heliograph::testing
