// The status page: what one site measures now, what was decided and why. It reads the API and the stream and sends
// nothing. Power in W as the API has it: + into the site (import, discharge), - out of it. Missing is a dash, never 0.

const dash = "—";
const day_ms = 86_400_000;
const dead_band_w = 10;
const site_metrics = ["pv_w", "load_w", "grid_w", "battery_w", "soc_percent"];
const chart_metrics = ["pv_w", "load_w", "grid_w"];
const event_types = ["site.configured", "device.registered", "rule.saved", "rule.removed", "rule.fired", "notification.raised",
  "command.requested", "command.refused", "command.allowed", "command.dispatched", "command.verified", "command.failed",
  "stop.engaged", "stop.lifted", "engine.started", "engine.stopped", "history.imported", "checkpoint.signed"];

const state = {
  sites: [], site: null, settings: null, zone: "UTC",
  devices: new Map(),    // id -> the registration
  latest: new Map(),     // id -> { seen_at, metrics: Map(name -> { value, at, position }) }
  decisions: new Map(),  // position -> the record
  next: null,            // where the older decisions go on
  series: {},            // metric -> [[ms, value]]
  series_hold: 15 * 60_000, series_error: null,
  skew: 0,               // the server's clock minus ours
  position: 0, stream: null, connected: false, lost_at: 0,
  ticker: [], ticker_paused: false, generation: 0,
};

// ---- building the page: text only ever as text -------------------------------------------------------------------------

const $ = (id) => document.getElementById(id);
function node(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "data") Object.assign(made.dataset, value);
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}
function shape(tag, attributes = {}, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
/// Unchanged text is left alone, so that nothing is read out or laid out again for nothing.
function put(element, text) { if (element.textContent !== text) element.textContent = text; }
function say_aloud(text) { put($("spoken"), text); }
const icon_paths = {
  plug: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4", node: "M4 5h16v6H4zM4 13h16v6H4zM7.5 8v.1M7.5 16v.1",
  battery: "M2.5 7h16v10h-16zM21.5 11v2M6 10.5v3M9.5 10.5v3", inverter: "M4 4h16v16H4zM7.5 12c1.5-4 3-4 4.5 0s3 4 4.5 0",
  meter: "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM12 12l4-4", price: "M20 12l-8 8-8.5-8.5V4H11zM7.5 8v.1",
};
function icon(kind) {
  const svg = shape("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" });
  svg.append(shape("path", { d: icon_paths[kind] ?? icon_paths.meter }));
  return svg;
}

// ---- numbers, times, words ------------------------------------------------------------------------------------------------

function number(value, digits) {
  const text = Math.abs(value).toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value < 0 && /[1-9]/.test(text) ? "\u2212" : "") + text;
}
function scaled(value, unit) {  // three figures: 4.86 kW, 12.4 kW, 318 kW
  const digits = Math.abs(value) < 9.995 ? 2 : Math.abs(value) < 99.95 ? 1 : 0;
  return [number(value, digits), unit];
}
function power_parts(watts) {
  const size = Math.abs(watts);
  if (size < dead_band_w) return ["0", "W"];
  if (size < 999.5) return [number(watts, 0), "W"];
  return size < 999_500 ? scaled(watts / 1000, "kW") : scaled(watts / 1_000_000, "MW");
}
const power = (watts) => (watts === null || watts === undefined ? dash : power_parts(watts).join("\u00a0"));
function show_power(element, watts) {
  if (watts === null || watts === undefined) return put(element, dash);
  const [value, unit] = power_parts(watts);
  if (element.textContent === `${value}\u00a0${unit}`) return;
  element.replaceChildren(`${value}\u00a0`, node("small", {}, unit));
}
function metric_text(name, value) {
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
const metric_name = (name) => metric_names[name] ?? name.replace(/_(w|kwh|percent|c|v)$/, "").replaceAll("_", " ");

const now = () => Date.now() + state.skew;
const zoned = new Map();
function zone_format(options) {
  const key = state.zone + JSON.stringify(options);
  if (!zoned.has(key)) zoned.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: state.zone, hourCycle: "h23", ...options }));
  return zoned.get(key);
}
const clock = (ms) => zone_format({ hour: "2-digit", minute: "2-digit" }).format(ms);
const clock_s = (ms) => zone_format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(ms);
const date = (ms) => zone_format({ day: "numeric", month: "short" }).format(ms);
const same_day = (a, b) => zone_format({ dateStyle: "short" }).format(a) === zone_format({ dateStyle: "short" }).format(b);
const moment = (ms) => (same_day(ms, now()) ? clock(ms) : `${date(ms)}, ${clock(ms)}`);
function age(ms) {
  const s = Math.max(0, Math.round((now() - ms) / 1000));
  if (s < 60) return `${s}\u00a0s`;
  if (s < 3600) return `${Math.round(s / 60)}\u00a0min`;
  return s < 2 * 86_400 ? `${Math.round(s / 3600)}\u00a0h` : `${Math.round(s / 86_400)}\u00a0days`;
}
function span_ms(iso) {  // PT5M, P1DT12H
  const m = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(iso ?? "");
  if (!m) return null;
  const [d, h, min, s] = m.slice(1).map((part) => Number(part ?? 0));
  return (((d * 24 + h) * 60 + min) * 60 + s) * 1000;
}
const position_text = (position) => String(position).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const device_name = (id) => state.devices.get(id)?.name || id || "a device";
function who(principal) {
  const [kind, name] = [principal.split(":")[0], principal.slice(principal.indexOf(":") + 1)];
  if (kind === "rule") return `rule ${name}`;
  return kind === "user" ? (name === "local" ? "someone on this network" : name) : principal.replace(":", " ");
}
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// ---- the API ---------------------------------------------------------------------------------------------------------------

async function get(path) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: "application/json" } });
  } catch {
    throw new Error("The server does not answer.");
  }
  const body = await answer.json().catch(() => null);
  if (answer.ok && body !== null) return body;
  const failure = new Error(body?.detail || body?.title || `The server answered ${answer.status}.`);
  failure.status = answer.status;
  throw failure;
}
const of_site = (rest) => `/api/v1/sites/${encodeURIComponent(state.site)}${rest}`;
/// Answers of a site that is no longer shown are dropped.
async function for_this_site(path) {
  const generation = state.generation;
  const body = await get(path);
  if (generation !== state.generation) throw new Error("superseded");
  return body;
}
function failed_row(tag, what, failure, retry) {
  const again = node("button", { className: "ghost", type: "button", onclick: retry }, "Try again");
  return node(tag, { className: "empty" }, `${what} could not be read. ${failure.message}`, again);
}
const empty_row = (text) => node("li", { className: "empty" }, text);

// ---- what is measured now -----------------------------------------------------------------------------------------------------

function take_latest(answer) {
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
function take_readings(record) {
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
function freshness(id) { return span_ms(state.devices.get(id)?.freshness) ?? 5 * 60_000; }
/// One reading of a site-wide metric. Where several devices have it, the one that knows most of the site speaks; they
/// are never added up here.
function reading(name) {
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

const flow_nodes = [
  { id: "pv", metric: "pv_w", side: "left", about: () => "Making power", idle: "Not producing" },
  { id: "grid", metric: "grid_w", side: "left", about: (w) => (w > 0 ? "Importing" : "Exporting"), idle: "Idle" },
  { id: "load", metric: "load_w", side: "right", about: () => "Using", idle: "Using nothing" },
  { id: "battery", metric: "battery_w", side: "right", about: (w) => (w > 0 ? "Discharging" : "Charging"), idle: "Idle" },
];
const energy_of = (id, watts) => (id === "pv" ? "solar" : id === "grid" && watts < 0 ? "export" : id);
const into_site = (id, watts) => (id === "load" ? false : watts > 0);

function draw_now() {
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

// ---- the flow: ribbons as wide as their power, from card to bus or from bus to card ------------------------------------------------

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

function draw_links(found) {
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

// ---- devices --------------------------------------------------------------------------------------------------------------

function draw_devices() {
  const all = [...state.devices.values()];
  for (const id of state.latest.keys()) if (!state.devices.has(id)) all.push({ device: id, kind: "", name: id, unregistered: true });
  const controllable = (d) => d.can_switch || d.can_set_power;
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
  const can = about.can_switch ? "can be switched" : about.can_set_power ? "power can be set" : "read only";
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

// ---- decisions, as sentences ---------------------------------------------------------------------------------------------------

function order_text({ action, power_w, device }, done) {
  const name = device_name(device);
  if (action === "switch_on") return `${done ? "Switched on" : "Switch on"} ${name}`;
  if (action === "switch_off") return `${done ? "Switched off" : "Switch off"} ${name}`;
  if (Math.abs(power_w ?? 0) < dead_band_w) return `Set ${name} to 0\u00a0W`;
  const verb = power_w > 0 ? (done ? "Discharged" : "Discharge") : done ? "Charged" : "Charge";
  return `${verb} ${name} at ${power(Math.abs(power_w))}`;
}
/// The order a command event is about, also where only its id is in the event.
function order_of(record) {
  if (record.data.action !== undefined) return record.data;
  for (const other of state.decisions.values()) if (other.data.command === record.data.command && other.data.action !== undefined) return other.data;
  return null;
}
function order_name(record, done) {
  const order = order_of(record);
  return order === null ? `Command ${record.data.command}` : order_text(order, done);
}
const outcomes = { acted: "acted", condition_not_met: "its condition was not met", cooling_down: "still cooling down", automation_off: "automation is off", already_so: "it was already so" };
const failures = { not_sent: "it was not sent", device_error: "the device refused it", outcome_unknown: "nobody knows whether it happened" };
const with_reason = (text) => (text ? `: ${String(text).replace(/\.$/, "")}` : "");
const tellers = {
  "site.configured": (d) => `Settings of ${d.name} saved: floor ${d.soc_floor_percent}%, automation ${d.automation ? "on" : "off"}.`,
  "device.registered": (d) => `${d.name || d.device} registered as ${d.kind}.`,
  "rule.saved": (d) => `Rule ${d.rule}, version ${d.version}, ${d.enabled ? "saved" : "saved, switched off"}.`,
  "rule.removed": (d) => `Rule ${d.rule} removed.`,
  "rule.fired": (d) => {
    const seen = d.metric === undefined ? "its time came" : `${metric_name(d.metric)} of ${device_name(d.device)} was ${metric_text(d.metric, d.value)}` +
      (d.threshold === null ? "" : `, threshold ${metric_text(d.metric, d.threshold)}`) + (d.by_timer ? ", for long enough" : "");
    const then = d.outcome === "acted" ? "" : ` It did nothing, ${outcomes[d.outcome] ?? d.outcome}${with_reason(d.detail)}.`;
    return `Rule ${d.rule} fired: ${seen}.${then}`;
  },
  "notification.raised": (d) => `${d.title}${with_reason(d.text)}.`,
  "command.requested": (d, r) => `${order_text(d)}, asked by ${who(r.principal)}${with_reason(d.reason)}.`,
  "command.refused": (d, r) => `${order_name(r)} refused. ${d.refusals.map((refusal) => refusal.sentence).join(" ")}`,
  "command.allowed": (d, r) => `${order_name(r)} allowed by safety, on ${d.readings.length} ${d.readings.length === 1 ? "reading" : "readings"}.`,
  "command.dispatched": (d) => `${order_text(d)} handed to the device.`,
  "command.verified": (d, r) => `${order_name(r, true)}; a reading confirms it.`,
  "command.failed": (d, r) => `${order_name(r)} failed, ${failures[d.kind] ?? d.kind}${with_reason(d.detail)}.`,
  "stop.engaged": (d, r) => `Stop engaged by ${who(r.principal)}${with_reason(d.reason)}.`,
  "stop.lifted": (d, r) => `Stop lifted by ${who(r.principal)}${with_reason(d.reason)}.`,
  "engine.started": (d) => `Heliograph ${d.version} started${d.clean ? "" : " after an unclean end"}.`,
  "engine.stopped": () => "Heliograph stopped in order.",
  "history.imported": (d) => `${position_text(d.rows_kept)} of ${position_text(d.rows_read)} rows imported from ${d.file}.`,
  "checkpoint.signed": (d) => `Log signed up to position ${position_text(d.covers)}.`,
};
function tell(record) {
  if (record.type === "readings.recorded") return tell_readings(record);
  const teller = tellers[record.type];
  return teller === undefined ? record.type : teller(record.data, record);
}
function tell_readings(record) {
  if (record.values !== undefined) return `${device_name(record.device)}: ${values_text(record.values)}`;
  const { device, at, historic, suspects, ...columns } = record.data;
  if (device.length > 1) return `${device.length} readings of ${[...new Set(device)].map(device_name).join(", ")}${historic ? ", from history" : ""}`;
  return `${device_name(device[0])}: ${values_text(Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[0]])))}`;
}
function values_text(values) {
  const known = Object.entries(values).filter(([, value]) => value !== null);
  return known.length === 0 ? "nothing usable" : known.map(([name, value]) => `${metric_name(name)} ${metric_text(name, value)}`).join(", ");
}

/// The events of one command make one entry, and so does the rule that asked for it.
function entries() {
  const all = [...state.decisions.values()].sort((a, b) => a.position - b.position);
  const by_position = new Map(all.map((record) => [record.position, record]));
  const groups = new Map(), folded = new Set();
  for (const record of all) {
    const key = record.data.command === undefined ? `p${record.position}` : `c${record.data.command}`;
    if (!groups.has(key)) groups.set(key, { key, events: [], rule: null });
    groups.get(key).events.push(record);
    const cause = by_position.get(record.cause);
    if (record.type !== "command.requested" || cause?.type !== "rule.fired") continue;
    groups.get(key).rule = cause;
    folded.add(`p${cause.position}`);
  }
  return [...groups.values()].filter(({ key }) => !folded.has(key)).sort((a, b) => b.events[0].position - a.events[0].position);
}
function describe({ events, rule }) {
  const last = events.at(-1), first = events[0], type = last.type;
  if (!type.startsWith("command.")) return { title: tell(last), by: "", more: "", ...plain_tone(last) };
  const asked = events.find((e) => e.type === "command.requested");
  const sent = events.find((e) => e.type === "command.dispatched");
  const title = order_name(last, type === "command.verified");
  const by = asked === undefined ? "" : who(asked.principal);
  const more = type === "command.refused" ? last.data.refusals.map((refusal) => refusal.sentence).join(" ")
    : type === "command.failed" ? `${capital(failures[last.data.kind] ?? last.data.kind)}${with_reason(last.data.detail)}.`
    : asked?.data.reason || (rule !== null ? tell(rule) : "");
  const took = sent === undefined ? "" : ` in ${((Date.parse(last.recorded_at) - Date.parse(sent.recorded_at)) / 1000).toFixed(1)}\u00a0s`;
  const badge = {
    "command.requested": ["Asked", "info"], "command.allowed": ["Allowed", "info"], "command.dispatched": ["Sent, not yet confirmed", "warn"],
    "command.verified": [`Verified${took}`, "ok"], "command.refused": ["Refused", "crit"],
    "command.failed": last.data.kind === "outcome_unknown" ? ["Outcome unknown", "warn"] : ["Failed", "crit"],
  }[type] ?? [type, "plain"];
  return { title, by, more, badge: badge[0], tone: badge[1], at: Date.parse(first.recorded_at) };
}
function plain_tone(record) {
  const at = Date.parse(record.recorded_at);
  if (record.type === "stop.engaged") return { badge: "Stopped", tone: "crit", at };
  if (record.type === "stop.lifted") return { badge: "Lifted", tone: "ok", at };
  if (record.type === "notification.raised") return { badge: "Notice", tone: "info", at };
  if (record.type === "rule.fired") return { badge: record.data.outcome === "acted" ? "Fired" : "No action", tone: "plain", at };
  return { badge: "", tone: "plain", at };
}
const shown_entries = new Map();  // key -> { text, row }: an entry that did not change keeps its open "Why?"
function draw_decisions(announce) {
  const all = entries(), rows = [];
  for (const entry of all) {
    const about = describe(entry), text = JSON.stringify(about) + state.zone;
    const before = shown_entries.get(entry.key);
    if (before?.text !== text) {
      const row = decision_row(entry, about, before?.row);
      if (announce) row.classList.add("just-in");
      shown_entries.set(entry.key, { text, row });
    }
    rows.push(shown_entries.get(entry.key).row);
  }
  if (rows.length === 0) rows.push(empty_row("Nothing has been decided at this site yet. Save a rule or ask for a command and it appears here."));
  const list = $("decisions");
  if (rows.length !== list.children.length || rows.some((row, i) => list.children[i] !== row)) list.replaceChildren(...rows);
  $("older").hidden = state.next === null;
  if (announce && all.length > 0) {
    const { title, badge, more } = describe(all[0]);
    say_aloud([title, badge, more].filter(Boolean).join(". "));
  }
}
function decision_row(entry, about, before) {
  const last = entry.events.at(-1);
  const row = node("li", {},
    node("time", { dateTime: last.recorded_at, title: last.recorded_at }, same_day(about.at, now()) ? clock(about.at) : date(about.at)),
    node("i", { className: "bead", "aria-hidden": "true", data: { tone: about.tone } }),
    node("div", { className: "what" }, node("strong", {}, about.title), about.by ? node("span", { className: "by" }, ` · ${about.by}`) : "",
      about.more ? node("p", { className: "quiet" }, about.more) : "", why_expander(last, about.title, before?.querySelector(".why")?.open)));
  if (about.badge) row.append(node("span", { className: "tag", data: { tone: about.tone } }, about.badge));
  return row;
}
function why_expander(record, title, open) {
  const chain = node("ol", { className: "chain" }, node("li", { className: "quiet" }, "Asking the log…"));
  const details = node("details", { className: "why" }, node("summary", { "aria-label": `Why: ${title}` }, "Why?"), chain);
  let asked = false;
  details.addEventListener("toggle", async () => {
    if (!details.open || asked) return;
    asked = true;
    try {
      const answer = await get(`/api/v1/positions/${record.position}/why`);
      chain.replaceChildren(...answer.why.map(chain_step));
    } catch (failure) {
      asked = false;
      chain.replaceChildren(node("li", {}, `The chain could not be read. ${failure.message} Close and open to try again.`));
    }
  });
  details.open = open === true;
  return details;
}
function chain_step({ role, depth, event }) {
  const at = Date.parse(event.at ?? event.recorded_at);
  const item = node("li", {}, node("div", { className: "role num" }, node("span", {}, capital(role)),
    node("span", {}, `${moment(at)} · `, node("a", { href: `/api/v1/positions/${event.position}` }, `#${position_text(event.position)}`))), tell(event));
  item.style.setProperty("--depth", Math.min(depth, 6));
  return item;
}

// ---- commands under way ------------------------------------------------------------------------------------------------------

const stages = { requested: ["Asked", "info"], allowed: ["Allowed", "info"], dispatched: ["Waiting for a reading", "warn"] };
async function load_pending() {
  try {
    const { pending } = await for_this_site(of_site("/pending"));
    put($("pending-count"), pending.length === 0 ? "" : String(pending.length));
    const rows = pending.map((p) => node("li", {},
      node("div", { className: "grow" }, node("strong", {}, order_text(p)), node("span", { className: "quiet" }, `${capital(who(p.who))} at ${clock_s(Date.parse(p.since))}${with_reason(p.reason)}`)),
      node("span", { className: "tag", data: { tone: stages[p.state]?.[1] ?? "info" } }, stages[p.state]?.[0] ?? capital(p.state.replaceAll("_", " ")))));
    $("pending").replaceChildren(...(rows.length === 0 ? [empty_row("No command is waiting for its outcome.")] : rows));
  } catch (failure) {
    if (failure.message !== "superseded") $("pending").replaceChildren(failed_row("li", "Commands under way", failure, load_pending));
  }
}

// ---- 24 hours ----------------------------------------------------------------------------------------------------------------

/// The last 24 hours; of a site that fell silent, the 24 hours up to its last reading.
function chart_window() {
  const newest = Math.max(0, ...chart_metrics.map((name) => reading(name)?.at ?? 0));
  const to = newest === 0 || now() - newest < day_ms ? now() : newest + 60_000;
  return { from: to - day_ms, to };
}
async function load_series() {
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
function extend_series(name, ms, value) {
  const points = (state.series[name] ??= []);
  const last = points.at(-1), before = points.at(-2);
  if (last !== undefined && ms <= last[0]) return;
  // Half a minute is finer than a pixel: the newest point moves along instead of piling up.
  if (before !== undefined && ms - before[0] < 30_000) points.pop();
  points.push([ms, value]);
  while (points.length > 0 && points[0][0] < ms - day_ms) points.shift();
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
function draw_chart() {
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
function wire_chart() {
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

// ---- the stream -------------------------------------------------------------------------------------------------------------------

function draw_live() {
  const [tone, text] = state.connected ? ["ok", "Live"] : state.lost_at === 0 ? ["wait", "Connecting"] : ["wait", "Reconnecting"];
  $("live").dataset.tone = tone;
  put($("live-text"), text);
  put($("live-position"), state.position === 0 ? "" : `#${position_text(state.position)}`);
  put($("ticker-position"), state.position === 0 ? "" : `#${position_text(state.position)}`);
  const lost = !state.connected && state.lost_at !== 0;
  $("offline").hidden = !lost;
  if (lost) put($("offline-text"), `Not connected since ${clock_s(state.lost_at)}. What you see is from then; trying again.`);
}
function connect() {
  state.stream?.close();
  const from = state.position === 0 ? "" : `&after=${state.position}`;
  const site = state.site === null ? "" : `&site=${encodeURIComponent(state.site)}`;
  const stream = new EventSource(`/api/v1/stream?topics=telemetry,decisions${site}${from}`);
  state.stream = stream;
  const mine = (handler) => (event) => { if (state.stream === stream) handler(event); };
  stream.onopen = mine(() => {
    if (state.lost_at !== 0) say_aloud("Connected again.");
    state.connected = true;
    state.lost_at = 0;
    draw_live();
  });
  stream.onerror = mine(() => {
    if (state.lost_at === 0) state.lost_at = now(), say_aloud("Connection lost. Trying again.");
    state.connected = false;
    draw_live();
    // A refused stream is not tried again by the browser; the position makes sure that nothing is missed.
    if (stream.readyState === EventSource.CLOSED) setTimeout(mine(connect), 3000);
  });
  for (const type of event_types) stream.addEventListener(type, mine((event) => on_decision(JSON.parse(event.data))));
  stream.addEventListener("readings.recorded", mine((event) => on_readings(JSON.parse(event.data))));
  stream.addEventListener("gap", mine((event) => on_gap(JSON.parse(event.data))));
  stream.addEventListener("reset", mine(() => open_site(state.site)));
}
function advance(record) {
  state.position = Math.max(state.position, record.last_position ?? record.position);
  tick_in({ position: record.last_position ?? record.position, at: Date.parse(record.recorded_at), type: record.type, text: tell(record) });
}
function on_readings(record) {
  if (state.site === null) return;  // readings of a site that nobody configured
  take_readings(record);
  advance(record);
  later("now", draw_measured, 100);
  later("chart", draw_chart, 5000);
}
function draw_measured() {
  draw_now();
  draw_devices();
  draw_live();
}
function on_decision(record) {
  if (state.site === null || (record.type === "site.configured" && record.site !== state.site)) return void later("sites", start, 300);
  state.decisions.set(record.position, record);
  advance(record);
  if (record.type.startsWith("command.")) later("pending", load_pending, 200);
  if (record.type === "site.configured" || record.type.startsWith("stop.")) later("site", load_site, 100);
  if (record.type === "device.registered") state.devices.set(record.data.device, record.data);
  if (record.type === "history.imported") later("series", load_series, 500);
  later("decisions", () => { draw_decisions(true); draw_measured(); }, 150);
}
/// Telemetry was left out for a slow reader: the latest readings come afresh, the chart too.
function on_gap({ from, to }) {
  tick_in({ position: to, at: now(), type: "gap", text: `Telemetry from ${position_text(from)} to ${position_text(to)} was not sent here; it is in the log.` });
  later("latest", async () => {
    try {
      take_latest(await for_this_site(of_site("/latest")));
      draw_measured();
      await load_series();
    } catch { /* the stream shows that the server is away; the next reading or gap brings this again */ }
  }, 500);
}
const waiting = new Map();
/// Many causes, one drawing.
function later(name, what, ms) {
  if (!waiting.has(name)) waiting.set(name, setTimeout(() => { waiting.delete(name); what(); }, ms));
}

function tick_in(row) {
  state.ticker.unshift(row);
  state.ticker.length = Math.min(state.ticker.length, 60);
  if (!state.ticker_paused) later("ticker", draw_ticker, 120);
}
function draw_ticker() {
  if (state.ticker.length === 0) return $("ticker").replaceChildren(empty_row("Waiting for the next event. Each appears here once it is durable."));
  $("ticker").replaceChildren(...state.ticker.map((row) => node("li", { className: row.type === "readings.recorded" ? "telemetry" : "" },
    node("span", { className: "position" }, position_text(row.position)), node("span", { className: "at" }, clock_s(row.at)),
    node("span", { className: "text" }, row.type === "readings.recorded" ? "" : node("em", {}, row.type), row.text))));
}

// ---- a site --------------------------------------------------------------------------------------------------------------------------

function draw_site(site) {
  state.settings = site.settings;
  state.zone = "UTC";
  try {
    if (site.settings?.time_zone) new Intl.DateTimeFormat("en", { timeZone: site.settings.time_zone }), (state.zone = site.settings.time_zone);
  } catch { /* a zone this browser does not know: UTC, and the page says so */ }
  const name = site.settings?.name || site.site;
  put($("site-name"), name);
  put($("site-id"), "Heliograph");
  document.title = `${name} · Heliograph`;
  put($("decisions-zone"), `Times in ${state.zone.replaceAll("_", " ")}`);
  const automation = $("automation");
  automation.hidden = false;
  automation.dataset.tone = site.stopped ? "crit" : site.settings?.automation ? "ok" : "plain";
  automation.replaceChildren(node("i", { className: "dot", "aria-hidden": "true" }), `Automation ${site.stopped ? "stopped" : site.settings?.automation ? "on" : "off"}`);
  const text = !site.stopped ? "" : site.stop === undefined ? "Devices keep their last state." :
    `By ${who(site.stop.principal)} at ${moment(Date.parse(site.stop.recorded_at))}${with_reason(site.stop.data.reason)}. Nothing energises; devices keep their last state until a named person lifts the stop.`;
  put($("stop-text"), text);
  $("stop").hidden = !site.stopped;
}
async function load_site() {
  try {
    draw_site(await for_this_site(of_site("")));
  } catch { /* shown as it was; the stream says whether the server is there */ }
}
async function load_decisions(before) {
  try {
    const page = await for_this_site(of_site(`/audit?limit=${before ? 50 : 20}${before ? `&before=${before}` : ""}`));
    for (const record of page.items) state.decisions.set(record.position, record);
    state.next = page.next;
    draw_decisions(false);
  } catch (failure) {
    if (failure.message === "superseded") return;
    $("decisions").replaceChildren(failed_row("li", "The decisions", failure, () => load_decisions(before)));
  }
}
async function open_site(id) {
  state.generation += 1;
  state.stream?.close();
  Object.assign(state, { site: id, position: 0, next: null, series: {}, ticker: [], connected: false });
  for (const known of [state.devices, state.latest, state.decisions, shown_entries]) known.clear();
  const generation = state.generation;
  try {
    const [site, devices, latest] = await Promise.all([for_this_site(of_site("")), for_this_site(of_site("/devices")), for_this_site(of_site("/latest"))]);
    for (const device of devices.devices) state.devices.set(device.device, device);
    take_latest(latest);
    draw_site(site);
  } catch (failure) {
    if (generation === state.generation) retry_start(failure);
    return;
  }
  connect();  // after the position of the answers: no gap and no repeat
  draw_measured();
  draw_ticker();
  await Promise.all([load_decisions(0), load_pending(), load_series()]);
  if (generation === state.generation) draw_measured();
}
function retry_start(failure) {
  if (state.lost_at === 0) state.lost_at = Date.now();
  $("offline").hidden = false;
  put($("offline-text"), `Nothing could be read. ${failure.message} Trying again.`);
  later("start", start, 3000);
}
function draw_picker() {
  const picker = $("picker"), select = $("site-select");
  picker.hidden = state.sites.length < 2;
  select.replaceChildren(...state.sites.map((site) => node("option", { value: site.site, selected: site.site === state.site }, site.settings?.name || site.site)));
}
function draw_no_site() {
  put($("sentence"), "There is no site yet.");
  put($("sentence-more"), "Configure one with PUT /api/v1/sites/home, then send readings; this page follows by itself.");
  put($("site-id"), "No site yet");
  $("columns").hidden = true;
  state.site = null;
  connect();
}
async function start() {
  try {
    state.sites = (await get("/api/v1/sites")).sites;
  } catch (failure) {
    return retry_start(failure);
  }
  if (state.sites.length === 0) return draw_no_site();
  $("columns").hidden = false;
  const wanted = new URLSearchParams(location.search).get("site") ?? state.site;
  const id = (state.sites.find((site) => site.site === wanted) ?? state.sites[0]).site;
  const known = state.site === id && state.stream !== null && state.connected;
  if (!known) await open_site(id);
  draw_picker();
}

// ---- the parts that do not depend on data ------------------------------------------------------------------------------------------

function wire_motion() {
  const button = $("motion");
  const apply = (still) => {
    document.body.classList.toggle("still", still);
    button.setAttribute("aria-pressed", String(still));
  };
  let still = false;
  try { still = localStorage.getItem("still") === "yes"; } catch { /* no storage: not remembered */ }
  apply(still);
  button.addEventListener("click", () => {
    still = !still;
    apply(still);
    try { localStorage.setItem("still", still ? "yes" : "no"); } catch { /* as above */ }
  });
}
function wire() {
  wire_motion();
  wire_chart();
  $("ticker-pause").addEventListener("click", () => {
    state.ticker_paused = !state.ticker_paused;
    $("ticker-pause").setAttribute("aria-pressed", String(state.ticker_paused));
    if (!state.ticker_paused) draw_ticker();
  });
  $("older").addEventListener("click", () => { if (state.next !== null) load_decisions(state.next); });
  $("site-select").addEventListener("change", (event) => {
    const id = event.target.value;
    history.replaceState(null, "", `?site=${encodeURIComponent(id)}`);
    open_site(id);
  });
  new ResizeObserver(() => { if (state.site !== null) draw_now(), draw_chart(); }).observe($("columns"));
  // Readings grow old without any event.
  setInterval(() => { if (state.site !== null && !document.hidden) draw_now(), draw_devices(); }, 1000);
  setInterval(() => { if (state.site !== null && !document.hidden) draw_chart(); }, 60_000);
}
async function draw_version() {
  try {
    const health = await get("/health");
    put($("version"), `Heliograph ${health.version}${health.commit ? ` (${health.commit.slice(0, 10)})` : ""}`);
  } catch {
    put($("version"), "");
  }
}

wire();
draw_live();
draw_version();
start();
