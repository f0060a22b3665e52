// What is measured now: the four cards, the sentence above them, the sum below them.

import { draw_links, energy_of, flow_nodes } from "./flow.js";
import { $, node, put, show_power } from "./page.js";
import { reading, site_metrics } from "./readings.js";
import { state } from "./state.js";
import { tell } from "./tell.js";
import { age, capital, clock_s, dash, dead_band_w, device_name, metric_text, moment, power } from "./words.js";

export function draw_now() {
  const found = Object.fromEntries(site_metrics.map((name) => [name, reading(name)]));
  for (const { id, metric, about, idle } of flow_nodes) {
    const r = found[metric], card = $(`node-${id}`);
    const resting = r !== null && Math.abs(r.value) < dead_band_w;
    card.classList.toggle("unknown", r === null);
    card.classList.toggle("stale", r !== null && !r.fresh);
    card.dataset.energy = r === null || resting ? (id === "pv" ? "solar" : id) : energy_of(id, r.value);
    show_power(card.querySelector(".value"), r === null ? null : Math.abs(r.value));
    const line = card.querySelector(".about");
    line.classList.toggle("stale-mark", r !== null && !r.fresh);
    put(line, r === null ? "No reading" : !r.fresh ? `${age(r.at)} old` : resting ? idle : about(r.value));
    card.title = r === null ? "" : `${device_name(r.device)}, ${new Date(r.at).toISOString()}, position ${r.position}`;
  }
  draw_battery(found.soc_percent);
  draw_sentence(found);
  draw_foot(found);
  draw_links(found);
  draw_now_age(found);
}
function draw_battery(soc) {
  put($("soc"), soc === null ? "" : metric_text("soc_percent", soc.value));
  $("charge").hidden = soc === null;
  if (soc === null) return;
  $("level-fill").style.width = `${Math.min(100, Math.max(0, soc.value))}%`;
  const floor = state.settings?.soc_floor_percent;
  $("level-floor").hidden = !(floor > 0);
  if (floor > 0) $("level-floor").style.left = `${floor}%`;
  $("level").title = floor > 0 ? `Floor ${floor}%` : "";
}
function draw_now_age(found) {
  const times = site_metrics.map((name) => found[name]?.at).filter((at) => at !== undefined);
  const newest = Math.max(...times);
  put($("now-age"), times.length === 0 ? dash : `${clock_s(newest)}, ${age(newest)} ago`);
}
function sentence_of({ pv_w: pv, load_w: load, grid_w: grid, battery_w: battery }) {
  const known = [pv, load, grid, battery].filter((r) => r !== null);
  if (known.length === 0) return "No readings yet.";
  if (!known.some((r) => r.fresh)) return `The last readings are ${age(Math.max(...known.map((r) => r.at)))} old.`;
  const live = (r) => (r !== null && r.fresh ? r.value : null);
  const [p, l, g, b] = [pv, load, grid, battery].map(live);
  const parts = [];
  if (g !== null && g >= 30) parts.push(`${power(g)} comes from the grid`);
  if (b !== null && b >= 30) parts.push(`the battery gives ${power(b)}`);
  if (b !== null && b <= -30) parts.push(`the battery takes ${power(-b)}`);
  if (g !== null && g <= -30) parts.push(`${power(-g)} goes to the grid`);
  const rest = parts.length === 0 ? "" : `; ${parts.join(parts.length === 2 ? " and " : ", ")}`;
  if (p !== null && l !== null && p >= 30) return `Solar makes ${power(p)}, the house uses ${power(l)}${rest}.`;
  if (l !== null) return `The house uses ${power(l)}${rest}.`;
  if (p !== null) return `Solar makes ${power(p)}${rest}.`;
  return parts.length === 0 ? "Nothing flows between grid and battery." : `${capital(parts.join(" and "))}.`;
}
function draw_sentence(found) {
  put($("sentence"), sentence_of(found));
  const newest = [...state.decisions.keys()].sort((a, b) => b - a)[0];
  const record = state.decisions.get(newest);
  put($("sentence-more"), record === undefined ? "Nothing has been decided yet." : `Last on record at ${moment(Date.parse(record.recorded_at))}: ${tell(record)}`);
}
function draw_foot({ pv_w, load_w, grid_w, battery_w }) {
  const parts = [pv_w, load_w, grid_w, battery_w];
  const children = [];
  if (load_w?.fresh) children.push(node("span", {}, node("b", {}, power(load_w.value)), " in use"));
  if (grid_w?.fresh && load_w?.fresh && load_w.value >= dead_band_w) {
    const share = Math.round(100 * (1 - Math.min(1, Math.max(0, grid_w.value) / load_w.value)));
    children.push(node("span", {}, node("b", {}, `${share}%`), " without the grid"));
  }
  // The identity of the signs. What does not add up is said, never hidden.
  if (parts.every((r) => r?.fresh)) {
    const rest = pv_w.value + grid_w.value + battery_w.value - load_w.value;
    children.push(node("span", { className: "end" }, `Unaccounted ${power(Math.abs(rest))}`));
  } else {
    children.push(node("span", { className: "end" }, "Some readings are missing or old"));
  }
  const text = children.map((child) => child.textContent).join("|");
  if ($("flow-foot").dataset.text === text) return;
  $("flow-foot").dataset.text = text;
  $("flow-foot").replaceChildren(...children);
}
