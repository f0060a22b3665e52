// Bytes on their way out of one socket: own text and shared texts in order, with the offset of what has left. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "api/http/types.hpp"

namespace heliograph::http {

class SendQueue {
 public:
  std::size_t bytes() const { return bytes_; }
  std::size_t count() const { return pieces_.size(); }
  bool empty() const { return bytes_ == 0; }

  /// The text to append small things to. Call `appended` afterwards.
  std::string& open_text() {
    if (pieces_.empty() || pieces_.back().shared) pieces_.push_back({std::exchange(spare_, {}), {}});
    return pieces_.back().own;
  }
  void appended(std::size_t more) { bytes_ += more; }
  void append(std::string_view text) {
    open_text().append(text);
    bytes_ += text.size();
  }
  void push(SharedText shared) {
    if (!shared || shared->empty()) return;
    bytes_ += shared->size();
    pieces_.push_back({{}, std::move(shared)});
  }

  /// Up to `most` parts of what is waiting, in order; answers how many.
  template <class Buffer>
  std::size_t gather(Buffer* out, std::size_t most) const {
    std::size_t n = 0, skip = offset_;
    for (const auto& piece : pieces_) {
      if (n == most) break;
      const std::string_view text = piece.shared ? std::string_view(*piece.shared) : std::string_view(piece.own);
      if (text.size() > skip) out[n++] = Buffer(text.data() + skip, text.size() - skip);
      skip = 0;
    }
    return n;
  }

  void consume(std::size_t sent) {
    bytes_ -= sent;
    sent += offset_;
    while (!pieces_.empty()) {
      auto& piece = pieces_.front();
      const auto size = piece.shared ? piece.shared->size() : piece.own.size();
      if (sent < size) break;
      sent -= size;
      if (!piece.shared && piece.own.capacity() <= 64 * 1024) {  // keep the memory for the next answer
        spare_ = std::move(piece.own);
        spare_.clear();
      }
      pieces_.pop_front();
    }
    offset_ = sent;
  }
  void clear() {
    pieces_.clear();
    bytes_ = offset_ = 0;
  }

 private:
  struct Piece {
    std::string own;
    SharedText shared;
  };
  std::deque<Piece> pieces_;
  std::size_t bytes_ = 0, offset_ = 0;
  std::string spare_;
};

}  // namespace heliograph::http
