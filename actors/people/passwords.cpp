#include "actors/people/passwords.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>

#include "actors/people/common_passwords.hpp"

namespace heliograph::people {
namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory = 19'456 * 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// Fewer than five different characters, or a run as on the keyboard or in the alphabet: what every guesser tries first.
bool is_a_pattern(std::string_view text) {
  std::string letters(text);
  std::sort(letters.begin(), letters.end());
  if (std::unique(letters.begin(), letters.end()) - letters.begin() < 5) return true;
  std::size_t steps = 0;
  for (std::size_t i = 1; i < text.size(); ++i)
    if (const int step = text[i] - text[i - 1]; step >= -1 && step <= 1) ++steps;
  return steps * 4 >= text.size() * 3;
}

/// What an unknown user's password is held against: the hash of nothing that anybody knows, with the parameters of a real one.
constexpr const char* nobodys = "$argon2id$v=19$m=19456,t=2,p=1$RTb1LUybOrV68PxP5Lq8mA$nNVXcXeDITd9zQ0tGY3bf9bIqTtcQUsuH2fnXcBQSXs";

std::atomic<std::uint64_t> hashes = 0;

}  // namespace

std::string hash_password(const Secret& password) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  const std::string& text = password.reveal();
  ++hashes;
  ensure(crypto_pwhash_str_alg(out.data(), text.data(), text.size(), passes, memory, crypto_pwhash_ALG_ARGON2ID13) == 0, "there is memory for a password's hash",
         "actors/people/passwords.cpp");
  return out.data();
}

bool password_fits(const Secret& password, const std::string& hash) {
  const bool real = !hash.empty() && hash.size() < crypto_pwhash_STRBYTES;
  const std::string& text = password.reveal();
  ++hashes;
  const bool fits = crypto_pwhash_str_verify(real ? hash.c_str() : nobodys, text.data(), text.size()) == 0;
  return fits && real;
}

std::uint64_t hashes_made() { return hashes; }

std::optional<std::string> why_refused(const Secret& password, const std::vector<std::string>& words, bool second_factor) {
  const std::string& text = password.reveal();
  const std::size_t least = second_factor ? password_with_second_factor_least : password_characters_least;
  if (text.size() > password_bytes_max) return "The password is longer than 256 bytes: take a shorter one.";
  if (text.find('\0') != std::string::npos) return "The password holds a zero byte: take another.";
  if (characters(text) < least)
    return "The password has fewer than " + std::to_string(least) + " characters: take a longer one, four words for instance" +
           (second_factor ? "." : "; with a second factor eight are enough.");
  const std::string small = lower(text);
  if (is_a_pattern(small) || is_common_password(text)) return "The password is among those that are tried first: take another, four words for instance.";
  for (const std::string& word : words)
    if (word.size() >= 3 && small.find(lower(word)) != std::string::npos) return "The password holds \"" + word + "\": leave the name out.";
  return std::nullopt;
}

SlowLane::SlowLane(unsigned threads, std::size_t queue) : queue_(queue) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void SlowLane::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  more_.notify_all();
  for (std::thread& each : threads_) each.join();
  threads_.clear();
}

bool SlowLane::offer(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= queue_) return false;
    waiting_.push_back(std::move(work));
  }
  more_.notify_one();
  return true;
}

void SlowLane::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
  }
}

}  // namespace heliograph::people
