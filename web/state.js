// What the page knows of the one site it shows. Shared by all modules; nothing else is.

export const state = {
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
