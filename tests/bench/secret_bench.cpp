// Whether the time of comparing a secret says where a guess went wrong (P9): Welch's t of guesses that differ in their first byte against
// guesses that differ in their last, in random order. |t| < 4.5 says nothing was seen (Reparaz, Balasch, Verbauwhede, "Dude, is my
// code constant time?", 2017). The last line is a comparison that stops at the first difference: it must be seen.
//   secret_bench [SAMPLES]
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "events/secret.hpp"

namespace {

using Same = bool (*)(std::string_view, std::string_view);

bool stops_early(std::string_view a, std::string_view b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i]) return false;
  return true;
}

struct Spread {
  double mean = 0, variance = 0, count = 0;
};

Spread spread(const std::vector<double>& times) {
  Spread out;
  out.count = static_cast<double>(times.size());
  for (const double time : times) out.mean += time / out.count;
  for (const double time : times) out.variance += (time - out.mean) * (time - out.mean) / (out.count - 1);
  return out;
}

double welch_t(const std::vector<double>& a, const std::vector<double>& b) {
  const Spread x = spread(a), y = spread(b);
  return (x.mean - y.mean) / std::sqrt(x.variance / x.count + y.variance / y.count);
}

/// Nanoseconds of each sample are of `calls` comparisons, for one is shorter than the clock's step.
double t_of(Same same, std::size_t length, std::size_t samples) {
  constexpr int calls = 32;
  std::mt19937_64 random(length);
  std::string secret(length, '\0');
  for (char& c : secret) c = static_cast<char>('a' + random() % 26);
  // Both kinds are copied to one place whole: where a byte was written last must make no difference.
  std::array<std::string, 2> kinds{secret, secret};
  kinds[0].front() ^= 1;
  kinds[1].back() ^= 1;
  std::string guess(length, '\0');
  std::array<std::vector<double>, 2> times;
  std::vector<double> all;
  volatile bool sink = false;  // or nothing would be compared
  static_cast<void>(sink);
  for (std::size_t i = 0; i < samples; ++i) {
    const std::size_t kind = random() % 2;
    std::memcpy(guess.data(), kinds[kind].data(), length);
    const auto begin = std::chrono::steady_clock::now();
    for (int call = 0; call < calls; ++call) sink = same(secret, guess);
    const double time = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
    times[kind].push_back(time);
    all.push_back(time);
  }
  // What other programs took is in the longest: the same border for both.
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() * 9 / 10), all.end());
  const double border = all[all.size() * 9 / 10];
  for (auto& of_kind : times) std::erase_if(of_kind, [border](double time) { return time > border; });
  return welch_t(times[0], times[1]);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t samples = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  const struct {
    const char* what;
    std::size_t length;
  } secrets[] = {{"totp", 6}, {"approval-code", 8}, {"api-key-digest", 32}, {"hmac", 43}};
  for (const auto& each : secrets) std::printf("secret what=%s samples=%zu t=%.2f\n", each.what, samples, t_of(heliograph::same_secret, each.length, samples));
  const double planted = t_of(stops_early, 43, samples);
  std::printf("secret what=planted samples=%zu t=%.2f\n", samples, planted);
  return std::abs(planted) > 4.5 ? 0 : 1;  // else it sees nothing
}
