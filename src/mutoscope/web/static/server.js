// Calls to our own server, and what every script does with an answer.

import { explained, make, t, toast } from "./page.js";

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
  throw Object.assign(new Error(explained(told) ?? answer.statusText), { status: answer.status, problems: told?.detail ?? [] });
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

/** What happens to requests, as it happens: one stream for all of them, because browsers have few connections. */
export class Follower {
  /** hear(kind, data, seq): an event. lost(): the stream broke off; ask how things stand, then follow again. */
  constructor({ hear, lost }) {
    this.hear = hear;
    this.lost = lost;
    this.following = "";
  }

  /** Listen to these requests, at most 50; to none while the page is hidden. */
  follow(ids) {
    const wanted = ids.length && !document.hidden ? `/v1/events?${[...ids].sort().map((id) => `request=${id}`).join("&")}` : "";
    if (wanted === this.following) return;
    this.stream?.close();
    this.following = wanted;
    if (!wanted) return;
    this.stream = new EventSource(wanted);
    for (const kind of ["state", "position", "progress", "log"]) {
      this.stream.addEventListener(kind, (event) => this.hear(kind, JSON.parse(event.data), Number(event.lastEventId)));
    }
    this.stream.addEventListener("open", () => reached(true));
    this.stream.addEventListener("error", () => this.#broken());
  }

  /** It was the server's end of it, or there is no server. */
  #broken() {
    this.stream.close();
    this.following = "";
    this.lost();
  }
}
