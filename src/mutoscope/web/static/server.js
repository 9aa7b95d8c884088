// Calls to our own server, and what every script does with an answer.

import { make, t, toast } from "./page.js";

/** A JSON call to our own server. Rejects with `status`, `message` and `problems`; status 0: not reached. */
export async function call(method, address, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(address, {
      method,
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw Object.assign(new Error(t("The server cannot be reached.")), { status: 0, problems: [] });
  }
  reached(true);
  const told = answer.headers.get("content-type")?.includes("json") ? await answer.json() : null;
  if (answer.ok) return told;
  throw Object.assign(new Error(told?.message ?? answer.statusText), { status: answer.status, problems: told?.detail ?? [] });
}

/** Show or hide the line that says that the server cannot be reached. */
export function reached(isReached) {
  const line = document.querySelector("[data-offline]");
  if (line) line.hidden = isReached;
}

/** Put a text on the clipboard, also where the page is not on https. */
export async function copy(text, said = t("Copied.")) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = make("textarea", { value: text, class: "unseen" });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  toast(said);
}
