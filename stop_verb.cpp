#include "stop_verb.hpp"

#include <cstdlib>
#include <iostream>

#include "actors/core/document.hpp"
#include "actors/stop_line.hpp"

namespace heliograph {
namespace {

const Document* member(const Document& object, std::string_view key) {
  for (const DocumentField& field : object.fields)
    if (field.key == key) return &field.value;
  return nullptr;
}

std::string names(const Document& object, std::string_view key) {
  std::string out;
  if (const Document* list = member(object, key))
    for (const Document& item : list->items) out += (out.empty() ? "" : ", ") + item.string;
  return out;
}

bool on_record(const Document& said) {
  const Document* truth = member(said, "on_record");
  return truth != nullptr && truth->truth;
}

/// Who sits here, as far as the session says; a look into the user database could hang with the rest.
std::string user() {
  for (const char* variable : {"SUDO_USER", "USER", "LOGNAME"})
    if (const char* set = std::getenv(variable); set != nullptr && is_id(set)) return set;
  return {};
}

}  // namespace

int stop_verb(const std::string& data, const std::string& reason, bool json) {
  const auto heard = ask_for_stop(data, user(), reason, [json](const std::string& said) {
    const ParsedDocument first = read_json(said);
    if (json || !first.root) return;
    const std::string sites = names(*first.root, "sites"), sending = names(*first.root, "still_sending");
    std::cout << (sites.empty() ? "There is no site to stop." : "Stopped: " + sites + ".") << std::endl;
    if (!sending.empty()) std::cout << "A device is being told something at this moment, and does not return: " << sending << "." << std::endl;
  });
  if (!heard) {
    std::cerr << "heliograph: " << heard.error().sentence << "\n";
    return 1;
  }
  if (json) std::cout << (heard->record.empty() ? heard->in_memory : heard->record) << std::endl;
  const ParsedDocument last = read_json(heard->record.empty() ? "{}" : heard->record);
  if (last.root && on_record(*last.root)) {
    if (!json && !names(*last.root, "sites").empty()) std::cout << "On record: it holds across a restart until a person lifts it." << std::endl;
    return 0;
  }
  const std::string only = last.root ? names(*last.root, "in_memory_only") : "";
  std::cerr << "heliograph: not on record" << (only.empty() ? "" : " for " + only)
            << ": it holds while this process runs. Ask again when the disk answers; before a restart, switch off at the device.\n";
  return 2;
}

}  // namespace heliograph
