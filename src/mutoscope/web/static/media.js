// The field for pictures, videos and sounds: drop, paste, choose, photograph or name an address. What a browser can
// measure is held against the model's rules before anything is sent.

import { explained, fixed, make, number, t, toast } from "./page.js";
import { brokenRules, identify } from "./rules.js";

const MOST_SIDE_PX = 4096;

/** One media field. facts: {kind, many, accept, validations}; a value is an address, or a list of them. */
export class MediaField {
  constructor(element, facts, schema, form) {
    this.element = element;
    this.name = element.dataset.name;
    this.facts = facts;
    this.schema = schema;
    this.form = form;
    this.files = [];
    this.drop = element.querySelector("[data-drop]");
    this.list = element.querySelector("[data-media]");
    this.ask = element.querySelector("[data-ask]");
    this.url = element.querySelector("[data-url]");
    this.most = facts.many ? (schema.maxItems ?? 256) : 1;
    this.listen();
  }

  listen() {
    const chooser = this.element.querySelector("[data-file]");
    chooser.addEventListener("change", () => {
      this.take(chooser.files);
      chooser.value = "";
    });
    this.drop.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.drop.classList.add("is-over");
    });
    this.drop.addEventListener("dragleave", () => this.drop.classList.remove("is-over"));
    this.drop.addEventListener("drop", (event) => {
      event.preventDefault();
      this.drop.classList.remove("is-over");
      this.takeTransfer(event.dataTransfer);
    });
    this.url.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.takeAddress(this.url.value);
    });
    this.element.querySelector("[data-use-url]").addEventListener("click", () => this.takeAddress(this.url.value));
    this.element.querySelector("[data-example]")?.addEventListener("click", () => this.takeExample());
    const camera = this.element.querySelector("[data-camera]");
    if (navigator.mediaDevices?.getUserMedia) camera?.addEventListener("click", () => this.photograph());
    else camera?.remove(); // browsers lend the camera to https and to this machine only
  }

  /** Take what was dropped or pasted: files, or an address. */
  takeTransfer(transfer) {
    if (transfer.files.length) {
      this.take(transfer.files);
      return true;
    }
    const text = (transfer.getData("text/uri-list") || transfer.getData("text/plain")).trim().split("\n")[0];
    if (!/^https?:\/\//i.test(text)) return false;
    this.takeAddress(text);
    return true;
  }

  async take(files) {
    const room = this.facts.many ? this.most - this.files.length : 1;
    if (!this.facts.many || this.most === 1) this.clear();
    for (const file of [...files].slice(0, Math.max(room, this.most === 1 ? 1 : 0))) await this.add({ file, name: file.name });
  }

  async takeExample() {
    const answer = await fetch(this.form.facts.example);
    await this.take([new File([await answer.blob()], "mountain-path.jpg", { type: "image/jpeg" })]);
  }

  takeAddress(address) {
    const text = address.trim();
    if (!text) return;
    if (this.most === 1) this.clear();
    this.url.value = "";
    this.add({ url: text, name: text.split(/[?#]/)[0].split("/").pop() || text });
  }

  async photograph() {
    const dialog = document.querySelector('[data-dialog="camera"]');
    const video = dialog.querySelector("video");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1920, height: 1080 } });
    } catch {
      toast(t("The camera cannot be used here."));
      return;
    }
    video.srcObject = stream;
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
    const blob = dialog.returnValue === "go" && (await frameOf(video));
    for (const track of stream.getTracks()) track.stop(); // before anything is sent: its light goes out
    video.srcObject = null;
    if (blob) await this.take([new File([blob], "camera.jpg", { type: "image/jpeg" })]);
  }

  /** entry: {file} or {url}, and a name. Shown at once, measured, checked, and stored on the server. */
  async add(entry) {
    Object.assign(entry, { problems: [], busy: true, view: entry.file ? URL.createObjectURL(entry.file) : "" });
    this.files.push(entry);
    this.touched();
    this.draw();
    if (entry.file) await this.checkFile(entry);
    else await this.checkAddress(entry);
    if (!this.files.includes(entry)) return;
    entry.busy = false;
    this.draw();
    this.form.changed();
    if (entry.file && !entry.problems.length) await this.send(entry);
  }

  async checkFile(entry) {
    entry.info = await measure(entry.file);
    entry.problems = brokenRules(entry.info, this.facts);
    entry.canFit = entry.info.kind === "image" && this.facts.kind === "image" && Boolean(entry.info.width_px);
  }

  /** Another's address is looked at by a worker of the server, never by this browser. */
  async checkAddress(entry) {
    if (!/^(https?:\/\/|data:)/i.test(entry.url)) {
      entry.problems = [{ message: t("expected an https address or a data URI (data:{kind}/…;base64,…)", { kind: this.facts.kind }), rule: "format" }];
      return;
    }
    if (ourFile(entry.url)) {
      entry.view = entry.url;
      return;
    }
    const answer = await this.form.check?.(this.name, entry.url);
    entry.problems = answer?.problems ?? [];
    entry.info = answer?.info;
  }

  /** Store the file on the server, so that Run need not wait for it. Without a session it waits for Run. */
  async send(entry) {
    if (!this.form.isSignedIn()) return;
    entry.sending = upload(entry.file, (share) => {
      entry.share = share;
      this.drawShare(entry);
    });
    this.draw();
    try {
      entry.url = (await entry.sending).url;
    } catch (error) {
      entry.problems = error.problems ?? [{ message: error.message, rule: "upload" }];
      entry.failed = true;
    }
    entry.sending = null;
    this.draw();
    this.form.changed();
  }

  /** Until everything is stored. */
  async settle() {
    for (const entry of this.files) {
      if (entry.file && !entry.url && !entry.sending && (entry.failed || !entry.problems.length)) {
        entry.problems = [];
        entry.failed = false;
        await this.send(entry);
      }
      await entry.sending?.catch(() => {});
    }
  }

  /** Make a picture smaller, so that it keeps to the rules. */
  async fit(entry) {
    entry.busy = true;
    this.draw();
    const fitted = await shrink(entry.file, this.facts);
    this.remove(entry);
    if (fitted) await this.take([fitted]);
    else toast(t("This picture cannot be made to fit."));
  }

  get() {
    const found = this.files.filter((entry) => !entry.problems.length).map((entry) => entry.url || "data:" + this.facts.kind + "/png;base64,");
    if (this.facts.many) return found.length || "required" in this.element.dataset ? found : undefined;
    return found[0];
  }

  set(value) {
    this.clear();
    for (const url of [value ?? []].flat()) {
      if (typeof url === "string" && url) this.add({ url, name: decodeURIComponent(url.slice(0, 500).split(/[?#]/)[0].split("/").pop()) });
    }
  }

  problems() {
    return this.files.flatMap((entry, index) => entry.problems.map((problem) => ({ ...problem, path: this.facts.many ? `${this.name}[${index}]` : this.name })));
  }

  clear() {
    for (const entry of [...this.files]) this.remove(entry);
  }

  remove(entry) {
    if (entry.view.startsWith("blob:")) URL.revokeObjectURL(entry.view);
    this.files = this.files.filter((other) => other !== entry);
    this.draw();
    this.form.changed();
  }

  touched() {
    this.element.dataset.touched = "";
  }

  show(problems) {
    const line = this.element.querySelector(":scope > [data-problem]");
    const texts = problems.map((problem) => problem.message.charAt(0).toLocaleUpperCase() + problem.message.slice(1));
    line.textContent = [...new Set(texts)].join("\n");
    line.hidden = !texts.length;
    this.element.classList.toggle("is-wrong", texts.length > 0);
  }

  draw() {
    this.ask.hidden = this.files.length >= this.most;
    this.list.replaceChildren(...this.files.map((entry) => this.drawn(entry)));
  }

  drawn(entry) {
    const view = { image: "img", video: "video", audio: "audio" }[this.facts.kind];
    const picture = entry.view && entry.info?.kind !== ""
      ? make(view, { src: entry.view, alt: entry.name, controls: view !== "img", muted: true })
      : make("span", { class: "media-blank" }, entry.name);
    const facts = entry.info ? factsOf(entry.info) : "";
    const state = entry.busy ? t("Looking at it …") : entry.sending ? t("Uploading …") : "";
    const bar = make("progress", { max: 1, value: entry.share ?? 0, hidden: !entry.sending, "aria-label": t("Upload") });
    entry.bar = bar;
    return make(
      "li",
      { class: `media-item${entry.problems.length ? " is-wrong" : ""}` },
      picture,
      make("p", { class: "media-facts" }, make("b", {}, entry.name), make("span", {}, [facts, state].filter(Boolean).join(" · ")), bar),
      make(
        "p",
        { class: "media-acts" },
        entry.problems.length > 0 && entry.canFit && make("button", { type: "button", class: "small primary", onclick: () => this.fit(entry) }, t("Make it fit")),
        make("button", { type: "button", class: "small", onclick: () => this.replace(entry) }, t("Remove")),
      ),
    );
  }

  replace(entry) {
    this.remove(entry);
    this.element.querySelector("[data-file]").focus();
  }

  drawShare(entry) {
    if (entry.bar) entry.bar.value = entry.share;
  }
}

function factsOf(info) {
  const facts = [info.format && info.format.toUpperCase(), info.width_px && `${info.width_px} × ${info.height_px}`];
  if (info.duration_s) facts.push(t("{n} s", { n: fixed(info.duration_s, 1) }));
  if (info.size_bytes) facts.push(bytes(info.size_bytes));
  return facts.filter(Boolean).join(" · ");
}

/** Megabytes of 1024 * 1024 bytes, as the rules count them. */
export function bytes(count) {
  if (count < 2 ** 20) return t("{n} KB", { n: number(Math.max(1, Math.round(count / 1024))) });
  return t("{n} MB", { n: fixed(count / 2 ** 20, 1) });
}

/** Is it a file that this server stores? */
export function ourFile(url) {
  return url.startsWith(`${location.origin}/v1/files/`);
}

/** What a browser can tell of a file: {kind, format, size_bytes, width_px, height_px, duration_s}. */
export async function measure(file) {
  const head = new Uint8Array(await file.slice(0, 512).arrayBuffer());
  const info = { ...identify(head), size_bytes: file.size };
  try {
    if (info.kind === "image") {
      const picture = await createImageBitmap(file);
      Object.assign(info, { width_px: picture.width, height_px: picture.height });
      picture.close();
    } else if (info.kind) {
      const film = await loaded(file, info.kind);
      Object.assign(info, { width_px: film.videoWidth, height_px: film.videoHeight, duration_s: film.duration });
    }
  } catch {
    // Damaged, or of a kind that this browser cannot read: the server looks at it.
  }
  return info;
}

function loaded(file, kind) {
  const film = make(kind, { preload: "metadata", muted: true, src: URL.createObjectURL(file) });
  return new Promise((done, fail) => {
    film.addEventListener("loadedmetadata", () => done(film), { once: true });
    film.addEventListener("error", fail, { once: true });
  }).finally(() => URL.revokeObjectURL(film.src));
}

/** The current frame of a video as a JPEG. */
export async function frameOf(video) {
  const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
}

/** The picture smaller, cut to the allowed shape where need be, as JPEG; null where nothing helps. */
async function shrink(file, facts) {
  const picture = await createImageBitmap(file);
  const [cutWidth, cutHeight] = cut(picture.width, picture.height, facts.validations);
  for (let side = Math.min(MOST_SIDE_PX, Math.max(cutWidth, cutHeight)); side >= 64; side = Math.floor(side * 0.8)) {
    const scale = side / Math.max(cutWidth, cutHeight);
    const canvas = make("canvas", { width: Math.round(cutWidth * scale), height: Math.round(cutHeight * scale) });
    const left = (picture.width - cutWidth) / 2;
    const top = (picture.height - cutHeight) / 2;
    canvas.getContext("2d").drawImage(picture, left, top, cutWidth, cutHeight, 0, 0, canvas.width, canvas.height);
    for (const quality of [0.94, 0.85]) {
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
      const info = { kind: "image", format: "jpeg", size_bytes: blob.size, width_px: canvas.width, height_px: canvas.height };
      if (!brokenRules(info, facts).length) return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
    }
  }
  return null;
}

/** Width and height after cutting the longer side to the ratios that the rules allow. */
function cut(width, height, validations) {
  let [w, h] = [width, height];
  for (const { validation_rule: rule, validation_value: limit } of validations) {
    if (!rule.startsWith("width/height")) continue;
    if (rule.includes("<") && w / h >= limit) w = Math.floor(h * limit * 0.999);
    if (rule.includes(">") && w / h <= limit) h = Math.floor((w / limit) * 0.999);
  }
  return [w, h];
}

/** Store a file on the server. Resolves to its description; rejects with `problems` when it is refused. */
export function upload(file, onshare) {
  return new Promise((done, fail) => {
    const call = new XMLHttpRequest();
    call.open("POST", `/v1/files?name=${encodeURIComponent(file.name)}`);
    call.responseType = "json";
    call.upload.addEventListener("progress", (event) => onshare(event.loaded / event.total));
    call.addEventListener("load", () => {
      if (call.status === 201) done(call.response);
      else fail(Object.assign(new Error(explained(call.response) ?? t("The upload failed.")), { status: call.status, problems: call.response?.detail?.length ? call.response.detail : undefined }));
    });
    call.addEventListener("error", () => fail(new Error(t("The server cannot be reached. Run tries again."))));
    call.send(file);
  });
}
