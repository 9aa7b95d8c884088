// What every page does: theme, clips that play when looked at, short messages.

const inPage = "document" in globalThis;
export const language = (inPage && document.documentElement.lang) || "en";
const words = JSON.parse((inPage && document.getElementById("words")?.textContent) || "{}");

/** A text in the page's language; {names} are replaced by values. */
export function t(text, values = {}) {
  return filled(words[text] ?? text, values);
}

/** The form of a text that fits a number, which is its {n}. */
export function tn(one, many, n, values = {}) {
  const forms = [words[one] ?? [one, many]].flat();
  return filled(forms[formOf(n, forms.length)], { n: number(n), ...values });
}

/** Which of so many forms: one; one and more; one, few and many. The catalogues have them in this order. */
function formOf(n, count) {
  const kind = new Intl.PluralRules(language).select(n);
  return Math.min(kind === "one" ? 0 : kind === "few" ? 1 : 2, count - 1);
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** What went wrong, in the page's language where the server's code has a sentence; the server's own words follow. */
export function explained(told) {
  const said = words[`#${told?.error_code}`];
  return said ? `${said} (${told.message})` : told?.message;
}

/** The address of a page in the page's language. */
export function to(path) {
  return (inPage ? document.documentElement.dataset.base : "") + path;
}

/** A number as it is written here; at most so many digits behind the point. */
export function number(value, digits = 3) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** US dollars, to the millionth where they are that small. */
export function money(usd) {
  return new Intl.NumberFormat(language, { style: "currency", currency: "USD", maximumFractionDigits: 6 }).format(usd);
}

/** A number with exactly so many digits behind the point. */
export function fixed(value, digits) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false };
  return new Intl.NumberFormat(language, options).format(value);
}

/** A share from 0 to 1. */
export function percent(share) {
  return new Intl.NumberFormat(language, { style: "percent" }).format(share);
}

/** An element with properties and children; text is never read as HTML. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Say something for a few seconds, to the eye and to screen readers. */
export function toast(text) {
  const line = make("p", { class: "toast" }, text);
  document.querySelector("[data-toasts]").append(line);
  setTimeout(() => line.remove(), 6000);
}

function themes() {
  const button = document.querySelector("[data-theme-switch]");
  button.hidden = false;
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    document.cookie = `mutoscope_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
  });
}

/** Whoever chooses a language is remembered; the place in the page is kept. */
function languages() {
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-language]");
    if (!chosen) return;
    document.cookie = `mutoscope_language=${chosen.dataset.language}; path=/; max-age=31536000; samesite=lax`;
    if (chosen.href) chosen.hash = location.hash;
    else chosen.closest("[data-offer]").remove();
  });
}

/** Clips play under the pointer or the focus; those marked `play` while they are seen. */
function clips(root) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) target.play().catch(() => {});
      else target.pause();
    }
  });
  for (const place of root.querySelectorAll("[data-clip]")) {
    const video = place.querySelector("video");
    if (!video || calm) continue;
    if (place.dataset.clip === "play") {
      seen.observe(video);
      continue;
    }
    const card = place.closest(".card") ?? place;
    const play = () => video.play().catch(() => {});
    const stop = () => video.pause();
    card.addEventListener("pointerenter", play);
    card.addEventListener("pointerleave", stop);
    card.addEventListener("focusin", play);
    card.addEventListener("focusout", stop);
  }
}

function hotkeys() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const field = document.querySelector('[data-hotkey="/"]');
    if (!field) return;
    event.preventDefault();
    field.focus();
  });
}

/** Menus close when one goes elsewhere, by pointer, Tab or Escape. */
function menus() {
  const close = (but) => {
    for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(but)) menu.open = false;
  };
  document.addEventListener("pointerdown", (event) => close(event.target));
  document.addEventListener("focusin", (event) => close(event.target));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest?.("[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

if (inPage) {
  themes();
  menus();
  languages();
  clips(document);
  hotkeys();
  document.body.addEventListener("htmx:afterSwap", (event) => clips(event.target));
}
