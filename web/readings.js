// What was measured: the newest reading of every device, and the last 24 hours as they grow.

import { state } from "./state.js";
import { now, span_ms } from "./words.js";

export const day_ms = 86_400_000;
export const site_metrics = ["pv_w", "load_w", "grid_w", "battery_w", "soc_percent"];
export const chart_metrics = ["pv_w", "load_w", "grid_w"];

export function take_latest(answer) {
  state.skew = Date.parse(answer.at) - Date.now();
  state.position = Math.max(state.position, answer.position);
  state.latest.clear();
  for (const [id, device] of Object.entries(answer.devices)) {
    const metrics = new Map();
    for (const [name, m] of Object.entries(device.metrics)) metrics.set(name, { value: m.value, at: Date.parse(m.at), position: m.position });
    state.latest.set(id, { seen_at: Date.parse(device.seen_at), metrics });
  }
}
/// A batch comes in columns; each cell counts when it is not older than what is known.
export function take_readings(record) {
  const { device, at, historic, suspects, ...columns } = record.data;
  for (let row = 0; row < device.length; ++row) {
    const ms = Date.parse(at[row]);
    if (!state.latest.has(device[row])) state.latest.set(device[row], { seen_at: ms, metrics: new Map() });
    const known = state.latest.get(device[row]);
    known.seen_at = Math.max(known.seen_at, ms);
    for (const [name, values] of Object.entries(columns)) {
      const value = values[row];
      if (value === null) continue;
      const before = known.metrics.get(name);
      if (before === undefined || ms >= before.at) known.metrics.set(name, { value, at: ms, position: record.position + row });
      if (chart_metrics.includes(name) && reading(name)?.device === device[row]) extend_series(name, ms, value);
    }
  }
}
export function freshness(id) { return span_ms(state.devices.get(id)?.freshness) ?? 5 * 60_000; }
/// One reading of a site-wide metric. Where several devices have it, the one that knows most of the site speaks; they
/// are never added up here.
export function reading(name) {
  let best = null;
  for (const [id, device] of state.latest) {
    const found = device.metrics.get(name);
    if (found === undefined) continue;
    const fresh = now() - found.at <= freshness(id);
    const rank = (fresh ? 100 : 0) + site_metrics.filter((metric) => device.metrics.has(metric)).length;
    if (best === null || rank > best.rank || (rank === best.rank && found.at > best.at)) best = { ...found, device: id, fresh, rank };
  }
  return best;
}
function extend_series(name, ms, value) {
  const points = (state.series[name] ??= []);
  const last = points.at(-1), before = points.at(-2);
  if (last !== undefined && ms <= last[0]) return;
  // Half a minute is finer than a pixel: the newest point moves along instead of piling up.
  if (before !== undefined && ms - before[0] < 30_000) points.pop();
  points.push([ms, value]);
  while (points.length > 0 && points[0][0] < ms - day_ms) points.shift();
}
