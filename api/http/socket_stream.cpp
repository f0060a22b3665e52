#include "api/http/socket_stream.hpp"

#include <atomic>
#include <mutex>

namespace heliograph::http {
namespace {

/// Value of "name: value" in a block; empty when it is not there.
std::string_view field(std::string_view block, std::string_view name) {
  while (!block.empty()) {
    const auto end = block.find('\n');
    const std::string_view line = block.substr(0, end);
    if (line.size() > name.size() + 1 && line.starts_with(name) && line.substr(name.size(), 2) == ": ") return line.substr(name.size() + 2);
    block = end == std::string_view::npos ? std::string_view() : block.substr(end + 1);
  }
  return {};
}

/// The same frame goes to many, one after the other: it is turned into a message once.
std::shared_ptr<const SocketMessage> message_of(const SharedText& frame) {
  struct Last {
    SharedText frame;
    std::shared_ptr<const SocketMessage> message;
  };
  thread_local Last last;
  if (last.frame != frame) {
    const auto text = socket_text(*frame);
    last = {frame, text ? std::make_shared<const SocketMessage>(*text) : nullptr};
  }
  return last.message;
}

class SocketStream final : public Stream {
 public:
  /// The socket tells of its end perhaps before anybody watches.
  struct Ears {
    std::mutex mutex;
    std::function<void()> progress, ended;  // guarded by mutex
    bool over = false;                      // guarded by mutex
  };
  SocketStream(SocketHandle socket, std::shared_ptr<Ears> ears) : socket_(std::move(socket)), ears_(std::move(ears)) {}

  void push(SharedText bytes, bool hold) override {
    if (const auto message = message_of(bytes)) {
      socket_->send(*message, hold);
      pushed_ += message->frame->size();
    }
  }
  void flush() override { socket_->flush(); }
  void close() override { socket_->close(Close::going_away, "Come back with ?after= the last id."); }
  void abort() override { socket_->abort(); }
  bool closed() const override { return socket_->closed(); }
  std::size_t queued_bytes() const override { return socket_->queued_bytes(); }
  std::size_t queued_count() const override { return socket_->queued_count(); }
  std::uint64_t written_bytes() const override { return pushed_ - std::min<std::uint64_t>(pushed_, socket_->queued_bytes()); }
  void watch(std::function<void()> progress, std::function<void()> ended) override {
    {
      const std::lock_guard lock(ears_->mutex);
      if (!ears_->over && !socket_->closed()) {
        ears_->progress = std::move(progress), ears_->ended = std::move(ended);
        return;
      }
    }
    if (ended) ended();
  }

 private:
  SocketHandle socket_;
  std::shared_ptr<Ears> ears_;
  std::atomic<std::uint64_t> pushed_{0};
};

}  // namespace

std::optional<std::string> socket_text(std::string_view frame) {
  const std::string_view id = field(frame, "id"), event = field(frame, "event"), data = field(frame, "data");
  if (event.empty() && id.empty()) return std::nullopt;
  std::string text = "{";
  if (!id.empty()) text.append("\"id\":").append(id).append(",");
  text.append("\"event\":\"").append(event.empty() ? "open" : event).append("\"");
  if (!data.empty()) text.append(",\"data\":").append(data);
  return text + "}";
}

StreamHandle open_socket_stream(const Request& request, const Responder& responder) {
  auto ears = std::make_shared<SocketStream::Ears>();
  const auto tell = [ears](bool over) {
    std::function<void()> told;
    {
      const std::lock_guard lock(ears->mutex);
      ears->over = ears->over || over;
      told = over ? std::exchange(ears->ended, {}) : ears->progress;
      if (over) ears->progress = {};
    }
    if (told) told();
  };
  SocketWatch watch;
  watch.progress = [tell] { tell(false); };
  watch.ended = [tell](Close) { tell(true); };
  return std::make_shared<SocketStream>(responder.open_socket(request, std::move(watch)), ears);
}

}  // namespace heliograph::http
