// Numbers, times and words as a person reads them, in the site's zone and currency. Missing is a dash, never 0.

import { state } from "./state.js";

export const dash = "—";
export const dead_band_w = 10;

export function number(value, digits) {
  const text = Math.abs(value).toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value < 0 && /[1-9]/.test(text) ? "\u2212" : "") + text;
}
function scaled(value, unit) {  // three figures: 4.86 kW, 12.4 kW, 318 kW
  const digits = Math.abs(value) < 9.995 ? 2 : Math.abs(value) < 99.95 ? 1 : 0;
  return [number(value, digits), unit];
}
export function power_parts(watts) {
  const size = Math.abs(watts);
  if (size < dead_band_w) return ["0", "W"];
  if (size < 999.5) return [number(watts, 0), "W"];
  return size < 999_500 ? scaled(watts / 1000, "kW") : scaled(watts / 1_000_000, "MW");
}
export const power = (watts) => (watts === null || watts === undefined ? dash : power_parts(watts).join("\u00a0"));
export function metric_text(name, value) {
  if (value === null || value === undefined) return dash;
  if (typeof value === "string") return value;
  if (name === "switch_on") return value ? "on" : "off";
  if (name === "grid_w") return Math.abs(value) < dead_band_w ? "0\u00a0W" : `${power(Math.abs(value))} ${value > 0 ? "import" : "export"}`;
  if (name === "battery_w") return Math.abs(value) < dead_band_w ? "0\u00a0W" : `${power(Math.abs(value))} ${value > 0 ? "discharging" : "charging"}`;
  if (name.endsWith("_w")) return power(value);
  if (name.endsWith("_percent")) return `${number(value, Number.isInteger(value) ? 0 : 1)}%`;
  if (name.endsWith("_kwh")) return scaled(value, "kWh").join("\u00a0");
  if (name.endsWith("_price")) return `${number(value, 3)}\u00a0${state.settings?.currency ?? ""}/kWh`;
  if (name === "temperature_c") return `${number(value, 1)}\u00a0°C`;
  if (name === "battery_v") return `${number(value, 1)}\u00a0V`;
  if (name === "savings" || name === "cost") return `${number(value, 2)}\u00a0${state.settings?.currency ?? ""}`;
  return String(value);
}
const metric_names = { pv_w: "solar", load_w: "house", grid_w: "grid", battery_w: "battery", soc_percent: "charge", power_w: "power", switch_on: "switch" };
export const metric_name = (name) => metric_names[name] ?? name.replace(/_(w|kwh|percent|c|v)$/, "").replaceAll("_", " ");

export const now = () => Date.now() + state.skew;
const zoned = new Map();
function zone_format(options) {
  const key = state.zone + JSON.stringify(options);
  if (!zoned.has(key)) zoned.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: state.zone, hourCycle: "h23", ...options }));
  return zoned.get(key);
}
export const clock = (ms) => zone_format({ hour: "2-digit", minute: "2-digit" }).format(ms);
export const clock_s = (ms) => zone_format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(ms);
export const date = (ms) => zone_format({ day: "numeric", month: "short" }).format(ms);
export const same_day = (a, b) => zone_format({ dateStyle: "short" }).format(a) === zone_format({ dateStyle: "short" }).format(b);
export const moment = (ms) => (same_day(ms, now()) ? clock(ms) : `${date(ms)}, ${clock(ms)}`);
export function age(ms) {
  const s = Math.max(0, Math.round((now() - ms) / 1000));
  if (s < 60) return `${s}\u00a0s`;
  if (s < 3600) return `${Math.round(s / 60)}\u00a0min`;
  return s < 2 * 86_400 ? `${Math.round(s / 3600)}\u00a0h` : `${Math.round(s / 86_400)}\u00a0days`;
}
export function span_ms(iso) {  // PT5M, P1DT12H
  const m = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(iso ?? "");
  if (!m) return null;
  const [d, h, min, s] = m.slice(1).map((part) => Number(part ?? 0));
  return (((d * 24 + h) * 60 + min) * 60 + s) * 1000;
}
export const position_text = (position) => String(position).replace(/\B(?=(\d{3})+$)/g, "\u202f");
export const device_name = (id) => state.devices.get(id)?.name || id || "a device";
export function who(principal) {
  const [kind, name] = [principal.split(":")[0], principal.slice(principal.indexOf(":") + 1)];
  if (kind === "rule") return `rule ${name}`;
  return kind === "user" ? (name === "local" ? "someone on this network" : name) : principal.replace(":", " ");
}
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
