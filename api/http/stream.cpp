// A streamed answer: a queue of shared texts in front of one socket. It writes directly and waits for the socket only
// when the kernel's buffer is full. What comes in is for its reader; without one it reads only to learn that the other
// end has gone.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "api/http/loop.hpp"
#include "api/http/send_queue.hpp"

namespace heliograph::http {
namespace {

class LiveStream final : public SocketStream,
                         public Served,
                         public TransportUser,
                         public std::enable_shared_from_this<LiveStream> {
 public:
  LiveStream(std::shared_ptr<ServerShared> shared, std::shared_ptr<StreamReader> reader)
      : limits_(shared->options.limits),
        loop_(shared->stream_loop),
        shared_(std::move(shared)),
        input_(reader ? 4096 : 256),
        reader_(std::move(reader)) {}
  ~LiveStream() override { leave_counts(); }

  void push(SharedText bytes, bool hold) override {
    if (ended_ || !bytes || bytes->empty()) return;
    queued_bytes_ += bytes->size();
    ++queued_count_;
    if (loop_->is_this_thread()) return enqueue(std::move(bytes), hold);
    loop_->post([self = shared_from_this(), bytes = std::move(bytes), hold] { self->enqueue(bytes, hold); });
  }
  void flush() override {
    on_loop([](LiveStream& s) { s.write_out(); });
  }
  void close() override {
    on_loop([](LiveStream& s) {
      s.closing_ = true;
      s.write_out();
    });
  }
  void abort() override {
    over_ = true;
    on_loop([](LiveStream& s) { s.end(); });
  }
  bool closed() const override { return over_; }
  std::size_t queued_bytes() const override { return ended_ ? 0 : queued_bytes_.load(); }
  std::size_t queued_count() const override { return ended_ ? 0 : queued_count_.load(); }
  std::uint64_t written_bytes() const override { return written_; }
  void watch(std::function<void()> progress, std::function<void()> ended) override {
    on_loop([progress = std::move(progress), ended = std::move(ended)](LiveStream& s) {
      if (s.ended_) {
        if (ended) ended();
        return;
      }
      s.progress_ = progress;
      s.on_end_ = ended;
    });
  }

  void attach(Wire wire, std::string_view early) override;
  void push_last(SharedText bytes) override;
  void on_read(Flow flow, std::size_t bytes) override;
  void on_writable(bool open) override;
  void on_sweep() override {
    if (deadline_ != 0 && loop_->sweep() >= deadline_) return end();
    if (const auto reader = reader_) reader->on_sweep();
  }
  void stop_soon() override {
    if (const auto reader = reader_) reader->on_stop();
    write_out();
    end();
  }

 private:
  template <class Do>
  void on_loop(Do what) {
    if (loop_->is_this_thread())
      what(*this);
    else
      loop_->post([self = shared_from_this(), what = std::move(what)] { what(*self); });
  }
  void enqueue(SharedText bytes, bool hold);
  void write_out();
  void taken(std::size_t n);
  void end();
  void leave_counts();

  const Limits& limits_;
  std::shared_ptr<ServerLoop> loop_;
  std::shared_ptr<ServerShared> shared_;
  std::unique_ptr<Transport> transport_;
  SendQueue queue_;
  std::vector<char> input_;
  std::shared_ptr<StreamReader> reader_;
  std::function<void()> progress_, on_end_;
  std::atomic<std::size_t> queued_bytes_{0}, queued_count_{0};
  std::atomic<std::uint64_t> written_{0};
  std::atomic<bool> ended_{false}, over_{false};  // over: nobody need push any more
  std::uint64_t deadline_ = 0;
  bool writing_ = false, closing_ = false, sealed_ = false, said_goodbye_ = false, counted_ = false;
};

void LiveStream::attach(Wire wire, std::string_view early) {
  if (ended_ || over_ || loop_->stopping()) return end();
  transport_ = std::make_unique<Transport>(*loop_, std::move(wire));
  counted_ = true;
  ++shared_->streams;
  ++shared_->open;
  loop_->add(shared_from_this());
  transport_->read(shared_from_this(), input_.data(), input_.size());
  write_out();
  if (const auto reader = reader_; reader && !early.empty()) reader->on_bytes(early);
}

void LiveStream::enqueue(SharedText bytes, bool hold) {
  if (ended_ || sealed_) {  // counted when it was pushed
    queued_bytes_ -= bytes->size();
    --queued_count_;
    return;
  }
  queue_.push(std::move(bytes));
  if (queue_.bytes() > limits_.stream_queue_bytes) return end();  // nobody watched it: bounded all the same
  if (!hold) write_out();
}

void LiveStream::push_last(SharedText bytes) {
  push(std::move(bytes), false);
  sealed_ = true;
}

void LiveStream::taken(std::size_t n) {
  const auto before = queue_.count();
  queue_.consume(n);
  queued_bytes_ -= n;
  queued_count_ -= before - queue_.count();
  written_ += n;
}

void LiveStream::write_out() {
  if (!transport_ || ended_ || writing_) return;
  while (!queue_.empty()) {
    std::array<Part, 32> parts;
    const auto n = queue_.gather(parts.data(), parts.size());
    const auto [flow, sent] = transport_->write(parts.data(), n);
    if (flow == Flow::over) return end();
    if (flow == Flow::wants_room) {
      writing_ = true;
      deadline_ = loop_->sweep_after(limits_.write_timeout);
      return transport_->when_writable(shared_from_this());
    }
    taken(sent);
  }
  if (!closing_ || said_goodbye_) return;
  said_goodbye_ = true;
  over_ = true;
  transport_->finish_sending();
  deadline_ = loop_->sweep_after(limits_.linger_timeout);  // the other end closes, or we do
}

void LiveStream::on_writable(bool open) {
  writing_ = false;
  if (ended_) return;
  if (!open) return end();
  deadline_ = 0;
  write_out();
  if (progress_) progress_();
  if (const auto reader = reader_) reader->on_progress();
}

void LiveStream::on_read(Flow flow, std::size_t bytes) {
  if (ended_) return;
  if (flow == Flow::over) return end();
  if (const auto reader = reader_) reader->on_bytes({input_.data(), bytes});
  if (!ended_) transport_->read(shared_from_this(), input_.data(), input_.size());
}

void LiveStream::end() {
  if (ended_.exchange(true)) return;
  over_ = true;
  const bool all_said = queue_.empty();
  queued_bytes_ -= queue_.bytes();
  queued_count_ -= queue_.count();
  queue_.clear();
  const auto ended = std::exchange(on_end_, nullptr);
  const auto reader = std::exchange(reader_, nullptr);
  progress_ = nullptr;
  if (transport_) {
    transport_->close(all_said);
    leave_counts();
    loop_->remove(*this);
  }
  if (ended) ended();
  if (reader) reader->on_end();
}

void LiveStream::leave_counts() {
  if (!std::exchange(counted_, false)) return;
  --shared_->streams;
  --shared_->open;
}

}  // namespace

std::shared_ptr<SocketStream> make_stream(std::shared_ptr<ServerShared> shared, std::shared_ptr<StreamReader> reader) {
  return std::make_shared<LiveStream>(std::move(shared), std::move(reader));
}

}  // namespace heliograph::http
