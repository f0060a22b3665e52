// The flow: ribbons as wide as their power, from card to bus or from bus to card.

import { $, shape } from "./page.js";
import { dead_band_w } from "./words.js";

export const flow_nodes = [
  { id: "pv", metric: "pv_w", side: "left", about: () => "Making power", idle: "Not producing" },
  { id: "grid", metric: "grid_w", side: "left", about: (w) => (w > 0 ? "Importing" : "Exporting"), idle: "Idle" },
  { id: "load", metric: "load_w", side: "right", about: () => "Using", idle: "Using nothing" },
  { id: "battery", metric: "battery_w", side: "right", about: (w) => (w > 0 ? "Discharging" : "Charging"), idle: "Idle" },
];
export const energy_of = (id, watts) => (id === "pv" ? "solar" : id === "grid" && watts < 0 ? "export" : id);
const into_site = (id, watts) => (id === "load" ? false : watts > 0);

const links = new Map();
function link_of(id) {
  if (!links.has(id)) {
    const group = shape("g"), ribbon = shape("path", { class: "ribbon" }), dots = shape("path", { class: "dots" }), idle = shape("path", { class: "idle" });
    group.append(idle, ribbon, dots);
    $("links").append(group);
    links.set(id, { group, ribbon, dots, idle });
  }
  return links.get(id);
}
const bus = shape("rect", { class: "bus", rx: 3, width: 6 });

export function draw_links(found) {
  const area = $("flow").getBoundingClientRect();
  if (area.width === 0) return;
  const middle = (() => {
    const left = $("node-pv").getBoundingClientRect(), right = $("node-load").getBoundingClientRect();
    return (left.right + right.left) / 2 - area.left;
  })();
  const flows = flow_nodes.map(({ id, metric, side }) => {
    const box = $(`node-${id}`).getBoundingClientRect();
    return { id, side, r: found[metric], y: box.top - area.top + box.height / 2, edge: (side === "left" ? box.right + 1 : box.left - 1) - area.left, room: box.height - 28 };
  });
  const top_w = Math.max(500, ...flows.map(({ r }) => Math.abs(r?.value ?? 0)));
  for (const flow of flows) {
    const watts = Math.abs(flow.r?.value ?? 0);
    flow.width = watts < dead_band_w ? 0 : Math.max(2, (watts / top_w) * flow.room);
  }
  const centre = area.height / 2;
  let tallest = 24;
  for (const side of ["left", "right"]) {
    const here = flows.filter((flow) => flow.side === side);
    const total = here.reduce((sum, flow) => sum + Math.max(flow.width, 6) + 4, -4);
    tallest = Math.max(tallest, total);
    let y = centre - total / 2;
    for (const flow of here) {
      flow.at_bus = y + Math.max(flow.width, 6) / 2;
      y += Math.max(flow.width, 6) + 4;
    }
  }
  for (const flow of flows) draw_link(flow, middle + (flow.side === "left" ? -3 : 3));
  for (const [name, value] of Object.entries({ x: middle - 3, y: centre - tallest / 2 - 4, height: tallest + 8 })) bus.setAttribute(name, value);
  if (!bus.isConnected) $("links").append(bus);
}
function draw_link({ id, r, y, edge, at_bus, width }, bus_x) {
  const { group, ribbon, dots, idle } = link_of(id);
  const bend = (edge + bus_x) / 2;
  const curve = (from_x, from_y, to_x, to_y) => `C${bend} ${from_y} ${bend} ${to_y} ${to_x} ${to_y}`;
  const watts = r?.value ?? 0, flowing = width > 0;
  group.dataset.energy = energy_of(id, watts);
  group.classList.toggle("old", r !== null && !r.fresh);
  const h = width / 2;
  ribbon.setAttribute("d", flowing ? `M${edge} ${y - h}${curve(edge, y - h, bus_x, at_bus - h)}L${bus_x} ${at_bus + h}${curve(bus_x, at_bus + h, edge, y + h)}Z` : "");
  const line = `M${edge} ${y}${curve(edge, y, bus_x, at_bus)}`;
  idle.setAttribute("d", flowing ? "" : line);
  const moving = flowing && r.fresh && Math.abs(watts) >= 30;
  dots.setAttribute("d", !moving ? "" : into_site(id, watts) ? line : `M${bus_x} ${at_bus}${curve(bus_x, at_bus, edge, y)}`);
  // About 12 pictures a second, faster with more power.
  const seconds = Math.round(20 / Math.max(0.45, Math.min(1.6, 0.5 + Math.abs(watts) / 6000))) / 12;
  const timing = [`${seconds.toFixed(2)}s`, `steps(${Math.max(6, Math.round(seconds * 12))})`];
  if (dots.style.animationDuration !== timing[0]) [dots.style.animationDuration, dots.style.animationTimingFunction] = timing;
}
