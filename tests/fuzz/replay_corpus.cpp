// Runs a fuzz target over files, without a fuzzer: each ordinary build holds every target to its corpus.
//   TARGET_replay FILE_OR_FOLDER...
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& bytes) { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()); }

/// The input, and what a cut or a flipped bit makes of it: the neighbours where parsers break first.
std::size_t run_with_neighbours(const std::string& bytes) {
  run(bytes);
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / 64);
  std::size_t runs = 1;
  for (std::size_t at = 0; at < bytes.size(); at += step, runs += 2) {
    run(bytes.substr(0, at));
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    run(flipped);
  }
  return runs;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::filesystem::path path(argv[i]);
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path.string());
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  std::size_t runs = 0;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "%s cannot be read\n", file.c_str());
      return 1;
    }
    runs += run_with_neighbours({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
  }
  if (files.empty()) {
    std::fprintf(stderr, "no input: name the target's corpus\n");
    return 1;
  }
  std::printf("%zu inputs, %zu runs\n", files.size(), runs);
  return 0;
}
