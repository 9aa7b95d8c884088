// The runs of a model: sent so that none is lost or made twice, followed as they happen.
// The server's list is the truth; a page that was closed finds its runs there again. What one looks like: run.js.

import { call, Follower, reached } from "./server.js";

const SHOWN = 12;
const AGAIN_MS = 2000;
const TERMINAL = ["completed", "failed", "cancelled"];

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
    const run = await this.add({ request_id: name, state: "sending", inputs: body, created_at: new Date().toISOString() });
    const done = () => {
      this.keep(this.unsent().filter((other) => other.name !== name));
      this.runs.delete(name);
    };
    for (;;) {
      try {
        const told = await call("POST", this.facts.submit ?? `/v1/models/${this.facts.model_id}`, body, { "Idempotency-Key": name });
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
    else await this.add(whole);
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

  /** What draws a run is fetched when somebody touches the form, or with the first run: the page comes sooner without. */
  async drawing() {
    for (;;) {
      try {
        return await import("./run.js");
      } catch {
        reached(false);
        await pause(AGAIN_MS);
      }
    }
  }

  async add(told) {
    const { Run } = await this.drawing();
    const known = this.runs.get(told.request_id);
    if (known) {
      known.learn(told);
      return known;
    }
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
