// The status page: what one site measures now, what was decided and why. It reads the API and the stream and sends
// nothing but logins. Power in W as the API has it: + into the site (import, discharge), - out of it. Missing is a dash, never 0.

import { get } from "./api.js";
import { draw_chart, wire_chart } from "./chart.js";
import { load_decisions } from "./decisions.js";
import { draw_devices } from "./devices.js";
import { wire_login } from "./login.js";
import { draw_now } from "./now.js";
import { $, put } from "./page.js";
import { open_site, start } from "./site.js";
import { state } from "./state.js";
import { draw_live, draw_ticker } from "./stream.js";

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
  wire_login();
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
