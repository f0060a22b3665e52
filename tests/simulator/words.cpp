#include "tests/simulator/words.hpp"

#include "events/event_json.hpp"

namespace heliograph::simulator {

std::string words(const Record& record) {
  std::string out = "#" + std::to_string(record.envelope.position) + " " + record.envelope.type + " by " + to_string(record.envelope.principal);
  if (record.envelope.cause != 0) out += " <- #" + std::to_string(record.envelope.cause);
  if (!record.is_readings()) {
    JsonWriter json;
    write_event(json, record.event());
    return out + " " + json.str();
  }
  const ReadingBatch& batch = record.readings();
  if (batch.historic) out += " historic";
  for (std::size_t row = 0; row < batch.size(); ++row) {
    out += " | " + batch.devices[batch.device_of[row]].text + " " + std::to_string((batch.at[row] - record.envelope.recorded_at) / 1000) + "ms";
    for (const Column& column : batch.columns)
      if (column.values[row] != missing) out += " " + std::string(info(column.metric).api_name) + "=" + std::to_string(column.values[row]);
  }
  for (const Suspect& s : batch.suspects) out += " suspect@" + std::to_string(s.row);
  return out;
}

}  // namespace heliograph::simulator
