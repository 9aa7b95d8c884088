// One run in the page of its model: what the server told of it, how far it is, and its place in the page.

import { fixed, make, number, percent, t, toast } from "./page.js";
import { drawnOutput, drawnResult } from "./outcome.js";
import { Previews } from "./previews.js";
import { call } from "./server.js";

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

export class Run {
  constructor(told, runs) {
    this.runs = runs;
    this.facts = runs.facts;
    this.request_id = told.request_id;
    this.seq = 0;
    this.log = [];
    this.previews = new Previews((picture) => this.putPreview(picture), t("What there is so far"));
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

  /** Anew; who was in it with the keyboard stays in it. */
  draw() {
    const isHere = this.element.contains(document.activeElement);
    this.element.dataset.state = this.state;
    this.element.dataset.run = this.request_id;
    this.element.replaceChildren(this.drawnStage(), this.drawnHead(), ...drawnResult(this));
    this.drawProgress();
    if (isHere) this.element.querySelector("video, audio, a[href], button")?.focus({ preventScroll: true });
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
    if (this.bar && told.preview) this.previews.show(told.preview);
  }

  putPreview(picture) {
    if (!this.bar) return;
    for (const old of this.bar.parentElement.querySelectorAll("img")) old.remove();
    picture.className = "run-preview";
    this.bar.before(picture);
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
    if (this.state === "completed") return drawnOutput(this);
    const picture = this.inputPicture();
    const stage = make("div", { class: "run-stage is-waiting" }, picture && make("img", { src: picture, alt: "" }));
    if (this.isRunning || this.state === "sending") {
      this.bar = make("progress", { max: 1, "aria-label": t("Progress") });
      stage.append(this.bar);
    }
    return stage;
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

  async cancel() {
    try {
      const told = await call("POST", `/v1/requests/${this.request_id}/cancel?running=true`);
      if (told.outcome !== "cancelled") toast(t("It was finished already."));
    } catch (error) {
      toast(error.message);
    }
  }
}

function duration(from, to) {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  if (!(seconds >= 0)) return "";
  if (seconds < 60) return t("{n} s", { n: fixed(seconds, seconds < 10 ? 1 : 0) });
  return t("{m} min {s} s", { m: Math.floor(seconds / 60), s: Math.floor(seconds % 60) });
}
