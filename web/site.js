// A site: opened from the API, then followed as the stream tells.

import { for_this_site, get, of_site } from "./api.js";
import { draw_chart, load_series } from "./chart.js";
import { draw_decisions, load_decisions, shown_entries } from "./decisions.js";
import { draw_devices } from "./devices.js";
import { draw_now } from "./now.js";
import { $, later, node, put } from "./page.js";
import { load_pending } from "./pending.js";
import { take_latest, take_readings } from "./readings.js";
import { state } from "./state.js";
import { connect, draw_live, draw_ticker, tick_in } from "./stream.js";
import { tell, with_reason } from "./tell.js";
import { moment, now, position_text, who } from "./words.js";

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

const follow = { decision: on_decision, readings: on_readings, gap: on_gap, reset: () => open_site(state.site) };

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
export async function open_site(id) {
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
  connect(follow);  // after the position of the answers: no gap and no repeat
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
  connect(follow);
}
export async function start() {
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
