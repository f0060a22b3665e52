#include "actors/stop_mark.hpp"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "storage/file.hpp"

namespace heliograph {
namespace {

constexpr std::string_view head = "heliograph stopped 1\n", tail = "end\n";
constexpr std::size_t file_most = 1 << 20;

std::string path_in(const std::string& directory) { return directory + "/stopped"; }

std::string text_of(const std::set<SiteKey>& sites) {
  std::string out(head);
  for (const SiteKey& site : sites) out += site.tenant.text + " " + site.site.text + "\n";
  return out += tail;
}

/// What the file says; nothing when it says nothing that can be read.
std::optional<std::vector<SiteKey>> read(const std::string& path) {
  const auto text = read_file(path, file_most);
  if (!text || !text->starts_with(head) || !text->ends_with("\n" + std::string(tail))) return std::nullopt;
  std::vector<SiteKey> sites;
  std::string_view rest = std::string_view(*text).substr(head.size());
  for (rest.remove_suffix(tail.size()); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    sites.push_back({{std::string(line.substr(0, space))}, {std::string(line.substr(space + 1))}});
    rest.remove_prefix(line.size() + 1);
  }
  return sites;
}

}  // namespace

/// Outlives the mark while its thread hangs in the disk.
struct StopMark::Shared {
  std::string directory;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<SiteKey> wanted;   // guarded by mutex, like all below
  std::optional<std::set<SiteKey>> written;  // unset: the file is another process's
  bool ending = false, ended = false;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return ending || wanted != written; });
      if (wanted == written) break;
      const std::set<SiteKey> now = wanted;
      lock.unlock();
      const std::string path = path_in(directory);
      // A file that could not be written whole stays, unreadable: it still says "stopped".
      const bool done = now.empty() ? ::unlink(path.c_str()) == 0 || kind_of(path) == FileKind::none : write_file(path, text_of(now)).has_value();
      static_cast<void>(sync_directory(directory));
      lock.lock();
      if (done || ending) written = now;
      else if (wanted == now) changed.wait_for(lock, std::chrono::seconds(1), [this] { return ending; });
    }
    ended = true;
    changed.notify_all();
  }
};

StopMark::StopMark(const std::string& directory, const std::vector<SiteKey>& sites) : shared_(std::make_shared<Shared>()) {
  shared_->directory = directory;
  if (kind_of(path_in(directory)) == FileKind::none) {
    shared_->written.emplace();
  } else {
    const auto named = read(path_in(directory));
    for (const SiteKey& site : sites)
      if (!named || std::find(named->begin(), named->end(), site) != named->end()) left_.push_back(site);
    shared_->wanted.insert(left_.begin(), left_.end());
  }
  std::thread([shared = shared_] { shared->work(); }).detach();
}

StopMark::~StopMark() {
  std::unique_lock lock(shared_->mutex);
  shared_->ending = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, std::chrono::milliseconds(500), [this] { return shared_->ended; });
}

void StopMark::add(const std::vector<SiteKey>& sites) {
  const std::lock_guard lock(shared_->mutex);
  shared_->wanted.insert(sites.begin(), sites.end());
  shared_->changed.notify_all();
}

void StopMark::settle(const SiteKey& site) {
  const std::lock_guard lock(shared_->mutex);
  shared_->wanted.erase(site);
  shared_->changed.notify_all();
}

}  // namespace heliograph
