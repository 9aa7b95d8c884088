// The page of a deployment: what is changed in its nodes becomes overrides, and runs are shown beside the form.

import "./acts.js";
import { make, t, tn, toast } from "./page.js";
import { Runs } from "./runs.js";
import { call } from "./server.js";

const facts = JSON.parse(document.getElementById("deployment").textContent);
const form = document.querySelector("[data-overrides]");
const fields = [...form.querySelectorAll("[data-node]")];

// -- what is changed --------------------------------------------------------------------------------------------------

const control = (field) => field.querySelector("input:not([type=file]), textarea");
const standing = (field) => (field.dataset.control === "switch" ? String(control(field).checked) : control(field).value);
for (const field of fields) field.deployed = standing(field);

/** The value that a field stands for. Throws where JSON is expected and is none. */
function valueOf(field) {
  const input = control(field);
  if (field.dataset.control === "switch") return input.checked;
  if (field.dataset.control === "number") {
    if (input.value === "" || Number.isNaN(input.valueAsNumber)) throw new SyntaxError(t("A number is needed here."));
    return input.valueAsNumber;
  }
  if (field.dataset.control !== "json") return input.value;
  try {
    return JSON.parse(input.value);
  } catch {
    throw new SyntaxError(t("This is not JSON."));
  }
}

const changed = () => fields.filter((field) => standing(field) !== field.deployed);

/** The body of a request, or null when something in it cannot be sent. */
function body() {
  clearProblems();
  const overrides = {};
  let isGood = true;
  for (const field of changed()) {
    const { node, field: name } = field.dataset;
    try {
      ((overrides[node] ??= { inputs: {} }).inputs)[name] = valueOf(field);
    } catch (error) {
      isGood = false;
      say(field, error.message);
    }
  }
  if (!isGood) return null;
  return Object.keys(overrides).length ? { overrides } : {};
}

function mark() {
  for (const field of fields) field.classList.toggle("is-changed", standing(field) !== field.deployed);
  const n = changed().length;
  const line = form.querySelector("[data-changed]");
  if (line) line.textContent = n ? tn("{n} value changed", "{n} values changed", n) : t("Runs as it is deployed.");
}

// -- problems ---------------------------------------------------------------------------------------------------------

function say(field, message) {
  const place = field.querySelector("[data-problem]");
  place.textContent = message;
  place.hidden = false;
  field.classList.add("is-wrong");
  field.closest("details").open = true;
  control(field).focus();
}

function clearProblems() {
  for (const place of form.querySelectorAll("[data-problem], [data-form-problem]")) place.hidden = true;
  for (const field of form.querySelectorAll(".is-wrong")) field.classList.remove("is-wrong");
}

/** Each problem at its field; those of files are named by where the file went. */
function refused({ message, problems = [] }) {
  const rest = problems.filter(({ path, message: text }) => {
    const field = fields.find((one) => one.dataset.path === path || `${one.dataset.node}.inputs.${one.dataset.field}` === path);
    if (field) say(field, text);
    return !field;
  });
  if (problems.length && !rest.length) return;
  const place = form.querySelector("[data-form-problem]");
  place.textContent = rest.length ? rest.map(({ path, message: text }) => (path ? `${path}: ${text}` : text)).join("\n") : message;
  place.hidden = false;
}

// -- the form ---------------------------------------------------------------------------------------------------------

form.addEventListener("input", mark);
/** Uploads under way; a run waits for them. */
const uploads = new Set();

form.addEventListener("change", (event) => {
  if (!event.target.matches("[data-file]") || !event.target.files.length) return;
  const [file] = event.target.files;
  event.target.value = "";
  const sent = send(event.target.closest("[data-node]"), file).finally(() => uploads.delete(sent));
  uploads.add(sent);
});

/** Upload a file into a field. Returns whether it is there. */
async function send(field, file) {
  const bar = make("progress", { max: 1, value: 0, "aria-label": t("Progress") });
  field.append(bar);
  try {
    const { upload } = await import("./media.js");
    const { url } = await upload(file, (share) => (bar.value = share));
    control(field).value = url;
    mark();
    return true;
  } catch (error) {
    say(field, error.message);
    return false;
  } finally {
    bar.remove();
  }
}

/** Put the overrides of an earlier run into the form. */
function edit(inputs) {
  const files = (value) => (value?.$file ? (inputs[value.$file[0]] ?? [])[value.$file[1]] : value);
  for (const field of fields) {
    const { node, field: name } = field.dataset;
    const given = files(inputs.overrides?.[node]?.inputs?.[name]);
    const input = control(field);
    if (field.dataset.control === "switch") input.checked = given ?? field.deployed === "true";
    else if (given === undefined) input.value = field.deployed;
    else input.value = field.dataset.control === "json" ? JSON.stringify(given) : given;
  }
  mark();
  form.querySelector(".is-changed :is(input, textarea)")?.focus();
}

const runs = new Runs(document.querySelector("[data-runs]"), facts, { edit, refused, use() {}, signIn() {} });

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if ((await Promise.all(uploads)).includes(false)) return;
  const wanted = body();
  if (wanted && form.querySelector("[data-run]")) runs.start(wanted);
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
addEventListener("hashchange", () => document.getElementById(location.hash.slice(1))?.setAttribute("open", ""));

await runs.restore();
const earlier = new URLSearchParams(location.search).get("run");
if (earlier) await call("GET", `/v1/requests/${earlier}`).then(({ inputs }) => edit(inputs), (error) => toast(error.message));
form.dataset.ready = "";
