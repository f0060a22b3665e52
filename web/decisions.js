// What was decided and why: one entry for all the events of a command, the chain of causes on request.

import { for_this_site, get, of_site } from "./api.js";
import { $, empty_row, failed_row, node, say_aloud } from "./page.js";
import { state } from "./state.js";
import { failures, order_name, tell, with_reason } from "./tell.js";
import { capital, clock, date, moment, now, position_text, same_day, who } from "./words.js";

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
export const shown_entries = new Map();  // key -> { text, row }: an entry that did not change keeps its open "Why?"
export function draw_decisions(announce) {
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
export async function load_decisions(before) {
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
