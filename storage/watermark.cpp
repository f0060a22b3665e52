#include "storage/watermark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace heliograph {
namespace {

constexpr std::string_view magic = "HELIOWM1";

Digest digest_from(std::string_view bytes) {
  Digest d{};
  std::copy_n(bytes.begin(), d.size(), d.begin());
  return d;
}

Status write_at(int fd, std::string_view bytes, std::uint64_t offset, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(system_error("write", path));
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

}  // namespace

std::string Watermark::encode(const State& state) {
  std::string slot(magic);
  put_be64(slot, state.epoch);
  put_be64(slot, state.clean ? 1 : 0);
  put_be64(slot, state.mark.position);
  put_be64(slot, state.mark.decision);
  slot.append(bytes_of(state.mark.decisions_seal));
  put_be64(slot, state.mark.reading);
  slot.append(bytes_of(state.mark.readings_seal));
  const Digest sum = sha256({slot});
  slot.append(bytes_of(sum));
  slot.resize(slot_bytes, '\0');
  return slot;
}

std::optional<Watermark::State> Watermark::decode(std::string_view slot) {
  if (slot.size() != slot_bytes || !slot.starts_with(magic)) return std::nullopt;
  State state;
  state.epoch = get_be64(slot.substr(8));
  state.clean = get_be64(slot.substr(16)) == 1;
  state.mark.position = get_be64(slot.substr(24));
  state.mark.decision = get_be64(slot.substr(32));
  state.mark.decisions_seal = digest_from(slot.substr(40, 32));
  state.mark.reading = get_be64(slot.substr(72));
  state.mark.readings_seal = digest_from(slot.substr(80, 32));
  if (encode(state) != slot) return std::nullopt;  // checksum and padding, every bit of the 4096 bytes
  return state;
}

Result<Watermark::Found> Watermark::read(const std::string& path) {
  auto bytes = read_file(path, 2 * slot_bytes);
  if (!bytes) return fail(bytes.error());
  Found found;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t start = std::min(bytes->size(), i * slot_bytes);
    auto state = decode(std::string_view(*bytes).substr(start, slot_bytes));
    if (!state) {
      ++found.damaged_slots;
    } else if (!found.newest || state->epoch > found.newest->epoch) {
      found.newest = state;
    }
  }
  return found;
}

Status Watermark::create(const std::string& path) {
  return write_file(path, encode({0, false, {}}) + encode({1, false, {}}));
}

Result<std::unique_ptr<Watermark>> Watermark::open(const std::string& path, std::uint64_t epoch, const Mark& mark,
                                                   Sync sync) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.open()) return fail(system_error("open", path));
  std::unique_ptr<Watermark> w(new Watermark(path, std::move(fd), {epoch, false, mark}, std::move(sync)));
  // Both slots: the "clean" of the last close must not outlive this in either.
  for (int slot = 0; slot < 2; ++slot)
    if (auto written = w->write_slot(); !written) return fail(written.error());
  if (auto synced = w->sync_now(); !synced) return fail(synced.error());
  w->thread_ = std::thread([raw = w.get()] { raw->sync_in_background(); });
  return w;
}

Watermark::Watermark(std::string path, Fd fd, State state, Sync sync)
    : path_(std::move(path)), fd_(std::move(fd)), state_(state), sync_(std::move(sync)) {}

Watermark::~Watermark() { stop(); }

void Watermark::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status Watermark::write_slot() {
  ++state_.epoch;
  return write_at(fd_.get(), encode(state_), (state_.epoch % 2) * slot_bytes, path_);
}

Status Watermark::sync_now() {
  if (sync_(fd_.get()) != 0) return fail(system_error("sync", path_));
  return {};
}

Status Watermark::put(const Mark& mark) {
  if (sync_failed_) return fail(Errc::io, "Could not sync " + path_ + ". Check the disk.");
  state_.mark = mark;
  if (auto written = write_slot(); !written) return written;
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    wake = !dirty_;
    dirty_ = true;
  }
  if (wake) wake_.notify_one();
  return {};
}

void Watermark::sync_in_background() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait(lock, [this] { return dirty_ || stopping_; });
    if (stopping_) return;
    dirty_ = false;
    lock.unlock();
    if (sync_(fd_.get()) != 0) sync_failed_ = true;  // told by the next put: the log stops there
    lock.lock();
    wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
  }
}

Status Watermark::close() {
  stop();
  if (sync_failed_) return fail(Errc::io, "Could not sync " + path_ + ". Check the disk.");
  state_.clean = true;
  for (int slot = 0; slot < 2; ++slot)
    if (auto written = write_slot(); !written) return written;
  return sync_now();
}

}  // namespace heliograph
