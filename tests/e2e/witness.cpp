// A device as a process of its own: it hears a line "ID/TRY ACTION" on a connection, writes it to its journal, syncs that, and only
// then says that it has acted. Half a line is no command. The journal is the witness of what reached a device.
//   witness JOURNAL
#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

void serve(tcp::socket socket, int journal, std::mutex& one_at_a_time) {
  asio::streambuf heard;
  boost::system::error_code failed;
  const std::size_t length = asio::read_until(socket, heard, '\n', failed);
  if (failed) return;
  const std::string line(static_cast<const char*>(heard.data().data()), length);
  {
    const std::scoped_lock lock(one_at_a_time);
    if (::write(journal, line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(journal) != 0) ::_exit(4);
  }
  asio::write(socket, asio::buffer(std::string("acted\n")), failed);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const int journal = ::open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (journal < 0) return 4;
  asio::io_context io;
  tcp::acceptor door(io, {asio::ip::make_address("127.0.0.1"), 0});
  std::printf("http://127.0.0.1:%d/\n", door.local_endpoint().port());
  std::fflush(stdout);
  std::mutex one_at_a_time;
  for (;;) std::thread([socket = door.accept(), journal, &one_at_a_time]() mutable { serve(std::move(socket), journal, one_at_a_time); }).detach();
}
