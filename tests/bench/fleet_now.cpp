// Telemetry of a fleet as it arrives now: NDJSON as in performance.md, but with times that end at the present, so that the
// readings are live and rules run. Deterministic but for the start time.
//   fleet_now NODES MESSAGES_PER_NODE > now.json
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace {

/// A sum of uniform steps: charge wanders as a real one does, and crosses thresholds.
struct Node {
  std::uint64_t seed;
  double soc;
  double step() {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<double>(seed >> 11) / 9007199254740992.0 - 0.5;
  }
};

std::string iso(std::int64_t milliseconds) {
  const std::time_t seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40], out[48];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(out, sizeof out, "%s.%03dZ", text, static_cast<int>(milliseconds % 1000));
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const int nodes = argc > 1 ? std::atoi(argv[1]) : 1'000, each = argc > 2 ? std::atoi(argv[2]) : 200;
  if (argc > 3 || nodes < 1 || each < 1) {
    std::fprintf(stderr, "usage: fleet_now NODES MESSAGES_PER_NODE\n");
    return 2;
  }
  std::vector<Node> fleet;
  for (int i = 0; i < nodes; ++i) fleet.push_back({static_cast<std::uint64_t>(i) * 7919 + 42, 20.0 + i % 70});
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  for (int round = 0; round < each; ++round) {
    // A tenth of a second apart: all of them are fresh for the next minutes.
    const std::string at = iso(now - (each - round) * 100);
    for (int i = 0; i < nodes; ++i) {
      Node& node = fleet[static_cast<std::size_t>(i)];
      node.soc = std::min(100.0, std::max(5.0, node.soc + node.step() * 2));
      std::printf("{\"node_id\":\"node-%05d\",\"timestamp\":\"%s\",\"battery\":{\"soc_percent\":%.1f,\"voltage\":%.2f},"
                  "\"solar\":{\"power_w\":%.0f},\"grid\":{\"current_price\":%.4f,\"mode\":\"import\"},\"optimizer\":{\"state\":\"holding\","
                  "\"target_soc\":80,\"miner_power_w\":%.0f,\"savings_usd\":%.4f,\"reason\":\"soc_below_resume_threshold\","
                  "\"next_review\":\"PT2M\"},\"firmware\":\"2.4.1\",\"schema\":\"telemetry.v1\"}\n",
                  i, at.c_str(), node.soc, 46 + node.soc * 0.08 + node.step() * 0.05, 2500 + node.step() * 900, 0.2 + node.step() * 0.1,
                  3200 + node.step() * 40, 0.01 + node.step() * 0.01);
    }
  }
  return 0;
}
