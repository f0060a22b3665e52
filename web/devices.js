// The devices: what each can do, what it does, when it was last heard.

import { $, empty_row, icon, node, put, show_power } from "./page.js";
import { freshness } from "./readings.js";
import { state } from "./state.js";
import { age, capital, dash, dead_band_w, now } from "./words.js";

export function draw_devices() {
  const all = [...state.devices.values()];
  for (const id of state.latest.keys()) if (!state.devices.has(id)) all.push({ device: id, kind: "", name: id, unregistered: true });
  const controllable = (d) => d.can_switch || d.can_set_power || d.modes !== undefined;
  all.sort((a, b) => controllable(b) - controllable(a) || String(a.name).localeCompare(b.name));
  const fresh = all.filter((d) => state.latest.has(d.device) && now() - state.latest.get(d.device).seen_at <= freshness(d.device)).length;
  put($("devices-count"), all.length === 0 ? "" : `${fresh} of ${all.length} reporting`);
  const rows = all.length === 0 ? [empty_row("No device is registered and none has sent a reading.")] : all.map(device_row);
  const text = rows.map((row) => row.textContent + row.className).join("|");
  if ($("devices").dataset.text === text) return;
  $("devices").dataset.text = text;
  $("devices").replaceChildren(...rows);
}
function device_row(about) {
  const known = state.latest.get(about.device), metrics = known?.metrics ?? new Map();
  const on = metrics.get("switch_on"), drawn = metrics.get("power_w") ?? (about.can_set_power ? metrics.get("battery_w") : undefined);
  const fresh = known !== undefined && now() - known.seen_at <= freshness(about.device);
  const seen = known === undefined ? "no reading yet" : fresh ? "reporting" : `${age(known.seen_at)} old`;
  const can = about.can_switch ? "can be switched" : about.can_set_power ? "power can be set" : about.modes ? "mode can be set" : "read only";
  const row = node("li", { className: `${fresh ? "" : "stale"}${on?.value && fresh ? " on" : ""}` },
    node("span", { className: "badge-icon" }, icon(about.kind)),
    node("div", { className: "grow" }, node("strong", {}, about.name || about.device),
      node("span", { className: "quiet" }, about.unregistered ? "Not registered, " : `${capital(about.kind)}, `, node("span", { className: "wide-only" }, `${can}, `), node("span", { className: fresh ? "" : "stale-mark" }, seen))));
  if (about.can_switch || drawn !== undefined) {
    const watts = node("span", { className: "watts" });
    show_power(watts, drawn === undefined ? null : Math.abs(drawn.value));
    row.append(watts);
  }
  if (about.can_switch) {
    const known_state = on !== undefined && fresh;
    row.append(node("span", { className: `tag${known_state && on.value ? "" : " hollow"}`, data: { tone: known_state && on.value ? "ok" : "plain" } }, known_state ? (on.value ? "On" : "Off") : dash));
  } else if (about.can_set_power && drawn !== undefined && fresh) {
    const resting = Math.abs(drawn.value) < dead_band_w;
    row.append(node("span", { className: `tag${resting ? " hollow" : ""}`, data: { tone: resting ? "plain" : "ok" } }, resting ? "Idle" : drawn.value > 0 ? "Discharging" : "Charging"));
  }
  return row;
}
