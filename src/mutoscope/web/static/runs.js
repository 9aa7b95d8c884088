// The runs of a model: sent so that none is lost or made twice, followed as they happen, shown when they are done.
// The server's list is the truth; a page that was closed finds its runs there again.

import { fixed, make, money, number, percent, t, tn, toast } from "./page.js";
import { frameOf } from "./media.js";
import { call, copy, Follower, reached } from "./server.js";
import { offerAs } from "./snippets.js";

const SHOWN = 12;
const AGAIN_MS = 2000;
const TERMINAL = ["completed", "failed", "cancelled"];
const STATES = {
  sending: t("Sending …"),
  in_queue: t("In the queue"),
  in_progress: t("Running"),
  completed: t("Done"),
  failed: t("Failed"),
  cancelled: t("Cancelled"),
};

const STAGES = {
  waiting: t("waiting"), fetching: t("fetching files"), reading: t("reading"), planning: t("planning"),
  understanding: t("understanding the picture"), layers: t("building layers"), compiling: t("compiling"),
  loading: t("loading"), drawing: t("drawing"), rendering: t("rendering"), encoding: t("encoding"),
  finishing: t("finishing"), storing: t("storing"), ready: t("ready"),
};

/** What an engine calls a stage, in words; those that we do not know are shown as they are. */
function stageName(stage) {
  return STAGES[stage] ?? stage?.replaceAll("_", " ");
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A random name, also where the page is not on https and browsers offer no randomUUID. */
function randomName() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Runs {
  /** page: {use(name, file or url), edit(inputs), signIn(), refused(error)}, what the runs ask of the rest of the page. */
  constructor(root, facts, page) {
    this.root = root;
    this.facts = facts;
    this.page = page;
    this.runs = new Map();
    this.kept = `mutoscope:unsent:${facts.model_id}`;
    this.follower = new Follower({ hear: (...told) => this.hear(...told), lost: () => this.lost() });
    document.addEventListener("visibilitychange", () => this.follow());
    addEventListener("online", () => this.refresh());
    addEventListener("offline", () => reached(false));
    setInterval(() => this.tick(), 1000);
  }

  // -- sending ------------------------------------------------------------------------------------------------------

  /** Send a body. It is repeated under the same name until it is answered, also by the page after a reload. */
  async start(body) {
    const sent = { name: randomName(), body };
    this.keep([...this.unsent(), sent]);
    await this.send(sent);
  }

  unsent() {
    return JSON.parse(sessionStorage.getItem(this.kept) ?? "[]");
  }

  keep(list) {
    if (list.length) sessionStorage.setItem(this.kept, JSON.stringify(list));
    else sessionStorage.removeItem(this.kept);
  }

  async send({ name, body }) {
    const run = this.add({ request_id: name, state: "sending", inputs: body, created_at: new Date().toISOString() });
    const done = () => {
      this.keep(this.unsent().filter((other) => other.name !== name));
      this.runs.delete(name);
    };
    for (;;) {
      try {
        const told = await call("POST", `/v1/models/${this.facts.model_id}`, body, { "Idempotency-Key": name });
        done();
        run.request_id = told.request_id;
        run.state = "in_queue";
        this.runs.set(run.request_id, run);
        break;
      } catch (error) {
        const mayPass = error.status === 0 || error.status === 429 || error.status >= 502;
        if (mayPass) {
          reached(error.status !== 0);
          await pause(AGAIN_MS);
          continue;
        }
        done();
        run.element.remove();
        this.page.refused(error);
        this.count();
        return;
      }
    }
    run.draw();
    this.follow();
  }

  // -- following ----------------------------------------------------------------------------------------------------

  /** What the server has of this model, and what was not sent yet. */
  async restore() {
    for (const sent of this.unsent()) this.send(sent);
    await this.refresh();
  }

  async refresh() {
    clearTimeout(this.timer);
    try {
      const { requests } = await call("GET", `/v1/requests?limit=${SHOWN}&model=${encodeURIComponent(this.facts.model_id)}`);
      await Promise.all(requests.reverse().map((told) => this.learn(told)));
    } catch (error) {
      if (error.status === 401) return;
      reached(error.status !== 0);
      this.timer = setTimeout(() => this.refresh(), AGAIN_MS);
      return;
    }
    this.follow();
  }

  async learn(told) {
    const run = this.runs.get(told.request_id);
    if (run && run.state === told.state && TERMINAL.includes(run.state)) return;
    const whole = await call("GET", `/v1/requests/${told.request_id}`).catch((error) => {
      if (error.status !== 404) throw error;
    });
    if (!whole) return;
    if (run) run.learn(whole);
    else this.add(whole);
  }

  /** One stream for all that runs; none while the page is hidden. */
  follow() {
    const ids = [...this.runs.values()].filter((run) => run.isRunning).map((run) => run.request_id);
    if (document.hidden && ids.length) this.timer = setTimeout(() => this.refresh(), 2 * AGAIN_MS);
    this.follower.follow(ids);
  }

  /** Ask, then listen again. */
  lost() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), AGAIN_MS / 2);
  }

  hear(kind, data, seq) {
    const run = this.runs.get(data.request_id);
    // A stream that was opened anew begins at the start again.
    if (!run || (kind !== "position" && seq <= run.seq)) return;
    if (kind !== "position") run.seq = seq;
    if (kind === "state") this.moved(run, data.state);
    if (kind === "position") run.told.queue_position = data.queue_position;
    if (kind === "progress") Object.assign(run.told, data);
    if (kind === "log") run.log.push(data.line);
    run.drawProgress();
  }

  async moved(run, state) {
    run.state = state;
    if (!TERMINAL.includes(state)) {
      run.told.started_at = new Date().toISOString();
      return;
    }
    run.learn(await call("GET", `/v1/requests/${run.request_id}`));
    if (document.hidden) document.title = `✓ ${document.title.replace(/^✓ /, "")}`;
    this.follow();
  }

  // -- showing ------------------------------------------------------------------------------------------------------

  add(told) {
    const run = new Run(told, this);
    this.runs.set(told.request_id, run);
    const later = [...this.root.children].find((other) => (other.dataset.at ?? "") < told.created_at);
    this.root.insertBefore(run.element, later ?? null);
    this.count();
    return run;
  }

  remove(run) {
    this.runs.delete(run.request_id);
    run.element.remove();
    this.count();
  }

  count() {
    document.querySelector("[data-no-runs]").hidden = this.root.children.length > 0;
  }

  tick() {
    for (const run of this.runs.values()) if (run.isRunning) run.drawProgress();
  }
}

/** One run: what the server told of it, and its place in the page. */
class Run {
  constructor(told, runs) {
    this.runs = runs;
    this.facts = runs.facts;
    this.request_id = told.request_id;
    this.seq = 0;
    this.log = [];
    this.element = make("li", { class: "run sheet", "data-at": told.created_at, "data-run": told.request_id });
    this.learn(told);
  }

  get isRunning() {
    return this.state === "in_queue" || this.state === "in_progress";
  }

  learn(told) {
    this.told = told;
    this.state = told.state;
    this.request_id = told.request_id;
    this.draw();
  }

  draw() {
    this.element.dataset.state = this.state;
    this.element.dataset.run = this.request_id;
    this.element.replaceChildren(this.drawnStage(), this.drawnHead(), ...this.drawnResult());
    this.drawProgress();
  }

  drawnHead() {
    this.word = make("strong", { class: "run-state", role: "status" });
    this.detail = make("span", { class: "run-detail" });
    const cancel = this.isRunning && make("button", { type: "button", class: "small", onclick: () => this.cancel() }, t("Cancel"));
    const prompt = this.prompt();
    return make(
      "div",
      { class: "run-head" },
      make("p", {}, this.word, " ", this.detail),
      cancel || null,
      prompt && make("p", { class: "run-prompt", title: prompt }, prompt),
      this.state === "failed" && make("p", { class: "field-problem", lang: "en" }, this.told.error ?? ""),
    );
  }

  drawProgress() {
    const { told } = this;
    this.element.dataset.state = this.state;
    this.word.textContent = STATES[this.state];
    this.detail.textContent = this.detailText();
    if (this.bar) {
      const isKnown = this.state === "in_progress" && told.progress > 0;
      if (isKnown) this.bar.value = told.progress;
      else this.bar.removeAttribute("value");
    }
    this.drawPreview();
  }

  /** What there is so far, one picture after the other: a stream that begins anew tells all of them at once. */
  async drawPreview() {
    const address = this.told.preview;
    if (!this.bar || !address || address === this.shown || this.isLoading) return;
    this.shown = address;
    this.isLoading = true;
    const picture = make("img", { src: address, class: "run-preview", alt: t("What there is so far") });
    const there = await picture.decode().then(() => true, () => false); // gone: the attempt is over
    this.isLoading = false;
    if (there && this.bar) {
      for (const old of this.bar.parentElement.querySelectorAll("img")) old.remove();
      this.bar.before(picture);
    }
    this.drawPreview();
  }

  detailText() {
    const { told } = this;
    if (this.state === "in_queue") {
      const place = told.queue_position;
      if (place === undefined || place === null) return "";
      return place === 0 ? t("next in line") : t("{n} before it", { n: number(place) });
    }
    if (this.state !== "in_progress") return this.isRunning || !told.finished_at ? "" : duration(told.started_at, told.finished_at);
    const share = told.progress > 0 ? percent(told.progress) : "";
    return [stageName(told.stage), share, duration(told.started_at, new Date().toISOString())].filter(Boolean).join(" · ");
  }

  drawnStage() {
    this.bar = null;
    if (this.state === "completed") return this.drawnOutput();
    const picture = this.inputPicture();
    const stage = make("div", { class: "run-stage is-waiting" }, picture && make("img", { src: picture, alt: "" }));
    if (this.isRunning || this.state === "sending") {
      this.bar = make("progress", { max: 1, "aria-label": t("Progress") });
      stage.append(this.bar);
    }
    return stage;
  }

  drawnOutput() {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const views = this.outputs().map((url, index) =>
      this.facts.produces === "video"
        ? make("video", { src: url, poster: `/v1/requests/${this.request_id}/poster`, controls: true, loop: true, muted: true, autoplay: !calm, playsInline: true, "aria-label": t("Result") })
        : make("a", { href: url, target: "_blank", rel: "noopener" }, make("img", { src: url, alt: t("Result {n}", { n: index + 1 }), loading: "lazy" })),
    );
    return make("div", { class: `run-stage${views.length > 1 ? " is-several" : ""}` }, ...views);
  }

  drawnResult() {
    if (this.state === "sending" || this.isRunning) return [];
    const parts = [this.drawnActs()];
    if (this.state === "completed") parts.unshift(this.drawnFacts());
    const plan = this.told.metadata?.plan;
    if (plan && (plan.applied.length || plan.ignored.length)) parts.push(drawnPlan(plan));
    return parts;
  }

  drawnFacts() {
    const { metadata = {}, seed, cost } = this.told;
    const media = [metadata.media].flat()[0] ?? {};
    const facts = [
      media.width_px && `${media.width_px} × ${media.height_px}`,
      media.num_frames > 1 && tn("{n} frame", "{n} frames", media.num_frames),
      media.duration_s > 0 && t("{n} s", { n: fixed(media.duration_s, 1) }),
      t("seed {seed}", { seed: metadata.seed ?? seed }),
      metadata.engine && t("made by {engine}", { engine: metadata.engine }),
      cost ? money(cost) : t("free"),
    ];
    return make("p", { class: "run-facts" }, facts.filter(Boolean).join(" · "));
  }

  drawnActs() {
    const acts = make("div", { class: "run-acts" });
    const button = (text, act) => acts.append(make("button", { type: "button", class: "small", onclick: act }, text));
    if (this.state === "completed") {
      const [url] = this.outputs();
      acts.append(make("a", { class: "button small primary", href: url, download: nameOf(url) }, t("Download")));
      button(t("Copy link"), () => copy(new URL(url, location.href).href, t("Copied. Whoever has this link can see the result until the link expires.")));
      for (const [name, field] of Object.entries(this.facts.media)) {
        if (field.kind === "image") button(this.facts.produces === "video" ? t("Go on from the last frame") : t("Use as input"), () => this.reuse(name));
      }
    }
    button(t("Edit and run"), () => this.runs.page.edit(this.told.inputs));
    if (this.facts.seed) button(t("Again, same seed"), () => this.again(this.told.metadata?.seed ?? this.told.seed));
    button(this.facts.seed ? t("Again, new seed") : t("Run again"), () => this.again(null));
    acts.append(offerAs(this.facts, () => this.told.inputs, copy));
    button(t("Delete"), () => this.delete());
    return acts;
  }

  outputs() {
    const output = this.told.output ?? {};
    return [output.video ?? output.videos ?? output.image ?? output.images ?? []].flat();
  }

  prompt() {
    const [name] = Object.entries(this.facts.schema.properties).find(([key, node]) => node.type === "string" && !this.facts.media[key]) ?? [];
    return name && this.told.inputs?.[name];
  }

  inputPicture() {
    const [name] = Object.entries(this.facts.media).find(([, field]) => field.kind === "image") ?? [];
    const [url] = [(name && this.told.inputs?.[name]) ?? []].flat();
    return url?.startsWith(`${location.origin}/v1/files/`) ? url : "";
  }

  async again(seed) {
    const inputs = { ...this.told.inputs };
    if (this.facts.seed) {
      const node = this.facts.schema.properties[this.facts.seed];
      inputs[this.facts.seed] = seed ?? node.default ?? -1;
    }
    await this.runs.start(inputs);
  }

  /** A picture goes into the form as it is, of a video its last frame. */
  async reuse(name) {
    if (this.facts.produces === "image") {
      this.runs.page.use(name, this.outputs()[0]);
      return;
    }
    const film = this.element.querySelector("video");
    film.pause();
    await new Promise((done) => {
      film.addEventListener("seeked", done, { once: true });
      film.currentTime = Math.max(0, film.duration - 0.01);
    });
    this.runs.page.use(name, new File([await frameOf(film)], "last-frame.jpg", { type: "image/jpeg" }));
  }

  async cancel() {
    try {
      const told = await call("POST", `/v1/requests/${this.request_id}/cancel?running=true`);
      if (told.outcome !== "cancelled") toast(t("It was finished already."));
    } catch (error) {
      toast(error.message);
    }
  }

  async delete() {
    if (!confirm(t("Delete this run and its files?"))) return;
    try {
      await call("DELETE", `/v1/requests/${this.request_id}`);
    } catch (error) {
      if (error.status !== 404) {
        toast(error.message);
        return;
      }
    }
    this.runs.remove(this);
  }
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

function duration(from, to) {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  if (!(seconds >= 0)) return "";
  if (seconds < 60) return t("{n} s", { n: fixed(seconds, seconds < 10 ? 1 : 0) });
  return t("{m} min {s} s", { m: Math.floor(seconds / 60), s: Math.floor(seconds % 60) });
}

function nameOf(url) {
  return new URL(url, location.href).pathname.split("/").pop();
}
