// The calculator: asks the server, which reckons as it does for a quote and for a bill.

import { make, t } from "./page.js";
import { call } from "./server.js";

const asked = JSON.parse(document.getElementById("asked").textContent);
const form = document.querySelector("[data-calculator]");
const model = form.querySelector("[data-model]");
const fields = form.querySelector("[data-asked]");
const total = form.querySelector("[data-total]");
const words = form.querySelector("[data-words]");
const problem = form.querySelector("[data-form-problem]");
let timer;
let number = 0;

function draw() {
  fields.replaceChildren(...asked[model.value].map((field, index) => drawn(field, `asked-${index}`)));
}

function drawn({ name, title, options = [], value, minimum, maximum, multipleOf }, id) {
  const control = options.length
    ? make("select", { id, name }, ...options.map((option) => make("option", { value: option, selected: option === value }, String(option))))
    : make("input", { id, name, type: "number", value: value ?? "", min: minimum, max: maximum, step: multipleOf ?? "any" });
  return make("div", { class: "field" }, make("label", { htmlFor: id }, title), control);
}

async function reckon() {
  const mine = ++number;
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  try {
    const told = await call("GET", `/v1/prices/${model.value}?${query}`);
    if (mine !== number) return;
    problem.hidden = true;
    total.textContent = told.total_usd === null ? "–" : money(told.total_usd);
    words.textContent = told.count === 1 || told.price.cost_usd === null ? told.price.explanation : t("{count} runs, each {price}: {words}", { count: told.count, price: money(told.price.cost_usd), words: told.price.explanation });
  } catch (error) {
    if (mine !== number) return;
    total.textContent = "–";
    words.textContent = "";
    problem.textContent = error.message;
    problem.hidden = false;
  }
}

function money(usd) {
  return usd === 0 ? t("Free") : new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "USD", maximumFractionDigits: 6 }).format(usd);
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(reckon, 150);
});
form.addEventListener("submit", (event) => event.preventDefault());
model.addEventListener("change", () => {
  draw();
  reckon();
});
draw();
reckon();
