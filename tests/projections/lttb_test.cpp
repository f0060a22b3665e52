// Down-sampling keeps what the eye would see.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "projections/series.hpp"

using namespace heliograph;

namespace {

std::vector<Point> noise(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<Point> points;
  Micros at = from_civil(2024, 1, 1);
  std::int64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    at += static_cast<Micros>(random() % 300) * second_us + 1;
    value += static_cast<std::int64_t>(random() % 201) - 100;
    points.push_back({at, value});
  }
  return points;
}

/// As the paper's pseudocode has it, with bucket borders as real lists.
std::vector<Point> naive(const std::vector<Point>& points, std::size_t budget) {
  const std::size_t buckets = budget - 2, inner = points.size() - 2;
  std::vector<std::vector<Point>> lists(buckets);
  for (std::size_t b = 0; b < buckets; ++b)
    for (std::size_t i = b * inner / buckets; i < (b + 1) * inner / buckets; ++i) lists[b].push_back(points[i + 1]);
  lists.push_back({points.back()});
  std::vector<Point> kept{points.front()};
  const auto x = [&](const Point& p) { return static_cast<double>(p.at - points.front().at); };
  const auto y = [](const Point& p) { return static_cast<double>(p.value); };
  for (std::size_t b = 0; b < buckets; ++b) {
    double mean_x = 0, mean_y = 0;
    for (const Point& p : lists[b + 1]) {
      mean_x += x(p);
      mean_y += y(p);
    }
    mean_x /= static_cast<double>(lists[b + 1].size());
    mean_y /= static_cast<double>(lists[b + 1].size());
    const Point before = kept.back();
    Point best = lists[b][0];
    double largest = -1;
    for (const Point& p : lists[b]) {
      const double area =
          std::abs((x(before) - mean_x) * (y(p) - y(before)) - (x(before) - x(p)) * (mean_y - y(before))) / 2;
      if (area > largest) {
        largest = area;
        best = p;
      }
    }
    kept.push_back(best);
  }
  kept.push_back(points.back());
  return kept;
}

}  // namespace

TEST_CASE("down-sampling keeps to the budget, the ends and the order") {
  for (const std::size_t count : {0, 1, 2, 3, 4, 5, 10, 100, 5000}) {
    const auto points = noise(count + 1, count);
    for (const std::size_t budget : {3, 4, 7, 50, 1000}) {
      const auto kept = lttb(points, budget);
      CHECK(kept.size() == std::min(count, budget));
      if (count == 0) continue;
      CHECK(kept.front() == points.front());
      CHECK(kept.back() == points.back());
      for (std::size_t i = 1; i < kept.size(); ++i) REQUIRE(kept[i].at > kept[i - 1].at);
      for (const Point& point : kept) REQUIRE(std::find(points.begin(), points.end(), point) != points.end());
    }
  }
}

TEST_CASE("a spike survives") {
  std::vector<Point> points;
  for (int i = 0; i < 10'000; ++i) points.push_back({i * second_us, i == 6'789 ? 9'000 : 100});
  const auto kept = lttb(points, 100);
  CHECK(std::any_of(kept.begin(), kept.end(), [](const Point& point) { return point.value == 9'000; }));
}

TEST_CASE("down-sampling equals the paper's algorithm written plainly") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto points = noise(seed, 20 + seed * 37);
    for (const std::size_t budget : {3, 5, 18}) {
      INFO("seed " << seed << " budget " << budget);
      CHECK(lttb(points, budget) == naive(points, budget));
    }
  }
}
