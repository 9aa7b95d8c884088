// The page of one run: it follows the run, and does what its buttons say.

import { make, number, percent, t, to, toast } from "./page.js";
import { isSure, useFile } from "./dialogs.js";
import { call, copy, Follower } from "./server.js";
import { offerAs } from "./snippets.js";
import { localTimes } from "./times.js";

const AGAIN_MS = 1000;
const PENDING_MS = 2000;
const facts = JSON.parse(document.getElementById("generation").textContent);
const address = `/v1/requests/${facts.request_id}`;
const follower = new Follower({ hear, lost: () => setTimeout(renew, AGAIN_MS) });
const part = (name) => document.querySelector(`[data-part="${name}"]`);
let told = {};
let seen = Number(part("log").dataset.seq);

const isOpen = () => ["in_queue", "in_progress"].includes(part("standing").dataset.state);

// -- as it happens ----------------------------------------------------------------------------------------------------

function hear(kind, data, seq) {
  // A stream begins at the start, and what the page shows already is told again.
  if (kind !== "position" && seq <= seen) return;
  if (kind !== "position") seen = seq;
  const share = part("standing").querySelector("[data-share]");
  if (kind === "state") renew();
  if (kind === "position") share.textContent = data.queue_position ? t("{n} before it", { n: number(data.queue_position) }) : t("next in line");
  if (kind === "progress" && data.progress > 0) {
    const bar = part("standing").querySelector("progress");
    if (bar) bar.value = data.progress;
    share.textContent = percent(data.progress);
  }
  if (kind === "progress" && data.preview) showPreview(data.preview);
  if (kind === "log" && seq > Number(part("log").dataset.seq)) {
    part("log").hidden = false;
    part("log").querySelector("[data-log]").append(`${data.line}\n`);
  }
}

/** A picture of what there is so far; it takes the place of the one before when it is loaded. */
function showPreview(address) {
  const picture = make("img", { src: address, class: "is-preview", alt: t("What there is so far") });
  picture.addEventListener("load", () => {
    const place = part("stage").querySelector("[data-preview]");
    if (!place) return;
    place.hidden = false;
    place.replaceChildren(picture);
  });
}

/** Read the page anew and put in place what has changed; a film that plays goes on. */
async function renew() {
  let page;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return location.reload();
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return setTimeout(renew, PENDING_MS);
  }
  for (const fresh of page.querySelectorAll("[data-part]")) {
    const present = part(fresh.dataset.part);
    const html = fresh.outerHTML;
    if (!present) part("acts").after(fresh);
    else if (drawn.get(present) !== html) present.replaceWith(fresh);
    else continue;
    drawn.set(fresh, html);
  }
  await arrived();
}

const drawn = new WeakMap();
for (const present of document.querySelectorAll("[data-part]")) drawn.set(present, present.outerHTML);

async function arrived() {
  localTimes(document);
  follower.follow(isOpen() ? [facts.request_id] : []);
  if (part("deliveries").hasAttribute("data-pending")) setTimeout(renew, PENDING_MS);
  try {
    told = await call("GET", address);
  } catch (error) {
    toast(error.message);
  }
  const menu = document.querySelector("[data-copy-as]");
  if (menu && !menu.childElementCount) menu.append(offerAs(facts, () => told.inputs, copy));
}

// -- buttons ----------------------------------------------------------------------------------------------------------

const ACTS = {
  copy: ({ copy: text }) => copy(text),
  use: ({ use: fileId, kind }) => useFile(fileId, kind),
  link: ({ link: number }) => {
    const output = told.output ?? {};
    const [url] = [output.video ?? output.videos ?? output.image ?? output.images ?? []].flat().slice(number);
    return copy(new URL(url, location.href).href, t("Copied. Whoever has this link can see the result until the link expires."));
  },
  async again({ again: seed }) {
    const inputs = { ...told.inputs };
    if (facts.seed) inputs[facts.seed] = seed === "" ? facts.any_seed : Number(seed);
    const name = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const { request_id: id } = await call("POST", `/v1/models/${facts.model_id}`, inputs, { "Idempotency-Key": name });
    location.assign(to(`/generations/${id}`));
  },
  async cancel() {
    const { outcome } = await call("POST", `${address}/cancel?running=true`);
    if (outcome !== "cancelled") toast(t("It was finished already."));
    await renew();
  },
  async delete() {
    if (!(await isSure(t("Delete this run?"), t("Its files go with it. What it cost stays on record.")))) return;
    await call("DELETE", address);
    location.assign(to("/generations"));
  },
  async replay({ replay: id }) {
    await call("POST", `/v1/webhooks/deliveries/${id}/replay`);
    toast(t("It is sent again."));
    await renew();
  },
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  const name = button && Object.keys(ACTS).find((act) => act in button.dataset);
  if (!name) return;
  button.disabled = true;
  try {
    await ACTS[name](button.dataset);
  } catch (error) {
    toast([error.message, ...(error.problems ?? []).map(({ path, message }) => `${path}: ${message}`)].join("\n"));
  } finally {
    button.disabled = false;
  }
});
document.addEventListener("visibilitychange", () => (document.hidden ? follower.follow([]) : renew()));

await arrived();
document.querySelector("[data-generation]").dataset.ready = "";
