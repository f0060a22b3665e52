// The stream of the log: the connection, and what came over it line by line.

import { get } from "./api.js";
import { $, empty_row, later, node, put, say_aloud } from "./page.js";
import { state } from "./state.js";
import { clock_s, now, position_text } from "./words.js";

const event_types = ["site.configured", "device.registered", "rule.saved", "rule.removed", "rule.fired", "notification.raised",
  "command.requested", "command.refused", "command.allowed", "command.dispatched", "command.verified", "command.failed",
  "stop.engaged", "stop.lifted", "engine.started", "engine.stopped", "history.imported", "checkpoint.signed"];

export function draw_live() {
  const [tone, text] = state.connected ? ["ok", "Live"] : state.lost_at === 0 ? ["wait", "Connecting"] : ["wait", "Reconnecting"];
  $("live").dataset.tone = tone;
  put($("live-text"), text);
  put($("live-position"), state.position === 0 ? "" : `#${position_text(state.position)}`);
  put($("ticker-position"), state.position === 0 ? "" : `#${position_text(state.position)}`);
  const lost = !state.connected && state.lost_at !== 0;
  $("offline").hidden = !lost;
  if (lost) put($("offline-text"), `Not connected since ${clock_s(state.lost_at)}. What you see is from then; trying again.`);
}
/// `on` says what to do with a decision, with readings, at a gap and at a reset.
export function connect(on) {
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
    // A question first: it asks who is not logged in any more.
    if (stream.readyState === EventSource.CLOSED) setTimeout(mine(() => get("/api/v1/sites").catch(() => null).then(mine(() => connect(on)))), 3000);
  });
  for (const type of event_types) stream.addEventListener(type, mine((event) => on.decision(JSON.parse(event.data))));
  stream.addEventListener("readings.recorded", mine((event) => on.readings(JSON.parse(event.data))));
  stream.addEventListener("gap", mine((event) => on.gap(JSON.parse(event.data))));
  stream.addEventListener("reset", mine(() => on.reset()));
}

export function tick_in(row) {
  state.ticker.unshift(row);
  state.ticker.length = Math.min(state.ticker.length, 60);
  if (!state.ticker_paused) later("ticker", draw_ticker, 120);
}
export function draw_ticker() {
  if (state.ticker.length === 0) return $("ticker").replaceChildren(empty_row("Waiting for the next event. Each appears here once it is durable."));
  $("ticker").replaceChildren(...state.ticker.map((row) => node("li", { className: row.type === "readings.recorded" ? "telemetry" : "" },
    node("span", { className: "position" }, position_text(row.position)), node("span", { className: "at" }, clock_s(row.at)),
    node("span", { className: "text" }, row.type === "readings.recorded" ? "" : node("em", {}, row.type), row.text))));
}
