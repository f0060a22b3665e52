// Building the page: text only ever as text.

import { dash, power_parts } from "./words.js";

export const $ = (id) => document.getElementById(id);
export function node(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "data") Object.assign(made.dataset, value);
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}
export function shape(tag, attributes = {}, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
/// Unchanged text is left alone, so that nothing is read out or laid out again for nothing.
export function put(element, text) { if (element.textContent !== text) element.textContent = text; }
export function say_aloud(text) { put($("spoken"), text); }
const icon_paths = {
  plug: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4", node: "M4 5h16v6H4zM4 13h16v6H4zM7.5 8v.1M7.5 16v.1",
  battery: "M2.5 7h16v10h-16zM21.5 11v2M6 10.5v3M9.5 10.5v3", inverter: "M4 4h16v16H4zM7.5 12c1.5-4 3-4 4.5 0s3 4 4.5 0",
  meter: "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM12 12l4-4", price: "M20 12l-8 8-8.5-8.5V4H11zM7.5 8v.1",
};
export function icon(kind) {
  const svg = shape("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" });
  svg.append(shape("path", { d: icon_paths[kind] ?? icon_paths.meter }));
  return svg;
}
export function show_power(element, watts) {
  if (watts === null || watts === undefined) return put(element, dash);
  const [value, unit] = power_parts(watts);
  if (element.textContent === `${value}\u00a0${unit}`) return;
  element.replaceChildren(`${value}\u00a0`, node("small", {}, unit));
}
export function failed_row(tag, what, failure, retry) {
  const again = node("button", { className: "ghost", type: "button", onclick: retry }, "Try again");
  return node(tag, { className: "empty" }, `${what} could not be read. ${failure.message}`, again);
}
export const empty_row = (text) => node("li", { className: "empty" }, text);

const waiting = new Map();
/// Many causes, one drawing.
export function later(name, what, ms) {
  if (!waiting.has(name)) waiting.set(name, setTimeout(() => { waiting.delete(name); what(); }, ms));
}
