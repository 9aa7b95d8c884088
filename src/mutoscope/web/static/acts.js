// Forms and buttons that call the API. What each calls stands in the page:
//   data-act="PATCH /v1/keys/…"   the call; a form sends its fields as JSON, by their names (`limits.max_running`)
//   data-said="…"                 what is said when it is done
//   data-confirm="…"              a question that is asked before; data-sure is the word on its button
//   data-secret="key"             the member of the answer that is shown once, in a dialog; data-note: what is said of it
//   data-go="…"                   where to go afterwards, {names} being members of the answer; else the parts of the page
//                                 marked `data-live` are read anew
// A field says by data-as what it becomes: number, list (checked boxes), lines, yes (a switch), one (a list of it), json.
// An empty one is null, or what data-empty says, or left out with data-omit; a group of fields with data-group is null when none of them is filled in.

import { isSure } from "./dialogs.js";
import { t, toast } from "./page.js";
import { call, copy } from "./server.js";

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-act]");
  if (!form) return;
  event.preventDefault();
  act(form, form);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) act(button, null);
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open)?.showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  const copied = event.target.closest("[data-copy]");
  if (copied) copy(document.getElementById(copied.dataset.copy).textContent);
});

/** Do what an element says; form: where its values and its problems are. */
async function act(element, form) {
  const { act: what, confirm: question, said, go } = element.dataset;
  if (question && !(await isSure(t("Are you sure?"), question, element.dataset.sure ?? t("Yes")))) return;
  const [method, path] = what.split(" ");
  const button = form ? form.querySelector("[type=submit]") : element;
  if (form) showProblems(form, [], "");
  const held = document.activeElement?.id;
  button.disabled = true;
  try {
    const body = form ? valuesOf(form) : element.dataset.body && JSON.parse(element.dataset.body);
    const told = await call(method, form ? filled(path, form) : path, body || undefined);
    form?.closest("dialog")?.close();
    if (form?.hasAttribute("data-empty-after")) form.reset();
    element.closest("details.is-fold")?.removeAttribute("open");
    if (element.dataset.secret) await showSecret(told[element.dataset.secret], element.dataset.note);
    if (said) toast(said);
    if (go) location.assign(go.replace(/\{(\w+)\}/g, (_, name) => told[name]));
    else await renew();
    if (held && document.activeElement === document.body) document.getElementById(held)?.focus();
  } catch (error) {
    if (form) showProblems(form, error.problems ?? [], error.message);
    else toast(error.message);
  } finally {
    button.disabled = false;
  }
}

/** {names} in a path are the form's fields of these names; they are sent there and not in the body. */
function filled(path, form) {
  return path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(form.elements[name].value));
}

// -- values -----------------------------------------------------------------------------------------------------------

const READERS = {
  number: (field) => Number(field.value),
  lines: (field) => field.value.split(/[\s,]+/).filter(Boolean),
  yes: (field) => field.checked,
  one: (field) => [field.value],
  json: (field) => parsed(field),
};

/** What a field of JSON holds; a text that is none is a problem of this field. */
function parsed(field) {
  try {
    return JSON.parse(field.value);
  } catch {
    throw Object.assign(new Error(t("This is not JSON.")), { problems: [{ path: field.name, message: t("This is not JSON.") }] });
  }
}

/** The JSON that a form stands for; undefined when it has no fields of its own. */
export function valuesOf(form) {
  const inPath = [...form.dataset.act.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const values = {};
  let isAny = false;
  for (const field of form.elements) {
    if (!field.name || field.disabled || inPath.includes(field.name)) continue;
    isAny = true;
    if (field.dataset.as === "list") put(values, field.name, [...(at(values, field.name) ?? []), ...(field.checked ? [field.value] : [])]);
    else if (field.type === "radio" && !field.checked) continue;
    else if (field.value === "" && field.hasAttribute("data-omit")) continue;
    else if (field.value === "" && field.dataset.empty) put(values, field.name, JSON.parse(field.dataset.empty));
    else if (field.value === "" && field.dataset.as !== "lines") put(values, field.name, field.hasAttribute("data-text") ? "" : null);
    else put(values, field.name, (READERS[field.dataset.as] ?? (() => field.value))(field));
  }
  for (const group of form.querySelectorAll("[data-group]")) {
    const fields = [...group.querySelectorAll("[name]")].filter((field) => field.tagName !== "SELECT");
    if (fields.every((field) => field.value === "")) put(values, group.dataset.group, null);
  }
  return isAny ? values : undefined;
}

function at(values, name) {
  return name.split(".").reduce((inner, word) => inner?.[word], values);
}

function put(values, name, value) {
  const words = name.split(".");
  const last = words.pop();
  let inner = values;
  for (const word of words) inner = inner[word] ??= {};
  inner[last] = value;
}

// -- problems ---------------------------------------------------------------------------------------------------------

/** Each problem beside the field that its path names; what belongs to none, or has no parts, below the form. */
function showProblems(form, problems, message) {
  for (const field of form.querySelectorAll(".field")) {
    const place = field.querySelector("[data-problem]");
    if (!place) continue;
    const own = problems.filter(({ path }) => path && names(field).some((name) => name === path || name.startsWith(`${path}.`) || path.startsWith(`${name}.`)));
    problems = problems.filter((problem) => !own.includes(problem));
    place.textContent = own.map((problem) => sentence(problem)).join("\n");
    place.hidden = own.length === 0;
    field.classList.toggle("is-wrong", own.length > 0);
    if (own.length) message = "";
  }
  const rest = problems.length ? problems.map(({ path, message: text }) => (path ? `${path}: ${text}` : text)).join("\n") : message;
  const place = form.querySelector("[data-form-problem]");
  place.textContent = rest;
  place.hidden = !rest;
  form.querySelector(".is-wrong :is(input, select, textarea)")?.focus();
}

function names(field) {
  return [field.dataset.group, ...[...field.querySelectorAll("[name]")].map((input) => input.name)].filter(Boolean);
}

function sentence({ message }) {
  return message.charAt(0).toUpperCase() + message.slice(1);
}

// -- dialogs ----------------------------------------------------------------------------------------------------------

/** Show a secret until the reader closes it; afterwards the page holds it no more. */
function showSecret(secret, note) {
  const dialog = document.getElementById("secret");
  if (note) dialog.querySelector("[data-note]").textContent = note;
  const place = dialog.querySelector("[data-value]");
  place.textContent = secret;
  dialog.showModal();
  return new Promise((done) =>
    dialog.addEventListener(
      "close",
      () => {
        place.textContent = "";
        done();
      },
      { once: true },
    ),
  );
}

// -- what the page shows ----------------------------------------------------------------------------------------------

/** Read the page anew and put its live parts in place of the present ones; folds stay open, the focus where it is. */
export async function renew(wanted = "[data-live]") {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) {
    location.reload();
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll(wanted)) {
    const fresh = page.getElementById(part.id);
    if (!fresh) continue;
    const open = new Set([...part.querySelectorAll("details[open][id]")].map((fold) => fold.id));
    const held = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.replaceWith(fresh);
    if (held) document.getElementById(held)?.focus();
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  }
}

const beat = document.querySelector("[data-renew-s]");
if (beat) {
  const isBusy = () => document.hidden || document.querySelector("dialog[open]") || document.activeElement?.matches("[data-live] :is(input, select, textarea)");
  setInterval(() => isBusy() || renew('[data-live="always"]').catch(() => {}), Number(beat.dataset.renewS) * 1000);
}
