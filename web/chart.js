// 24 hours of power: the drawing, its cursor, the same as a table.

import { for_this_site, of_site } from "./api.js";
import { $, node, put, shape } from "./page.js";
import { chart_metrics, day_ms, reading } from "./readings.js";
import { state } from "./state.js";
import { clock, metric_text, moment, now, number, power, span_ms } from "./words.js";

/// The last 24 hours; of a site that fell silent, the 24 hours up to its last reading.
function chart_window() {
  const newest = Math.max(0, ...chart_metrics.map((name) => reading(name)?.at ?? 0));
  const to = newest === 0 || now() - newest < day_ms ? now() : newest + 60_000;
  return { from: to - day_ms, to };
}
export async function load_series() {
  const { from, to } = chart_window();
  state.series = {};
  state.series_error = null;
  const times = `&from=${encodeURIComponent(new Date(from).toISOString())}&to=${encodeURIComponent(new Date(to + 60_000).toISOString())}&points=300`;
  await Promise.all(chart_metrics.map(async (name) => {
    const r = reading(name);
    if (r === null) return;
    state.series_hold = Math.max(span_ms(state.devices.get(r.device)?.hold) ?? 0, 15 * 60_000);
    try {
      const answer = await for_this_site(of_site(`/series?device=${encodeURIComponent(r.device)}&metric=${name}${times}`));
      state.series[name] = answer.points;
    } catch (failure) {
      if (failure.message !== "superseded") state.series_error = failure;
    }
  }));
  draw_chart();
}
/// Runs of points; where readings are missing, the line is.
function runs(points, from) {
  const out = [];
  let run = [];
  for (const point of points) {
    if (point[1] === null || point[0] < from) continue;
    if (run.length > 0 && point[0] - run.at(-1)[0] > state.series_hold) out.push(run), run = [];
    run.push(point);
  }
  if (run.length > 0) out.push(run);
  return out;
}
function value_axis(values) {
  const high = Math.max(1000, ...values), low = Math.min(0, ...values);
  const step = [250, 500, 1000, 2000, 2500, 5000, 10_000, 20_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1e6, 2e6, 5e6, 1e7, 1e8].find((s) => (high - low) / s <= 5) ?? (high - low) / 4;
  return { low: Math.floor(low / step) * step, high: Math.ceil(high / step) * step, step };
}
function time_ticks(from, to, every_h) {
  const ticks = [];
  for (let t = Math.ceil(from / 900_000) * 900_000; t <= to; t += 900_000) {
    const [hour, minute] = clock(t).split(":").map(Number);
    if (minute === 0 && hour % every_h === 0) ticks.push(t);
  }
  return ticks;
}
let plot = null;  // the geometry of the last drawing, for the cursor
export function draw_chart() {
  const svg = $("plot"), width = svg.clientWidth, height = svg.clientHeight;
  if (width === 0) return;
  const { from, to } = chart_window();
  const box = { left: 34, right: width - 6, top: 10, bottom: height - 26 };
  const values = chart_metrics.flatMap((name) => (state.series[name] ?? []).map((point) => point[1]).filter((value) => value !== null));
  put($("chart-range"), `${moment(from)} to ${now() - to < 60_000 ? "now" : moment(to)}`);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  if (values.length === 0) {
    plot = null;
    const text = state.series_error !== null ? `The history could not be read. ${state.series_error.message}` : "No readings in these 24 hours.";
    svg.replaceChildren(shape("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, text));
    svg.setAttribute("aria-label", text);
    $("table").replaceChildren();
    return;
  }
  const axis = value_axis(values);
  const x = (ms) => box.left + ((ms - from) / (to - from)) * (box.right - box.left);
  const y = (w) => box.bottom - ((w - axis.low) / (axis.high - axis.low)) * (box.bottom - box.top);
  const parts = axes(axis, x, y, box, time_ticks(from, to, width < 460 ? 6 : 3));
  const lines = (points) => points.map(([ms, w], i) => `${i === 0 ? "M" : "L"}${x(ms).toFixed(1)} ${y(w).toFixed(1)}`).join("");
  const area = (points) => `${lines(points)}L${x(points.at(-1)[0]).toFixed(1)} ${y(0)}L${x(points[0][0]).toFixed(1)} ${y(0)}Z`;
  const add = (name, energy, kind, path, clip) => {
    const d = runs(state.series[name] ?? [], from).map(path).join("");
    if (d) parts.push(shape("path", { class: kind, d, "data-energy": energy, ...(clip ? { "clip-path": `url(#${clip})` } : {}) }));
  };
  parts.push(clip_box("above", box.left, box.top, box.right, y(0)), clip_box("below", box.left, y(0), box.right, box.bottom));
  add("pv_w", "solar", "area", area);
  add("pv_w", "solar", "edge", lines);
  for (const [energy, clip] of [["grid", "above"], ["export", "below"]]) {
    add("grid_w", energy, "area", area, clip);
    add("grid_w", energy, "edge", lines, clip);
  }
  add("load_w", "load", "edge halo", lines);
  add("load_w", "load", "edge", lines);
  const cursor = shape("g", { visibility: "hidden" });
  parts.push(cursor);
  svg.replaceChildren(...parts);
  plot = { from, to, x, y, box, cursor, at: plot?.at ?? null };
  svg.setAttribute("aria-label", chart_sentence(from, to));
  if (plot.at !== null) move_cursor(plot.at, false);
  draw_table(from, to);
}
function axes(axis, x, y, box, ticks) {
  const parts = [];
  for (let w = axis.low; w <= axis.high + 1; w += axis.step) {
    parts.push(shape("line", { class: w === 0 ? "rule zero" : "rule", x1: box.left, x2: box.right, y1: y(w), y2: y(w) }));
    parts.push(shape("text", { x: box.left - 8, y: y(w) + 4, "text-anchor": "end" }, number(Math.abs(w) / 1000, axis.step % 1000 === 0 ? 0 : 1)));
  }
  for (const t of ticks) {
    const at = x(t), anchor = at < box.left + 18 ? "start" : at > box.right - 18 ? "end" : "middle";
    parts.push(shape("text", { x: at, y: box.bottom + 20, "text-anchor": anchor }, clock(t)));
  }
  return parts;
}
function clip_box(id, left, top, right, bottom) {
  const clip = shape("clipPath", { id });
  clip.append(shape("rect", { x: left, y: top, width: right - left, height: Math.max(0, bottom - top) }));
  return clip;
}
const peak = (name) => (state.series[name] ?? []).reduce((best, point) => (point[1] !== null && (best === null || point[1] > best[1]) ? point : best), null);
function chart_sentence(from, to) {
  const [pv, load] = [peak("pv_w"), peak("load_w")];
  const parts = [pv && `solar peaked at ${power(pv[1])} at ${clock(pv[0])}`, load && `the house at ${power(load[1])} at ${clock(load[0])}`].filter(Boolean);
  return `Power from ${moment(from)} to ${moment(to)}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}.`;
}
function nearest(name, ms) {
  const points = state.series[name] ?? [];
  let best = null;
  for (const point of points) if (best === null || Math.abs(point[0] - ms) < Math.abs(best[0] - ms)) best = point;
  return best !== null && Math.abs(best[0] - ms) <= state.series_hold ? best[1] : null;
}
const chart_rows = [["pv_w", "Solar", "solar"], ["load_w", "House", "load"], ["grid_w", "Grid", "grid"]];
function move_cursor(ms, aloud) {
  if (plot === null) return;
  plot.at = Math.min(plot.to, Math.max(plot.from, ms));
  const x = plot.x(plot.at);
  plot.cursor.replaceChildren(shape("line", { class: "cursor", x1: x, x2: x, y1: plot.box.top, y2: plot.box.bottom }));
  const rows = chart_rows.map(([name, label, energy]) => {
    const value = nearest(name, plot.at), hue = name === "grid_w" && value < 0 ? "export" : energy;
    if (value !== null) plot.cursor.append(shape("circle", { class: "knob", r: 4, cx: x, cy: plot.y(value), "data-energy": hue }));
    return node("span", { data: { energy: hue } }, label, node("em", {}, metric_text(name, value)));
  });
  plot.cursor.setAttribute("visibility", "visible");
  const tip = $("tip");
  tip.replaceChildren(node("b", {}, moment(plot.at)), ...rows);
  tip.hidden = false;
  const room = $("chart").clientWidth, wide = tip.offsetWidth;
  tip.style.transform = `translate(${Math.round(x + 14 + wide > room ? Math.max(0, x - 14 - wide) : x + 14)}px, 8px)`;
  if (aloud) put($("chart-spoken"), `${moment(plot.at)}: ${rows.map((row) => row.firstChild.textContent + " " + row.lastChild.textContent).join(", ")}`);
}
function hide_cursor() {
  if (plot !== null) plot.at = null, plot.cursor.setAttribute("visibility", "hidden");
  $("tip").hidden = true;
}
function draw_table(from, to) {
  if (!document.querySelector(".as-table").open) return;
  const head = node("tr", {}, ...["Time", "Solar", "House", "Grid"].map((text) => node("th", { scope: "col" }, text)));
  const rows = [];
  for (let t = Math.floor(to / 3_600_000) * 3_600_000; t >= from; t -= 3_600_000)
    rows.push(node("tr", {}, node("th", { scope: "row" }, moment(t)), ...chart_rows.map(([name]) => node("td", {}, metric_text(name, nearest(name, t))))));
  $("table").replaceChildren(node("thead", {}, head), node("tbody", {}, ...rows));
}
export function wire_chart() {
  const svg = $("plot");
  const at = (event) => plot.from + ((event.clientX - svg.getBoundingClientRect().left - plot.box.left) / (plot.box.right - plot.box.left)) * (plot.to - plot.from);
  svg.addEventListener("pointermove", (event) => { if (plot !== null) move_cursor(at(event), false); });
  svg.addEventListener("pointerdown", (event) => { if (plot !== null) move_cursor(at(event), false); });
  svg.addEventListener("pointerleave", hide_cursor);
  svg.addEventListener("blur", hide_cursor);
  svg.addEventListener("keydown", (event) => {
    if (plot === null) return;
    const step = event.shiftKey ? 3_600_000 : 900_000;
    const to = { ArrowLeft: (plot.at ?? plot.to) - step, ArrowRight: (plot.at ?? plot.from) + step, Home: plot.from, End: plot.to }[event.key];
    if (event.key === "Escape") return hide_cursor();
    if (to === undefined) return;
    event.preventDefault();
    move_cursor(to, true);
  });
  document.querySelector(".as-table").addEventListener("toggle", () => { if (plot !== null) draw_table(plot.from, plot.to); });
}
