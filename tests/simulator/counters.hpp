// How often each thing happened over many seeds: a run in which something never happened has proved nothing about it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace heliograph::simulator {

class Counters {
 public:
  void add(std::string_view what, std::uint64_t n = 1) {
    const auto known = counts_.find(what);
    if (known != counts_.end()) known->second += n;
    else counts_.emplace(what, n);
  }
  /// "refused " + "stop": two parts, so that callers need not join them for every event.
  void add(std::string_view kind, std::string_view what) {
    text_.assign(kind).append(what);
    add(text_);
  }
  std::uint64_t of(std::string_view what) const {
    const auto known = counts_.find(what);
    return known == counts_.end() ? 0 : known->second;
  }
  void merge(const Counters& other) {
    for (const auto& [what, n] : other.counts_) add(what, n);
  }
  const std::map<std::string, std::uint64_t, std::less<>>& all() const { return counts_; }

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
  std::string text_;
};

}  // namespace heliograph::simulator
