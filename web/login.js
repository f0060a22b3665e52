// Who is at the page: the first owner is made here, people log in, and the session is kept fresh while the page is open. The
// tokens are cookies that no script can read.

import { $, node, put } from "./page.js";

const type = { "Content-Type": "application/json", Accept: "application/json" };
const refresh_ms = 10 * 60_000;  // a token lasts fifteen minutes
let inside = false, asking = null, refreshing = null;

async function send(path, body) {
  const answer = await fetch(`/api/v1${path}`, { method: "POST", headers: type, body: JSON.stringify(body) });
  return { ok: answer.ok, status: answer.status, body: await answer.json().catch(() => null) };
}
/// One at a time, in all tabs: a refresh token that comes twice ends the session. Another tab may just have done it.
function refresh(only_if_needed = true) {
  const turn = async () => {
    if (only_if_needed && (await fetch("/api/v1/auth/me")).ok) return true;
    return (await send("/auth/refresh", {})).ok;
  };
  refreshing ??= (navigator.locks ? navigator.locks.request("heliograph-refresh", turn) : turn()).catch(() => false).finally(() => { refreshing = null; });
  return refreshing;
}
function entered() {
  if (!inside) setInterval(() => { refresh(false); }, refresh_ms);
  inside = true;
  $("log-out").hidden = false;
}
function field(name, label, props) {
  return node("label", { className: "field" }, node("span", {}, label), node("input", { name, required: true, ...props }));
}
function problem_of(answer) {
  return answer.body?.errors?.[0]?.detail ?? answer.body?.detail ?? "The server does not answer: try again.";
}

function owner_form() {
  return {
    title: "Make the owner", path: "/setup", button: "Make the owner",
    text: "This house has nobody yet. Choose a name and a password of 15 characters or more; four words are good.",
    fields: [field("user", "Short name", { autocomplete: "username", pattern: "[a-z0-9][a-z0-9\\-]{0,62}", title: "a-z, 0-9 and -" }),
      field("password", "Password", { type: "password", autocomplete: "new-password", minLength: 15 })],
    more: { "setup-code": field("setup_code", "Code from the server's output", { autocomplete: "one-time-code" }) },
  };
}
function login_form() {
  return {
    title: "Log in", path: "/auth/login", button: "Log in", text: "",
    fields: [field("user", "Name", { autocomplete: "username", autocapitalize: "none" }), field("password", "Password", { type: "password", autocomplete: "current-password" }),
      field("tenant", "Tenant", { required: false, placeholder: "this house" })],
    more: { "needs-code": field("code", "Code", { autocomplete: "one-time-code", inputMode: "numeric" }) },
  };
}

/// Shows the form until it has let somebody in.
function ask(form) {
  return new Promise((resolve) => {
    const rows = node("div", { className: "fields" }, ...form.fields);
    const said = node("p", { className: "said", role: "alert" });
    const button = node("button", { className: "ghost", type: "submit" }, form.button);
    const body = node("form", { method: "dialog" }, node("h2", { id: "login-title" }, form.title), form.text ? node("p", { className: "quiet" }, form.text) : "", rows, said, button);
    body.addEventListener("submit", async (event) => {
      event.preventDefault();
      const given = { cookie: true };
      for (const input of body.querySelectorAll("input")) if (input.value !== "") given[input.name] = input.value;
      button.disabled = true;
      const answer = await send(form.path, given).catch(() => ({ ok: false, body: null }));
      button.disabled = false;
      if (answer.ok) {
        $("login").close();
        return resolve();
      }
      const kind = (answer.body?.type ?? "").replace("/problems/", "");
      const wanted = form.more[kind];
      if (wanted !== undefined && !wanted.isConnected) rows.append(wanted);
      put(said, problem_of(answer));
      (wanted ?? body).querySelector("input").focus();
    });
    $("login").replaceChildren(body);
    if (!$("login").open) $("login").showModal();
  });
}

/// Somebody is inside when this has ended. Asked once, however many wait for it.
export function let_in() {
  asking ??= (async () => {
    if (await refresh()) return entered();
    const house = await fetch("/api/v1/setup", { headers: { Accept: "application/json" } }).then((answer) => answer.json(), () => ({ owner: true }));
    await ask(house.owner ? login_form() : owner_form());
    entered();
  })().finally(() => { asking = null; });
  return asking;
}

export function wire_login() {
  $("login").addEventListener("cancel", (event) => event.preventDefault());
  $("log-out").addEventListener("click", async () => {
    const out = async () => (await send("/auth/logout", undefined).catch(() => ({ status: 0 }))).status;
    let status = await out();
    if (status === 401 && await refresh()) status = await out();  // the token had ended, the session had not
    if (status === 204 || status === 401) location.reload();
  });
}
