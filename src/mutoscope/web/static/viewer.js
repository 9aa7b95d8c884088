// One file, large, with what can be done with it.

import { make, t, to, toast } from "./page.js";
import { useFile } from "./dialogs.js";
import { call, copy } from "./server.js";

const dialog = document.querySelector('[data-dialog="viewer"]');
const at = (name) => dialog.querySelector(`[data-${name}]`);
let shown;

/** Show a tile's file. acts: {collect(tile), delete(tile)}. */
export function view(tile, acts) {
  shown = { tile, acts };
  const { url, kind, name, title, facts, request } = tile.dataset;
  at("stage").replaceChildren(stageOf(kind, url, title));
  at("name").textContent = title;
  at("facts").textContent = facts;
  at("download").href = url;
  at("download").download = name;
  at("use").hidden = !document.querySelector(`[data-dialog="use"] [data-kind="${kind}"]`);
  at("run").hidden = !request;
  at("run").href = to(`/generations/${request}`);
  dialog.showModal();
}

function stageOf(kind, url, name) {
  if (kind === "image") return make("img", { src: url, alt: name });
  if (kind === "video") return make("video", { src: url, controls: true, loop: true, muted: true, playsInline: true, "aria-label": name });
  return make("audio", { src: url, controls: true, "aria-label": name });
}

/** Whoever has the link sees the file until the link expires. */
async function copyLink() {
  try {
    const { url } = await call("GET", `/v1/files/${shown.tile.dataset.file}`);
    dialog.close();
    await copy(url, t("Copied. Whoever has this link can see the file until the link expires."));
  } catch (error) {
    toast(error.message);
  }
}

dialog.addEventListener("close", () => at("stage").replaceChildren());
at("link").addEventListener("click", copyLink);
for (const [name, act] of [
  ["use", ({ tile }) => useFile(tile.dataset.file, tile.dataset.kind)],
  ["collect", ({ tile, acts }) => acts.collect([tile])],
  ["delete", ({ tile, acts }) => acts.delete([tile])],
]) {
  at(name).addEventListener("click", () => {
    dialog.close();
    act(shown);
  });
}
