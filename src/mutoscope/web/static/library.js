// The library: favourites, collections, and many files at once.

import { t, tn, to, toast } from "./page.js";
import { isSure } from "./dialogs.js";
import { call } from "./server.js";
import { view } from "./viewer.js";

const AT_ONCE = 6;
const LOOK_MS = 4000;
const root = document.querySelector("[data-library]");
const bar = document.querySelector("[data-selection]");
const zip = bar.querySelector("[data-zip]");
const collectionId = root.dataset.collection;
const most = Number(root.dataset.most);
const acts = { collect, delete: remove };

// -- the selection ----------------------------------------------------------------------------------------------------

let last;
let { mark } = root.dataset;
let isLonger = false; // older files were asked for
let doings = 0; // grows when something is done here, and when it is done
const tiles = () => [...root.querySelectorAll("[data-file]")];
const boxOf = (tile) => tile.querySelector("[data-pick]");
const picked = () => tiles().filter((tile) => boxOf(tile).checked);

function drawSelection() {
  const chosen = picked();
  bar.hidden = chosen.length === 0;
  root.classList.toggle("is-picking", chosen.length > 0);
  bar.querySelector("[data-count]").textContent = tn("{n} file selected", "{n} files selected", chosen.length);
  zip.href = `/v1/files.zip?${chosen.slice(0, most).map((tile) => `file=${tile.dataset.file}`).join("&")}`;
  for (const tile of tiles()) tile.classList.toggle("is-picked", boxOf(tile).checked);
}

/** With Shift all between the last one and this one. */
function pick(box, isRange) {
  const all = tiles().map(boxOf);
  if (isRange && last?.isConnected) {
    const [from, until] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const between of all.slice(from, until + 1)) between.checked = box.checked;
  }
  last = box;
  drawSelection();
}

function clear() {
  for (const tile of tiles()) boxOf(tile).checked = false;
  drawSelection();
}

/** The same call for many files, some at a time; how many went wrong is told. */
async function each(chosen, act) {
  doings += 1;
  const waiting = [...chosen];
  const problems = [];
  const work = async () => {
    for (let tile = waiting.shift(); tile; tile = waiting.shift()) await act(tile).catch((error) => problems.push(error));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  doings += 1;
  if (problems.length) toast(problems[0].message);
  return problems.length === 0;
}

// -- acts -------------------------------------------------------------------------------------------------------------

async function favour(heart) {
  const tile = heart.closest("[data-file]");
  const isOn = heart.getAttribute("aria-pressed") !== "true";
  doings += 1;
  heart.setAttribute("aria-pressed", isOn);
  try {
    await call(isOn ? "PUT" : "DELETE", `/v1/files/${tile.dataset.file}/favourite`);
  } catch (error) {
    heart.setAttribute("aria-pressed", !isOn);
    toast(error.message);
  }
  doings += 1;
}

async function collect(chosen) {
  let id = await answerOf("collect");
  if (id === "new") id = (await named("", (name) => call("POST", "/v1/collections", { name })))?.collection_id;
  if (!id) return;
  const isDone = await each(chosen, (tile) => call("PUT", `/v1/collections/${id}/files/${tile.dataset.file}`));
  if (isDone) toast(tn("{n} file is in the collection.", "{n} files are in the collection.", chosen.length));
  await renewCollections();
  clear();
}

async function release(chosen) {
  await each(chosen, async (tile) => {
    await call("DELETE", `/v1/collections/${collectionId}/files/${tile.dataset.file}`);
    tile.remove();
  });
  await settled();
}

/** Uploads go alone; what a run made goes with the run. */
async function remove(chosen) {
  const uploads = chosen.filter((tile) => tile.dataset.role === "upload");
  const runs = [...new Set(chosen.filter((tile) => tile.dataset.role !== "upload").map((tile) => tile.dataset.request))];
  const parts = [
    uploads.length && tn("{n} upload goes. Runs that wait for it will fail.", "{n} uploads go. Runs that wait for them will fail.", uploads.length),
    runs.length && tn("{n} run goes with everything it made. What it cost stays on record.", "{n} runs go with everything they made. What they cost stays on record.", runs.length),
  ];
  const question = tn("Delete {n} file?", "Delete {n} files?", chosen.length);
  if (!(await isSure(question, parts.filter(Boolean).join(" ")))) return;
  const gone = (error) => {
    if (error.status !== 404) throw error;
  };
  await each(uploads, (tile) => call("DELETE", `/v1/files/${tile.dataset.file}`).catch(gone).then(() => tile.remove()));
  await each(runs, async (id) => {
    await call("DELETE", `/v1/requests/${id}`).catch(gone);
    for (const tile of tiles()) if (tile.dataset.request === id) tile.remove();
  });
  await settled();
}

/** After files went: nothing left means that the page says so. */
async function settled() {
  drawSelection();
  if (tiles().length === 0) location.reload();
  else await renewCollections();
}

// -- collections ------------------------------------------------------------------------------------------------------

function answerOf(name) {
  const dialog = document.querySelector(`[data-dialog="${name}"]`);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue), { once: true }));
}

/** Ask for a name until the server takes it, or the reader gives up; what the server answered. */
async function named(before, send) {
  const dialog = document.querySelector('[data-dialog="name"]');
  const [field, problem] = [dialog.querySelector("input"), dialog.querySelector("[data-problem]")];
  field.value = before;
  problem.hidden = true;
  for (;;) {
    if ((await answerOf("name")) !== "go") return null;
    try {
      return await send(field.value);
    } catch (error) {
      problem.textContent = error.problems?.[0]?.message ?? error.message;
      problem.hidden = false;
    }
  }
}

/** Chips and the list of the dialog, as the server has them now. */
async function renewCollections() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  putCollections(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

function putCollections(page) {
  for (const place of ["[data-collections]", '[data-dialog="collect"] ul']) document.querySelector(place).replaceWith(page.querySelector(place));
}

// -- what others add and delete ---------------------------------------------------------------------------------------

/** Ask whether there is anything else by now: another window, or a program by the API. */
async function look() {
  if (document.hidden) return;
  const before = doings;
  const headers = { Accept: "text/html", "X-Mutoscope-Shown": mark };
  const answer = await fetch(location.href, { headers, cache: "no-store" }).catch(() => null);
  if (answer?.status !== 200 || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (doings !== before) return; // it was asked before something that was done here
  mark = page.querySelector("[data-library]").dataset.mark;
  putFiles(page);
  if (!document.querySelector("dialog[open]")) putCollections(page);
  drawSelection();
}

/** Files come and go where they belong; all others stay as they are, with what is selected. */
function putFiles(page) {
  const [list, fresh] = [root, page].map((place) => place.querySelector("[data-tiles]"));
  if (!list || !fresh) {
    document.getElementById("tiles").replaceChildren(...page.getElementById("tiles").children);
    return;
  }
  const found = new Map([...fresh.querySelectorAll("[data-file]")].map((tile) => [tile.dataset.file, tile]));
  const end = fresh.querySelector("[data-more]");
  const since = end ? Number([...found.values()].at(-1).dataset.at) : 0;
  for (const tile of tiles()) if (!found.has(tile.dataset.file) && Number(tile.dataset.at) > since) tile.remove();
  const here = new Map(tiles().map((tile) => [tile.dataset.file, tile]));
  const least = isLonger ? Math.min(...[...here.values()].map((tile) => Number(tile.dataset.at))) : 0;
  for (const [id, tile] of found) {
    const old = here.get(id);
    if (old) old.querySelector("[data-heart]").setAttribute("aria-pressed", tile.querySelector("[data-heart]").getAttribute("aria-pressed"));
    else if (Number(tile.dataset.at) >= least) list.insertBefore(tile, tiles().find((other) => Number(other.dataset.at) < Number(tile.dataset.at)) ?? list.querySelector("[data-more]"));
  }
  if (isLonger) return;
  list.querySelector("[data-more]")?.remove();
  if (end) list.append(end);
  globalThis.htmx?.process(list);
}

const PAGE = {
  async new() {
    const made = await named("", (name) => call("POST", "/v1/collections", { name }));
    if (made) location.assign(to(`/library?collection=${made.collection_id}`));
  },
  async rename({ rename: before }) {
    if (await named(before, (name) => call("PATCH", `/v1/collections/${collectionId}`, { name }))) location.reload();
  },
  async forget() {
    if (!(await isSure(t("Delete this collection?"), t("Its files stay in the library.")))) return;
    await call("DELETE", `/v1/collections/${collectionId}`);
    location.assign(to("/library"));
  },
};
const BULK = { collect, release, delete: remove, clear };

document.addEventListener("click", async ({ target, shiftKey }) => {
  if (target.matches("[data-pick]")) return pick(target, shiftKey);
  const button = target.closest("button");
  if (!button) return;
  if (button.matches("[data-view]")) return view(button.closest("[data-file]"), acts);
  if (button.matches("[data-heart]")) return favour(button);
  const { bulk } = button.dataset;
  const name = Object.keys(PAGE).find((act) => act in button.dataset);
  try {
    if (bulk) await BULK[bulk](picked());
    else if (name) await PAGE[name](button.dataset);
  } catch (error) {
    toast(error.message);
  }
});
zip.addEventListener("click", () => {
  if (picked().length > most) toast(t("An archive holds {n} files; the rest stays selected for another one.", { n: most }));
});
document.body.addEventListener("htmx:afterSwap", () => {
  isLonger = true;
  drawSelection();
});
document.addEventListener("visibilitychange", look);
setInterval(look, LOOK_MS);
drawSelection();
root.dataset.ready = "";
