// What every page does: theme, clips that play when looked at, short messages.

const inPage = "document" in globalThis;
const words = JSON.parse((inPage && document.getElementById("words")?.textContent) || "{}");

/** A text in the page's language; {names} are replaced by values. */
export function t(text, values = {}) {
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
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
  clips(document);
  hotkeys();
  document.body.addEventListener("htmx:afterSwap", (event) => clips(event.target));
}
