#include "config_verb.hpp"

#include <unistd.h>

#include <iostream>

#include "actors/config_report.hpp"
#include "actors/secret_file.hpp"
#include "api/http/tls.hpp"

namespace heliograph {
namespace {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view entry(*each);
    if (const auto equals = entry.find('='); equals != std::string_view::npos) out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

}  // namespace

LoadedConfig load_config(const std::string& file, std::map<std::string, std::string> command_line) {
  ConfigInput input;
  input.file = file;
  input.environment = environment();
  input.command_line = std::move(command_line);
  if (file.empty()) return load_config(input);
  auto read = read_own_file(file, document_bytes_max);
  if (!read) {
    LoadedConfig unread;
    unread.layers.file = file;
    unread.problems.push_back({read.error().sentence, "", {ConfigSource::file, 0, {}}});
    return unread;
  }
  input.text = std::move(read->text);
  input.file_is_private = read->is_private;
  return load_config(input);
}

LoadedConfig load_config_to_serve(const std::string& file, std::map<std::string, std::string> command_line) {
  LoadedConfig loaded = load_config(file, std::move(command_line));
  if (!loaded.problems.empty() || !loaded.config.server.tls) return loaded;
  const TlsFiles& files = *loaded.config.server.tls;
  if (const auto read = http::load_tls({files.certificate, files.key}); !read)
    loaded.problems.push_back({read.error().sentence, "/tls", loaded.layers.origin("/tls/certificate")});
  return loaded;
}

int complain(const LoadedConfig& loaded) {
  for (const ConfigProblem& problem : loaded.problems) std::cerr << "heliograph: " << problem.text(loaded.layers.file) << "\n";
  return 1;
}

int check_config(const std::string& file, std::map<std::string, std::string> command_line, bool json) {
  const LoadedConfig loaded = load_config_to_serve(file, std::move(command_line));
  if (json) std::cout << to_json(loaded) << "\n";
  if (!loaded.problems.empty()) return json ? 1 : complain(loaded);
  if (!json) std::cout << to_text(loaded);
  return 0;
}

}  // namespace heliograph
