// The history: lines move while their runs do, and new runs appear by themselves.

import { number, percent, t, to } from "./page.js";
import { Previews } from "./previews.js";
import { call, Follower, reached } from "./server.js";
import { localTimes } from "./times.js";

const FOLLOWED = 50;
const LOOK_MS = 4000;
const AGAIN_MS = 1000;
const TOGETHER_MS = 100;
const UTC = 900;
const timers = new Map();
const previews = new WeakMap();
const place = document.getElementById("runs");
const follower = new Follower({ hear, lost: () => setTimeout(catchUp, AGAIN_MS) });
let newest;

const lines = () => [...place.querySelectorAll("[data-run]")];
const lineOf = (id) => place.querySelector(`[data-run="${CSS.escape(id)}"]`);
const isOpen = (line) => ["in_queue", "in_progress"].includes(line.dataset.state);

function follow() {
  follower.follow(lines().filter(isOpen).slice(0, FOLLOWED).map((line) => line.dataset.run));
}

function hear(kind, data) {
  const line = lineOf(data.request_id);
  if (!line || !isOpen(line)) return;
  if (kind === "state" && data.state !== line.dataset.state) renewSoon(data.request_id);
  if (kind === "position") line.querySelector("[data-share]").textContent = data.queue_position ? t("{n} before it", { n: number(data.queue_position) }) : t("next in line");
  if (kind === "progress" && data.progress > 0) {
    line.querySelector("progress").value = data.progress;
    line.querySelector("[data-share]").textContent = percent(data.progress);
  }
  if (kind === "progress" && data.preview) previewsOf(line).show(data.preview);
}

function previewsOf(line) {
  const place = line.querySelector(".gen-view");
  if (!previews.has(line)) previews.set(line, new Previews((picture) => put(place, picture)));
  return previews.get(line);
}

function put(place, picture) {
  place.classList.remove("is-input");
  place.replaceChildren(picture);
}

/** A stream begins at the start of each run: several changes become one look. */
function renewSoon(id) {
  clearTimeout(timers.get(id));
  timers.set(id, setTimeout(() => renew(id), TOGETHER_MS));
}

/** Put the line as it stands now in place of this one. */
async function renew(id) {
  const page = await read(to(`/generations/${encodeURIComponent(id)}/row`));
  const [fresh] = page?.querySelectorAll("[data-run]") ?? [];
  const line = lineOf(id);
  if (!fresh || !line) return;
  const focused = line.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  localTimes(fresh);
  line.replaceWith(fresh);
  if (focused) fresh.querySelector(`a[href="${CSS.escape(focused)}"]:not([tabindex])`)?.focus();
  follow();
}

/** What runs by our account of it may have ended while nobody listened. */
async function catchUp() {
  for (const line of lines().filter(isOpen).slice(0, FOLLOWED)) await renew(line.dataset.run);
  follow();
}

/** A part of a page, as the server has it now; null when it has none or cannot be reached. */
async function read(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html", "HX-Request": "true" } });
    reached(true);
    return answer.ok && !answer.redirected ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  } catch {
    reached(false);
    return null;
  }
}

/** Is there a run that this page has not heard of? Then look which of the list are new. */
async function look() {
  if (document.hidden) return;
  try {
    const { requests } = await call("GET", "/v1/requests?limit=1");
    const id = requests[0]?.request_id;
    if (id === newest) return;
    const isFirstLook = newest === undefined;
    newest = id;
    if (id && !(isFirstLook && lineOf(id))) await addNew();
  } catch (error) {
    reached(error.status !== 0);
  }
}

async function addNew() {
  const asked = location.search;
  const page = await read(location.pathname + asked);
  const list = place.querySelector("ol[data-runs]");
  if (!page || location.search !== asked) return; // another filter is there by now, with a list of its own
  if (!list) {
    place.replaceChildren(...page.body.children);
    arrived();
    return;
  }
  for (const line of page.querySelectorAll("[data-run]")) {
    if (lineOf(line.dataset.run)) continue;
    const older = lines().find((other) => Number(other.dataset.at) < Number(line.dataset.at));
    if (older) list.insertBefore(line, older);
  }
  arrived();
}

function arrived() {
  localTimes(place);
  follow();
}

document.body.addEventListener("htmx:afterSwap", arrived);
document.body.addEventListener("htmx:configRequest", ({ detail }) => {
  for (const [name, value] of [...detail.formData.entries()]) if (value === "") detail.formData.delete(name);
  if (!detail.formData.has("from") && !detail.formData.has("until")) detail.formData.delete("zone");
});
document.addEventListener("visibilitychange", () => {
  follow();
  if (!document.hidden) look();
});
document.querySelector("[data-zone]").value = UTC - new Date().getTimezoneOffset();
arrived();
await look();
setInterval(look, LOOK_MS);
document.querySelector("[data-filters]").dataset.ready = "";
