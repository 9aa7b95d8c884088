// A model's API page: examples in tabs, copied, filled in with the reader's key and picture, and tried on the page.

import { explained, make, t, toast } from "./page.js";
import { copy } from "./server.js";

const facts = JSON.parse(document.getElementById("facts").textContent);
const own = { key: "", picture: "", request: "" };
const KEPT = "mutoscope_snippets";

// -- examples ---------------------------------------------------------------------------------------------------

const codes = [...document.querySelectorAll(".api-text pre > code")];
for (const code of codes) code.written = code.textContent;

/** An example with what the reader gave in place of what stands for it. */
function filled(text) {
  let told = text;
  if (own.key) {
    const quoted = JSON.stringify(own.key);
    told = told
      .replaceAll("=mk_…", `=${own.key}`)
      .replaceAll("$MUTOSCOPE_API_KEY", own.key)
      .replaceAll('os.environ["MUTOSCOPE_API_KEY"]', quoted)
      .replaceAll("process.env.MUTOSCOPE_API_KEY", quoted);
  }
  if (own.picture) told = told.replaceAll(facts.picture, own.picture);
  if (own.request) told = told.replaceAll("{request_id}", own.request);
  return told;
}

function fill() {
  for (const code of codes) code.textContent = filled(code.written);
}

function copyButton(find) {
  return make("button", { type: "button", class: "snippet-copy", onclick: () => copy(find().textContent) }, t("Copy"));
}

let number = 0;

/** Examples in several languages become tabs; the language chosen once is chosen everywhere. */
function tabbed(box) {
  const figures = [...box.querySelectorAll(".snippet")];
  const bar = make("div", { class: "snippet-bar" });
  const list = make("div", { role: "tablist", "aria-label": t("Language of the example") });
  const tabs = figures.map((figure) => {
    number += 1;
    figure.id = `snippet-${number}`;
    figure.setAttribute("role", "tabpanel");
    figure.setAttribute("aria-label", figure.dataset.name);
    return make(
      "button",
      { type: "button", role: "tab", "aria-controls": figure.id, onclick: () => chooseEverywhere(figure.dataset.name) },
      figure.dataset.name,
    );
  });
  list.append(...tabs);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  });
  box.choose = (name) => {
    const found = Math.max(0, figures.findIndex((figure) => figure.dataset.name === name));
    figures.forEach((figure, index) => figure.classList.toggle("is-chosen", index === found));
    tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", index === found ? "true" : "false");
      tab.tabIndex = index === found ? 0 : -1;
    });
  };
  bar.append(list, copyButton(() => box.querySelector(".is-chosen code")));
  if (box.dataset.call) bar.append(tryButton(box));
  box.prepend(bar);
  box.classList.add("is-tabbed");
}

function chooseEverywhere(name) {
  const before = document.activeElement?.getBoundingClientRect().top;
  for (const box of document.querySelectorAll("[data-snippets]")) box.choose(name);
  const after = document.activeElement?.getBoundingClientRect().top;
  if (before !== undefined && after !== undefined) scrollBy(0, after - before);
  try {
    localStorage.setItem(KEPT, name);
  } catch {
    // A browser that keeps nothing shows the first language again.
  }
}

function kept() {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}

// -- the reader's own key and picture ---------------------------------------------------------------------------

function api(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  if (own.key) headers.Authorization = `Bearer ${own.key}`;
  return fetch(path, { ...options, headers });
}

function fillIn(box) {
  const form = box.querySelector("form");
  const key = form.querySelector("#fill-key");
  const picture = form.querySelector("#fill-picture");
  const problem = form.querySelector("[data-fill-problem]");
  const say = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };
  box.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  key.addEventListener("input", () => {
    const good = /^[\w.~+/=-]*$/.test(key.value);
    own.key = good ? key.value : "";
    say(good ? "" : t("This is not an API key: a key has letters, digits and signs such as - and _."));
    fill();
  });
  form.querySelector("[data-new-key]")?.addEventListener("click", async () => {
    const wanted = JSON.stringify({ name: t("API page"), scopes: ["run", "read"] });
    const answer = await api("/v1/keys", { method: "POST", body: wanted, headers: { "Content-Type": "application/json" } });
    const told = await answer.json();
    if (!answer.ok) return say(explained(told));
    key.value = own.key = told.key;
    key.type = "text";
    say("");
    fill();
    return toast(t("The new key is filled in. It is shown only here and now."));
  });
  picture?.addEventListener("change", async () => {
    const [file] = picture.files;
    if (!file) return;
    const body = new FormData();
    body.append("file", file);
    const answer = await api("/v1/files", { method: "POST", body });
    const told = await answer.json();
    if (!answer.ok) {
      say(answer.status === 401 ? t("Fill in your key or sign in first; the picture goes to your account.") : explained(told));
      picture.value = "";
      return;
    }
    own.picture = told.url;
    say("");
    fill();
    for (const field of document.querySelectorAll(".try textarea")) field.value = field.value.replaceAll(facts.picture, told.url);
    toast(t("The picture is stored, and its address is in the examples."));
  });
}

// -- trying -----------------------------------------------------------------------------------------------------

function tryButton(box) {
  const button = make("button", { type: "button", "aria-expanded": "false" }, t("Try it"));
  button.addEventListener("click", () => {
    box.panel ??= box.appendChild(panel(box.dataset.call));
    box.panel.hidden = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", box.panel.hidden ? "false" : "true");
  });
  return button;
}

function panel(call) {
  const told = make("pre", { tabIndex: 0, hidden: true, role: "status" });
  const shown = make("div", { hidden: true });
  const send = make("button", { type: "button", class: "primary" }, t("Send"));
  const row = make("div", { class: "try-row" });
  const box = make("div", { class: "try" }, row, told, shown);
  const id = `try-${call}`;
  let field;
  if (call === "submit") {
    field = make("textarea", { id, spellcheck: false, value: filled(JSON.stringify(facts.body, null, 2)) });
    box.prepend(make("label", { for: id }, t("Body")), field);
  } else {
    field = make("input", { id, value: own.request, spellcheck: false, placeholder: "request_id" });
    row.append(make("p", {}, make("label", { for: id }, "request_id"), field));
    document.addEventListener("mutoscope:submitted", () => (field.value = own.request));
  }
  row.append(send);
  send.addEventListener("click", async () => {
    send.disabled = true;
    try {
      await perform(call, field.value.trim(), told, shown);
    } finally {
      send.disabled = false;
    }
  });
  return box;
}

async function perform(call, text, told, shown) {
  told.hidden = false;
  shown.hidden = true;
  shown.replaceChildren();
  if (call !== "submit" && !text) {
    told.textContent = t("Submit a request first, or put the id of one here.");
    return;
  }
  const [path, options] =
    call === "submit"
      ? [`/v1/models/${facts.model_id.split("/").map(encodeURIComponent).join("/")}`, post(text)]
      : [`/v1/requests/${encodeURIComponent(text)}/${call}`, call === "cancel" ? { method: "POST" } : {}];
  let answer;
  let data;
  try {
    answer = await api(path, options);
    data = await answer.json();
  } catch {
    told.textContent = t("The server cannot be reached.");
    return;
  }
  told.textContent = `HTTP ${answer.status}\n${JSON.stringify(data, null, 2)}`;
  if (answer.status === 401) told.textContent += `\n\n${t("Fill in your key above, or sign in.")}`;
  if (call === "submit" && data.request_id) {
    own.request = data.request_id;
    fill();
    document.dispatchEvent(new Event("mutoscope:submitted"));
  }
  show(data.output ?? {}, shown);
}

function post(body) {
  return { method: "POST", body, headers: { "Content-Type": "application/json" } };
}

function show(output, place) {
  for (const [name, value] of Object.entries(output)) {
    for (const address of [value].flat()) {
      const url = new URL(address, location.href);
      if (!/^https?:$/.test(url.protocol)) continue;
      const local = url.host === location.host ? url.href : `${url.pathname}${url.search}`;
      place.append(
        name.startsWith("video")
          ? make("video", { src: local, controls: true, muted: true, loop: true, autoplay: true, playsInline: true })
          : make("img", { src: local, alt: t("What the model made") }),
      );
      place.hidden = false;
    }
  }
}

// -- the page ---------------------------------------------------------------------------------------------------

function contents(box) {
  if (matchMedia("(max-width: 60rem)").matches) box.open = false;
  const links = new Map([...box.querySelectorAll('a[href^="#"]')].map((link) => [link.hash.slice(1), link]));
  const headings = [...links.keys()].map((anchor) => document.getElementById(anchor));
  const mark = () => {
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight / 3);
    const here = links.get((passed.at(-1) ?? headings[0]).id);
    for (const link of links.values()) {
      if (link === here) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
}

for (const box of document.querySelectorAll("[data-snippets]")) tabbed(box);
for (const box of document.querySelectorAll("[data-snippets]")) box.choose(kept());
for (const figure of document.querySelectorAll("[data-json]")) figure.append(copyButton(() => figure.querySelector("code")));
fillIn(document.querySelector("[data-fill]"));
contents(document.querySelector("[data-contents]"));
