#include "tests/storage/damage.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "storage/rocks_db.hpp"

namespace heliograph::testing {
namespace {

namespace fs = std::filesystem;

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

using Edit = std::function<void(std::string& bytes, std::size_t place)>;

struct Kind {
  const char* name;
  Edit edit;
};

void flip(std::string& bytes, std::size_t place) { bytes[place] = static_cast<char>(bytes[place] ^ (1 << (place % 8))); }
void cut(std::string& bytes, std::size_t place) { bytes.resize(place); }
void zero(std::string& bytes, std::size_t place) {
  const std::size_t size = std::min<std::size_t>(4096, bytes.size() - place);
  bytes.replace(place, size, size, '\0');
}
void repeat_block(std::string& bytes, std::size_t place) {
  const std::size_t size = std::min<std::size_t>(512, bytes.size() - place);
  bytes.insert(place, bytes.substr(place, size));
}
void swap_blocks(std::string& bytes, std::size_t place) {
  const std::size_t size = std::min<std::size_t>(512, (bytes.size() - place) / 2);
  std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(place),
                   bytes.begin() + static_cast<std::ptrdiff_t>(place + size),
                   bytes.begin() + static_cast<std::ptrdiff_t>(place + size));
}
void append_garbage(std::string& bytes, std::size_t) { bytes.append(300, '\x5a'); }

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{{"flip a bit of", flip},          {"cut", cut},
                                     {"zero 4 KiB of", zero},          {"repeat a block of", repeat_block},
                                     {"swap two blocks of", swap_blocks}, {"append garbage to", append_garbage}};
  return all;
}

/// What was written of a file: a write-ahead file ends in padding, in which damage means nothing.
std::size_t written_bytes(const std::string& whole) { return whole.find_last_not_of('\0') + 1; }

/// Each kind of edit at evenly spread places of what was written of one file, and one place behind it where it is padded.
void edits(const std::string& directory, const std::string& name, int places, std::vector<Damage>& out) {
  const std::string whole = read(directory + "/" + name);
  const std::size_t size = whole.size(), written = written_bytes(whole);
  if (written == 0) return;
  std::vector<std::size_t> spread;  // near the ends as well: 0 and the last byte are where formats keep what matters
  for (int i = 0; i < places; ++i)
    spread.push_back(places == 1 ? 0 : (written - 1) * static_cast<std::size_t>(i) / static_cast<std::size_t>(places - 1));
  if (written < size) spread.push_back(size - 1);
  for (const Kind& kind : kinds()) {
    for (const std::size_t place : spread) {
      std::string edited = whole;
      kind.edit(edited, place);
      if (edited == whole) continue;  // zeros swapped with zeros are no damage
      out.push_back({std::string(kind.name) + " " + name + " at " + std::to_string(place) + " of " + std::to_string(size),
                     [name, place, edit = kind.edit](const std::string& d) {
                       std::string bytes = read(d + "/" + name);
                       edit(bytes, place);
                       write(d + "/" + name, bytes);
                     }});
    }
  }
}

void remove_file(const std::string& name, bool must_refuse, std::vector<Damage>& out) {
  out.push_back({"delete " + name, [name](const std::string& d) { fs::remove(d + "/" + name); }, must_refuse});
}

void link_away(const std::string& name, std::vector<Damage>& out) {
  out.push_back({"put a symbolic link in place of " + name,
                 [name](const std::string& d) {
                   fs::rename(d + "/" + name, d + "-elsewhere");
                   fs::create_symlink(d + "-elsewhere", d + "/" + name);
                 },
                 true});
}

void old_copies(const std::string& directory, const std::string& older, std::vector<Damage>& out) {
  for (const auto& entry : fs::recursive_directory_iterator(older)) {
    const std::string name = fs::relative(entry.path(), older).string();
    if (!entry.is_regular_file() || !fs::exists(directory + "/" + name)) continue;
    if (read(entry.path().string()) == read(directory + "/" + name)) continue;
    out.push_back({"an old copy of " + name,
                   [name, older](const std::string& d) { write(d + "/" + name, read(older + "/" + name)); }});
  }
  out.push_back({"the whole database of yesterday",
                 [older](const std::string& d) {
                   fs::remove_all(d + "/db");
                   fs::copy(older + "/db", d + "/db");
                 },
                 true});
  out.push_back({"yesterday's files among today's",
                 [older](const std::string& d) {
                   fs::copy(older + "/db", d + "/db", fs::copy_options::overwrite_existing);
                 }});
}

}  // namespace

std::vector<std::string> db_files(const std::string& directory, const std::string& prefix, const std::string& suffix) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(directory + "/db")) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(suffix) && entry.file_size() > 0) out.push_back("db/" + name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<Damage> catalogue(const std::string& directory, const std::string& older, int places) {
  std::vector<Damage> out;
  std::vector<std::string> precious{"watermark", "format", "db/CURRENT"};
  for (const auto& [prefix, suffix] : {std::pair("", ".log"), std::pair("", ".sst"), std::pair("MANIFEST", "")})
    for (const std::string& name : db_files(directory, prefix, suffix)) precious.push_back(name);
  for (const std::string& name : precious) {
    edits(directory, name, places, out);
    remove_file(name, true, out);
    link_away(name, out);
  }
  for (const std::string& name : db_files(directory, "OPTIONS", "")) {
    edits(directory, name, 2, out);
    remove_file(name, false, out);
  }
  remove_file("db/IDENTITY", false, out);
  remove_file("lock", false, out);
  remove_file("reserve", false, out);
  out.push_back({"empty the directory",
                 [](const std::string& d) {
                   fs::remove_all(d);
                   fs::create_directory(d);
                 },
                 true});
  out.push_back({"empty the database",
                 [](const std::string& d) {
                   fs::remove_all(d + "/db");
                   fs::create_directory(d + "/db");
                 },
                 true});
  old_copies(directory, older, out);
  return out;
}

void flush_tables(const std::string& directory) {
  auto opened = RocksDb::open({directory + "/db", Recovery::strict, false, false, nullptr});
  ensure(opened.has_value(), "could not open the database to flush it");
  for (std::size_t i = 0; i < family_count; ++i)
    ensure((*opened)->db().Flush({}, (*opened)->family(static_cast<Family>(i))).ok(), "could not flush");
}

}  // namespace heliograph::testing
