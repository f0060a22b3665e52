// The server's end of a Responder: brings an answer to the thread of the connection that waits for it.
#include <utility>

#include "api/http/loop.hpp"

namespace heliograph::http {
namespace {

/// The loop outlives the server; the connection may be gone at any time.
class PendingAnswer final : public Answer {
 public:
  PendingAnswer(std::weak_ptr<Asker> asker, std::shared_ptr<ServerLoop> loop, std::weak_ptr<ServerShared> shared,
                std::uint64_t request)
      : asker_(std::move(asker)), loop_(std::move(loop)), shared_(std::move(shared)), request_(request) {}

  void send(Response response) override {
    if (loop_->is_this_thread()) {
      if (auto asker = asker_.lock()) asker->answer(request_, std::move(response));
      return;
    }
    loop_->post([weak = asker_, request = request_, response = std::move(response)]() mutable {
      if (auto asker = weak.lock()) asker->answer(request, std::move(response));
    });
  }

  StreamHandle open_stream(Headers headers) override {
    const auto shared = shared_.lock();
    if (!shared) return ended_stream();
    auto stream = make_stream(shared);
    give({std::move(headers), {}, stream});
    return stream;
  }

  SocketHandle open_socket(Headers headers, std::string accept, SocketWatch watch) override {
    const auto shared = shared_.lock();
    if (!shared) return ended_socket();
    auto [socket, stream] = make_socket(shared, std::move(watch));
    give({std::move(headers), std::move(accept), stream});
    return socket;
  }

 private:
  void give(Takeover takeover) {
    auto hand_over = [weak = asker_, request = request_, takeover = std::move(takeover)] {
      if (auto asker = weak.lock())
        asker->hand_over(request, takeover);
      else
        takeover.stream->abort();
    };
    if (loop_->is_this_thread())
      hand_over();
    else
      loop_->post(std::move(hand_over));
  }

  std::weak_ptr<Asker> asker_;
  std::shared_ptr<ServerLoop> loop_;
  std::weak_ptr<ServerShared> shared_;
  std::uint64_t request_;
};

}  // namespace

std::shared_ptr<Answer> pending_answer(std::weak_ptr<Asker> asker, std::shared_ptr<ServerLoop> loop,
                                       std::weak_ptr<ServerShared> shared, std::uint64_t request) {
  return std::make_shared<PendingAnswer>(std::move(asker), std::move(loop), std::move(shared), request);
}

}  // namespace heliograph::http
