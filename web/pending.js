// Commands under way: asked or sent, no outcome yet.

import { for_this_site, of_site } from "./api.js";
import { $, empty_row, failed_row, node, put } from "./page.js";
import { order_text, with_reason } from "./tell.js";
import { capital, clock_s, who } from "./words.js";

const stages = { requested: ["Asked", "info"], allowed: ["Allowed", "info"], dispatched: ["Waiting for a reading", "warn"] };
export async function load_pending() {
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
