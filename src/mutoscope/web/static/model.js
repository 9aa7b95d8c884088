// A model's page: puts form, quote and runs together.

import { money, number, t, to, toast } from "./page.js";
import { Form, sentence } from "./form.js";
import { Runs } from "./runs.js";
import { call, copy, reached } from "./server.js";
import { offerAs } from "./snippets.js";

const facts = JSON.parse(document.getElementById("model").textContent);
const root = document.querySelector("[data-form]");
const draft = `mutoscope:draft:${facts.model_id}`;
let signedIn = document.body.dataset.signedIn === "yes";

const form = new Form(root, facts, { onchange: changed });
form.isSignedIn = () => signedIn;
form.check = checkAddress;

const runs = new Runs(document.querySelector("[data-runs]"), facts, {
  use: (name, what) => {
    const field = form.fields.fields.get(name);
    if (typeof what === "string") field.takeAddress(what);
    else field.take([what]);
    root.scrollIntoView({ block: "start" });
    toast(t("It is in the form now."));
  },
  edit: (inputs) => {
    form.set(inputs);
    root.scrollIntoView({ block: "start" });
  },
  refused: showRefusal,
});

root.addEventListener("focusin", () => runs.drawing(), { once: true });

function changed() {
  sessionStorage.setItem(draft, JSON.stringify(storable(form.value())));
  clearTimeout(changed.timer);
  changed.timer = setTimeout(quote, 400);
}

/** A draft without what cannot outlive the page: files that are not stored yet. */
function storable(value) {
  const keep = (url) => typeof url !== "string" || !url.startsWith("data:");
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, name in facts.media ? [item].flat().filter(keep) : item]));
}

// -- what it would cost and take --------------------------------------------------------------------------------------

async function quote() {
  const place = document.querySelector("[data-quote]");
  if (!place || facts.submit || !signedIn || form.problems().length || form.fields.get() === undefined) return;
  if ([...form.fields.fields.values()].some((field) => field.files?.some((entry) => !entry.url))) return;
  try {
    const told = await call("POST", `/v1/quote/${facts.model_id}`, form.value());
    place.textContent = quoteText(told);
    place.title = told.price.explanation;
  } catch (error) {
    if (error.status === 0) reached(false);
    if (error.status === 422) form.fields.show(error.problems, "");
  }
}

function quoteText({ price, run, wait }) {
  const cost = price.cost_usd === null ? t("price by length") : price.cost_usd === 0 ? t("Free") : money(price.cost_usd);
  const parts = [cost];
  if (run.expected_s !== null) parts.push(t("takes about {time}", { time: rough(run.expected_s) }));
  if (wait.queue_ahead > 0) parts.push(t("{n} before it", { n: number(wait.queue_ahead) }));
  if (wait.expected_s > 1) parts.push(t("starts in about {time}", { time: rough(wait.expected_s) }));
  if (wait.workers === 0) parts.push(t("no worker is there yet"));
  return parts.join(" · ");
}

function rough(seconds) {
  if (seconds < 1) return t("a moment");
  return seconds < 90 ? t("{n} s", { n: Math.round(seconds) }) : t("{n} min", { n: Math.round(seconds / 60) });
}

/** What a worker of the server finds behind an address: {problems, info}. */
async function checkAddress(name, url) {
  if (!signedIn) return undefined;
  try {
    const told = await call("POST", "/v1/inputs/check", { model_id: facts.model_id, field: name, url });
    return { problems: told.problems, info: told.media ?? undefined };
  } catch (error) {
    if (error.status === 422) return { problems: error.problems.map((problem) => ({ ...problem })) };
    return undefined; // too many questions, or no worker: the request itself will tell
  }
}

// -- running ----------------------------------------------------------------------------------------------------------

root.addEventListener("submit", async (event) => {
  event.preventDefault();
  run();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && root.contains(event.target)) run();
});
document.addEventListener("paste", (event) => {
  const isText = event.target.closest?.("input, textarea");
  if (isText && !event.clipboardData.files.length) return;
  const field = [...form.fields.fields.values()].find((found) => found.facts);
  if (field?.takeTransfer(event.clipboardData)) event.preventDefault();
});
// A file that misses the field is not opened in place of the page.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());

async function run() {
  const button = document.querySelector("[data-run]");
  if (!button || button.disabled) return;
  showRefusal(null);
  const problems = form.problems();
  const rest = form.show(problems);
  if (problems.length) {
    if (rest.length) showRefusal({ problems: rest });
    return;
  }
  if (!signedIn && !(await askForKey())) return;
  const wasHere = document.activeElement === button;
  button.disabled = true; // which takes the focus from it
  try {
    await Promise.all([...form.fields.fields.values()].map((field) => field.settle?.()));
    const left = form.problems();
    form.show(left);
    if (!left.length) {
      const sending = runs.start(form.value());
      document.querySelector("[data-runs]").scrollIntoView({ block: "nearest" });
      await Promise.race([sending, new Promise((done) => setTimeout(done, 600))]);
    }
  } finally {
    button.disabled = false;
    if (wasHere && document.activeElement === document.body) button.focus({ preventScroll: true });
  }
}

/** The server refused: problems go to their fields, the rest below the button. */
function showRefusal(error) {
  const line = root.querySelector("[data-form-problem]");
  if (error?.status === 401) {
    signedIn = false;
    askForKey();
  }
  const rest = error?.problems?.length ? form.show(error.problems) : [];
  const texts = rest.map((problem) => (problem.path ? `${problem.path}: ${problem.message}` : problem.message));
  if (error && !error.problems?.length) texts.push(error.message);
  line.textContent = texts.map(sentence).join("\n");
  line.hidden = !texts.length;
}

/** Ask for a key and sign in. The key goes into one call and is forgotten. */
async function askForKey() {
  const dialog = document.querySelector('[data-dialog="sign-in"]');
  const field = dialog.querySelector("input");
  const problem = dialog.querySelector("[data-problem]");
  problem.hidden = true;
  for (;;) {
    dialog.returnValue = "";
    if (!dialog.open) dialog.showModal();
    await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
    const key = field.value;
    field.value = "";
    if (dialog.returnValue !== "go") return false;
    const answer = await fetch(to("/sign-in"), { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams({ key }) }).catch(() => null);
    if (answer?.ok) break;
    problem.textContent = answer ? t("This key is unknown, revoked or expired.") : t("The server cannot be reached.");
    problem.hidden = false;
  }
  signedIn = true;
  document.querySelector("[data-sign-in]")?.remove();
  await runs.restore();
  return true;
}

// -- the start --------------------------------------------------------------------------------------------------------

/** The address may name a run whose inputs are wanted again (`run`), or a file to begin with (`file`, `field`). */
async function fillFromAddress() {
  const wanted = new URLSearchParams(location.search);
  history.replaceState(null, "", location.pathname);
  try {
    if (wanted.has("run")) form.set((await call("GET", `/v1/requests/${encodeURIComponent(wanted.get("run"))}`)).inputs);
    const field = form.fields.fields.get(wanted.get("field"));
    if (wanted.has("file") && field?.facts) field.takeAddress((await call("GET", `/v1/files/${encodeURIComponent(wanted.get("file"))}`)).url);
  } catch (error) {
    toast(error.message);
  }
}

const kept = sessionStorage.getItem(draft);
form.reset();
if (kept) form.set({ ...JSON.parse(kept) });
if (signedIn && /[?&](run|file)=/.test(location.search)) await fillFromAddress();
document.querySelector("[data-copy-as]")?.append(offerAs(facts, () => form.value(), copy));
if (signedIn) await runs.restore();
root.dataset.ready = "";
