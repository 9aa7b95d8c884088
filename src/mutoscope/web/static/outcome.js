// What a run that ended shows: output, facts, what of the prompt was done, and what can be done with it.

import { isSure } from "./dialogs.js";
import { drawnNodes } from "./made.js";
import { frameOf } from "./media.js";
import { fixed, make, money, t, tn, toast } from "./page.js";
import { call, copy } from "./server.js";
import { offerAs } from "./snippets.js";

/** The film or the pictures. */
export function drawnOutput(run) {
  if (run.facts.produces === "files") return drawnNodes(run);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const views = outputs(run).map((url, index) =>
    run.facts.produces === "video"
      ? make("video", { src: url, poster: `/v1/requests/${run.request_id}/poster`, controls: true, loop: true, muted: true, autoplay: !calm, playsInline: true, "aria-label": t("Result") })
      : make("a", { href: url, target: "_blank", rel: "noopener" }, make("img", { src: url, alt: t("Result {n}", { n: index + 1 }), loading: "lazy" })),
  );
  return make("div", { class: `run-stage${views.length > 1 ? " is-several" : ""}` }, ...views);
}

/** What stands below them; nothing while the run goes on. */
export function drawnResult(run) {
  if (run.state === "sending" || run.isRunning) return [];
  const parts = [drawnActs(run)];
  if (run.state === "completed") parts.unshift(drawnFacts(run));
  const plan = run.told.metadata?.plan;
  if (plan && (plan.applied.length || plan.ignored.length)) parts.push(drawnPlan(plan));
  return parts;
}

function drawnFacts(run) {
  const { metadata = {}, seed, cost } = run.told;
  const media = [metadata.media].flat()[0] ?? {};
  const facts = [
    media.width_px && `${media.width_px} × ${media.height_px}`,
    media.num_frames > 1 && tn("{n} frame", "{n} frames", media.num_frames),
    media.duration_s > 0 && t("{n} s", { n: fixed(media.duration_s, 1) }),
    t("seed {seed}", { seed: metadata.seed ?? seed }),
    metadata.engine && t("made by {engine}", { engine: metadata.engine }),
    metadata.cached && t("from the cache"),
    cost ? money(cost) : t("free"),
  ];
  return make("p", { class: "run-facts" }, facts.filter(Boolean).join(" · "));
}

function drawnActs(run) {
  const acts = make("div", { class: "run-acts" });
  const button = (text, act) => acts.append(make("button", { type: "button", class: "small", onclick: act }, text));
  if (run.state === "completed" && run.facts.produces !== "files") {
    const [url] = outputs(run);
    acts.append(make("a", { class: "button small primary", href: url, download: nameOf(url) }, t("Download")));
    button(t("Copy link"), () => copy(new URL(url, location.href).href, t("Copied. Whoever has this link can see the result until the link expires.")));
    for (const [name, field] of Object.entries(run.facts.media)) {
      if (field.kind === "image") button(run.facts.produces === "video" ? t("Go on from the last frame") : t("Use as input"), () => reuse(run, name));
    }
  }
  button(t("Edit and run"), () => run.runs.page.edit(run.told.inputs));
  if (run.facts.seed) button(t("Again, same seed"), () => again(run, run.told.metadata?.seed ?? run.told.seed));
  if (run.facts.produces !== "files") {
    button(run.facts.seed ? t("Again, new seed") : t("Run again"), () => again(run, null));
    if (!run.facts.submit) acts.append(offerAs(run.facts, () => run.told.inputs, copy));
  }
  button(t("Delete"), () => remove(run));
  return acts;
}

function outputs(run) {
  const output = run.told.output ?? {};
  return [output.video ?? output.videos ?? output.image ?? output.images ?? []].flat();
}

async function again(run, seed) {
  const inputs = { ...run.told.inputs };
  if (run.facts.seed) {
    const node = run.facts.schema.properties[run.facts.seed];
    inputs[run.facts.seed] = seed ?? node.default ?? -1;
  }
  await run.runs.start(inputs);
}

/** A picture goes into the form as it is, of a video its last frame. */
async function reuse(run, name) {
  if (run.facts.produces === "image") {
    run.runs.page.use(name, outputs(run)[0]);
    return;
  }
  const film = run.element.querySelector("video");
  film.pause();
  // Of a run that has just ended the film may not have come yet: its length is known when its head is read.
  if (film.readyState < HTMLMediaElement.HAVE_METADATA) await heard(film, "loadedmetadata");
  const there = heard(film, "seeked");
  film.currentTime = Math.max(0, film.duration - 0.01);
  await there;
  run.runs.page.use(name, new File([await frameOf(film)], "last-frame.jpg", { type: "image/jpeg" }));
}

function heard(film, event) {
  return new Promise((done) => film.addEventListener(event, done, { once: true }));
}

async function remove(run) {
  if (!(await isSure(t("Delete this run?"), t("Its files go with it. What it cost stays on record.")))) return;
  try {
    await call("DELETE", `/v1/requests/${run.request_id}`);
  } catch (error) {
    if (error.status !== 404) {
      toast(error.message);
      return;
    }
  }
  run.runs.remove(run);
}

function drawnPlan(plan) {
  const list = (title, words, kind) =>
    words.length > 0 && make("div", {}, make("h3", {}, title), make("ul", { class: "plan-words" }, ...words.map((word) => make("li", { class: `tag ${kind}`, lang: "en" }, word))));
  return make(
    "details",
    { class: "plan", open: plan.ignored.length > 0 },
    make("summary", {}, t("What of the prompt was done")),
    list(t("Done"), plan.applied, "is-good"),
    list(t("Left out"), plan.ignored, "is-out"),
  );
}

function nameOf(url) {
  return new URL(url, location.href).pathname.split("/").pop();
}
