// Questions to the API. They only read; a refusal is passed on in the words of the server. Who is not logged in is asked to.

import { let_in } from "./login.js";
import { state } from "./state.js";

async function ask(path) {
  try {
    return await fetch(path, { headers: { Accept: "application/json" } });
  } catch {
    throw new Error("The server does not answer.");
  }
}
export async function get(path) {
  let answer = await ask(path);
  if (answer.status === 401) {
    await let_in();
    answer = await ask(path);
  }
  const body = await answer.json().catch(() => null);
  if (answer.ok && body !== null) return body;
  const failure = new Error(body?.detail || body?.title || `The server answered ${answer.status}.`);
  failure.status = answer.status;
  throw failure;
}
export const of_site = (rest) => `/api/v1/sites/${encodeURIComponent(state.site)}${rest}`;
/// Answers of a site that is no longer shown are dropped.
export async function for_this_site(path) {
  const generation = state.generation;
  const body = await get(path);
  if (generation !== state.generation) throw new Error("superseded");
  return body;
}
