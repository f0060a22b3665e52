// Largest-Triangle-Three-Buckets: S. Steinarsson, "Downsampling Time Series for Visual Representation", 2013.
#include <cmath>

#include "projections/series.hpp"

namespace heliograph {
namespace {

struct Average {
  double at = 0, value = 0;
};

/// Times count from `origin`, so that doubles hold them exactly.
Average average_of(std::span<const Point> points, Micros origin) {
  Average sum;
  for (const Point& point : points) {
    sum.at += static_cast<double>(point.at - origin);
    sum.value += static_cast<double>(point.value);
  }
  const auto count = static_cast<double>(points.size());
  return {sum.at / count, sum.value / count};
}

/// The point that makes the largest triangle with the one kept before and the average of what follows.
std::size_t most_telling(std::span<const Point> points, const Point& before, const Average& after, Micros origin) {
  const double base_at = static_cast<double>(before.at - origin) - after.at;
  const double base_value = static_cast<double>(before.value) - after.value;
  double largest = -1;
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double area = std::abs(base_at * (static_cast<double>(points[i].value) - static_cast<double>(before.value)) -
                                 base_value * static_cast<double>(points[i].at - before.at));
    if (area > largest) {
      largest = area;
      chosen = i;
    }
  }
  return chosen;
}

}  // namespace

std::vector<Point> lttb(std::span<const Point> points, std::size_t budget) {
  ensure(budget >= 3, "down-sampling needs at least 3 points", "lttb");
  if (points.size() <= budget) return {points.begin(), points.end()};
  const std::size_t buckets = budget - 2, inner = points.size() - 2;
  const Micros origin = points.front().at;
  // Bucket i holds the inner points [begin(i), begin(i + 1)); one past the last is the last point alone.
  const auto begin = [&](std::size_t i) { return 1 + i * inner / buckets; };
  std::vector<Point> kept{points.front()};
  kept.reserve(budget);
  for (std::size_t i = 0; i < buckets; ++i) {
    const std::size_t next = begin(i + 1);
    const std::size_t next_end = i + 1 < buckets ? begin(i + 2) : points.size();
    const Average after = average_of(points.subspan(next, next_end - next), origin);
    const auto bucket = points.subspan(begin(i), next - begin(i));
    kept.push_back(bucket[most_telling(bucket, kept.back(), after, origin)]);
  }
  kept.push_back(points.back());
  return kept;
}

}  // namespace heliograph
