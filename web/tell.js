// Events as sentences.

import { state } from "./state.js";
import { dead_band_w, device_name, metric_name, metric_text, position_text, power, who } from "./words.js";

export function order_text({ action, power_w, device }, done) {
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
export function order_name(record, done) {
  const order = order_of(record);
  return order === null ? `Command ${record.data.command}` : order_text(order, done);
}
const outcomes = { acted: "acted", condition_not_met: "its condition was not met", cooling_down: "still cooling down", automation_off: "automation is off", already_so: "it was already so" };
export const failures = { not_sent: "it was not sent", device_error: "the device refused it", outcome_unknown: "nobody knows whether it happened" };
export const with_reason = (text) => (text ? `: ${String(text).replace(/\.$/, "")}` : "");
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
  "command.allowed": (d, r) => {
    const n = d.readings.length;  // shedding load needs none
    return `${order_name(r)} allowed by safety${n === 0 ? "" : n === 1 ? ", on 1 reading" : `, on ${n} readings`}.`;
  },
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
export function tell(record) {
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
