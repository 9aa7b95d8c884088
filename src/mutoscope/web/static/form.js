// A model's form: values in and out, and what is wrong with them, field by field.

import { MediaField } from "./media.js";
import { join, problemsOf } from "./rules.js";

/** The fields of an object schema inside an element; `undefined` is a field without a value. */
class Group {
  constructor(root, schema, form) {
    this.root = root;
    this.schema = schema;
    this.required = new Set(schema.required ?? []);
    this.fields = new Map();
    for (const element of ownFields(root)) {
      const name = element.dataset.name;
      this.fields.set(name, fieldOf(element, schema.properties[name], form, this.required.has(name)));
    }
  }

  get() {
    const value = {};
    for (const [name, field] of this.fields) {
      const found = field.get();
      if (found !== undefined) value[name] = found;
    }
    const isEmpty = Object.keys(value).length === 0 && this.root.dataset.name !== undefined;
    return isEmpty && !("required" in this.root.dataset) ? undefined : value;
  }

  set(value) {
    for (const [name, field] of this.fields) field.set(value?.[name] ?? undefined);
  }

  /** Show these problems, each where it belongs; returns those that belong nowhere. */
  show(problems, path) {
    return distribute(problems, [...this.fields].map(([name, field]) => [field, join(path, name)]));
  }
}

function distribute(problems, places) {
  let rest = problems;
  for (const [field, path] of places) {
    const mine = rest.filter((problem) => problem.path === path || /^[.[]/.test(problem.path.slice(path.length)) && problem.path.startsWith(path));
    rest = rest.filter((problem) => !mine.includes(problem));
    field.show(mine, path);
  }
  return rest;
}

/** Fields directly inside an element, not those inside one of its fields. */
function ownFields(root) {
  return [...root.querySelectorAll("[data-kind]")].filter((element) => element.parentElement.closest("[data-kind]") === (root.matches("[data-kind]") ? root : null));
}

function fieldOf(element, schema, form, isRequired) {
  const kind = element.dataset.kind;
  if (kind === "object") return new Nested(element, schema, form);
  if (kind === "list") return new List(element, schema, form);
  if (kind === "media") return new MediaField(element, form.facts.media[element.dataset.name], schema, form);
  const kinds = { choice: Choice, several: Several, json: Json, number: Numeric, seed: Seed, switch: Switch };
  return new (kinds[kind] ?? Text)(element, schema, form, isRequired);
}

/** A line below a field that says what is wrong. */
function say(element, problems) {
  const line = [...element.querySelectorAll("[data-problem]")].find((found) => found.closest("[data-kind]") === element);
  line.textContent = problems.map((problem) => sentence(problem.message)).join("\n");
  line.hidden = problems.length === 0;
  element.classList.toggle("is-wrong", problems.length > 0);
}

export function sentence(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

class Nested extends Group {
  show(problems, path) {
    say(this.root, super.show(problems, path));
  }
}

class Text {
  constructor(element, schema, form, isRequired) {
    this.element = element;
    this.schema = schema;
    this.isRequired = isRequired;
    this.input = element.querySelector("[data-input]");
    this.counter = element.querySelector("[data-count]");
    this.input.addEventListener("input", () => this.count());
    this.count();
  }

  get() {
    const text = this.input.value;
    if (text !== "") return text;
    // An empty text is a value only where one may be sent; where a text is needed, it is missing.
    return this.isRequired || this.schema.default === null || this.schema.default === undefined ? undefined : text;
  }

  set(value) {
    this.input.value = value ?? "";
    this.count();
  }

  count() {
    if (!this.counter) return;
    const length = [...this.input.value].length;
    const most = this.schema.maxLength;
    this.counter.textContent = most ? `${length} / ${most}` : String(length);
    this.counter.classList.toggle("is-wrong", Boolean(most) && length > most);
  }

  show(problems) {
    say(this.element, problems);
    for (const input of this.element.querySelectorAll("[data-input]")) {
      if (problems.length) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }

  focus() {
    (this.element.querySelector("[data-input]:checked") ?? this.input).focus();
  }
}

class Json extends Text {
  get() {
    const text = this.input.value.trim();
    if (!text) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      return text; // the rules say that this is no object
    }
  }

  set(value) {
    this.input.value = value === undefined ? "" : JSON.stringify(value, null, 2);
  }
}

class Switch extends Text {
  get() {
    return this.input.checked;
  }

  set(value) {
    this.input.checked = Boolean(value);
  }
}

class Numeric extends Text {
  constructor(element, schema, form, isRequired) {
    super(element, schema, form, isRequired);
    this.slider = element.querySelector("[data-slider]");
    this.slider?.addEventListener("input", () => {
      this.input.value = this.slider.value;
    });
    this.input.addEventListener("input", () => this.follow());
  }

  get() {
    if (this.input.validity.badInput) return this.input.value || "?";
    return this.input.value === "" ? undefined : Number(this.input.value);
  }

  set(value) {
    this.input.value = value ?? "";
    this.follow();
  }

  follow() {
    if (!this.slider) return;
    this.slider.value = this.input.value === "" ? this.slider.min : this.input.value;
    const share = (this.slider.value - this.slider.min) / (this.slider.max - this.slider.min || 1);
    this.slider.style.setProperty("--share", `${share * 100}%`);
  }
}

class Seed extends Numeric {
  constructor(element, schema, form, isRequired) {
    super(element, schema, form, isRequired);
    element.querySelector("[data-dice]").addEventListener("click", () => {
      const most = Math.min(schema.maximum ?? 2 ** 31 - 1, 2 ** 31 - 1);
      this.set(crypto.getRandomValues(new Uint32Array(1))[0] % (most + 1));
      this.input.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}

class Choice extends Text {
  get() {
    const chosen = this.input.matches("select") ? this.input.value : this.element.querySelector("[data-input]:checked")?.value;
    return chosen === undefined || chosen === "" ? undefined : this.schema.enum[chosen];
  }

  set(value) {
    const index = this.schema.enum.indexOf(value === undefined ? null : value);
    if (this.input.matches("select")) this.input.value = index < 0 ? "" : String(index);
    else for (const radio of this.element.querySelectorAll("[data-input]")) radio.checked = radio.value === String(index);
  }
}

class Several extends Text {
  get() {
    const chosen = [...this.element.querySelectorAll("[data-input]:checked")].map((box) => this.schema.items.enum[box.value]);
    return chosen.length || this.isRequired ? chosen : undefined;
  }

  set(value) {
    for (const box of this.element.querySelectorAll("[data-input]")) box.checked = (value ?? []).includes(this.schema.items.enum[box.value]);
  }
}

class List {
  constructor(element, schema, form) {
    this.element = element;
    this.schema = schema;
    this.form = form;
    this.items = element.querySelector("[data-items]");
    this.template = element.querySelector("template");
    this.button = element.querySelector(":scope > p > [data-add]");
    this.entries = [];
    this.made = 0;
    this.button.addEventListener("click", () => this.add().field.focus?.());
    for (let i = 0; i < (schema.minItems ?? 0); i++) this.add();
  }

  add(value) {
    const line = this.template.content.firstElementChild.cloneNode(true);
    const number = this.made++;
    for (const found of line.querySelectorAll("[id], [for], [name], [aria-describedby], [aria-labelledby]")) {
      for (const attribute of ["id", "for", "name", "aria-describedby", "aria-labelledby"]) {
        const text = found.getAttribute(attribute);
        if (text?.includes("__n__")) found.setAttribute(attribute, text.replaceAll("__n__", number));
      }
    }
    this.items.append(line);
    const field = fieldOf(line.querySelector("[data-kind]"), this.schema.items, this.form, true);
    const entry = { line, field };
    field.set(value ?? this.schema.items.default);
    line.querySelector(":scope > [data-remove]").addEventListener("click", () => {
      line.remove();
      this.entries.splice(this.entries.indexOf(entry), 1);
      this.limit();
      this.form.changed();
    });
    this.entries.push(entry);
    this.limit();
    return entry;
  }

  limit() {
    this.button.disabled = this.entries.length >= (this.schema.maxItems ?? 256);
  }

  get() {
    const found = this.entries.map(({ field }) => field.get()).filter((value) => value !== undefined);
    return found.length || "required" in this.element.dataset ? found : undefined;
  }

  set(values) {
    for (const { line } of this.entries) line.remove();
    this.entries = [];
    for (const value of values ?? []) this.add(value);
    this.limit();
  }

  show(problems, path) {
    // Empty entries are not sent, so the n-th value is the n-th entry that has one.
    const filled = this.entries.filter(({ field }) => field.get() !== undefined);
    say(this.element, distribute(problems, filled.map(({ field }, index) => [field, `${path}[${index}]`])));
  }
}

export class Form {
  /** facts: what the server tells of the model. onchange: called after every change. */
  constructor(root, facts, { onchange }) {
    this.root = root;
    this.facts = facts;
    this.onchange = onchange;
    this.fields = new Group(root, facts.schema, this);
    root.addEventListener("input", () => this.changed());
    root.addEventListener("change", () => this.changed());
    // Once a field was left, it says what is wrong with it.
    root.addEventListener("focusout", (event) => {
      const field = event.target.closest("[data-kind]");
      if (field && event.target.matches("[data-input]")) field.dataset.touched = "";
      this.showTouched();
    });
  }

  changed() {
    this.showTouched();
    this.onchange();
  }

  /** The body of the call. */
  value() {
    return this.fields.get();
  }

  set(value) {
    this.fields.set(value);
    this.onchange();
  }

  /** Fill in the defaults; those of media fields are somebody's example and stay out. */
  reset() {
    const entries = Object.entries(this.facts.schema.properties ?? {}).filter(([name]) => !(name in this.facts.media));
    this.set(Object.fromEntries(entries.map(([name, node]) => [name, node.default ?? undefined])));
  }

  problems() {
    const media = [...this.fields.fields.values()].flatMap((field) => (field instanceof MediaField ? field.problems() : []));
    const found = problemsOf(this.value(), this.facts.schema);
    // A file that is wrong is not among the values, so that it would also seem to be missing.
    const told = new Set(media.map((problem) => problem.path.replace(/\[\d+\]$/, "")));
    return [...found.filter((problem) => !told.has(problem.path)), ...media];
  }

  showTouched() {
    const touched = (path) => {
      const name = /^[^.[]+/.exec(path)?.[0];
      const field = this.root.querySelector(`[data-name="${CSS.escape(name ?? "")}"]`);
      return field && (("touched" in field.dataset) || field.querySelector("[data-touched]"));
    };
    this.fields.show(this.problems().filter((problem) => touched(problem.path)), "");
  }

  /** Show problems, also the server's; the first wrong field gets the focus. Returns those without a field. */
  show(problems) {
    for (const field of this.root.querySelectorAll("[data-kind]")) field.dataset.touched = "";
    const rest = this.fields.show(problems, "");
    const first = this.root.querySelector(".is-wrong");
    for (let fold = first?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    (first?.querySelector("[data-input], input, button, textarea, select") ?? first)?.focus();
    return rest;
  }
}
