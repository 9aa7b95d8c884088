// What every node of a workflow made, node by node: players, pictures, texts, files to download.

import { make, t } from "./page.js";

const FILMS = /\.(mp4|mov|webm|mkv)$/i;
const SOUNDS = /\.(wav|mp3|m4a|flac|ogg)$/i;
const PICTURES = /\.(png|jpe?g|webp|gif)$/i;

/** run: a run that is over. */
export function drawnNodes(run) {
  const nodes = run.told.metadata?.told?.nodes ?? {};
  const files = run.told.output?.files ?? [];
  const parts = Object.entries(nodes).map(([id, channels]) => drawnNode(run, id, Object.values(channels).flat(), files));
  return make("div", { class: "run-stage" }, ...(parts.length ? parts : [make("p", { class: "made hint" }, t("No node showed anything."))]));
}

function drawnNode(run, id, items, files) {
  const title = document.querySelector(`#node-${CSS.escape(id.replaceAll(":", "-"))} > summary b`)?.textContent ?? "";
  const texts = items.filter((item) => typeof item !== "object");
  const made = items.filter((item) => typeof item === "object");
  return make(
    "section",
    { class: "made", "aria-label": `${id} ${title}` },
    make("h3", {}, `${id} ${title}`),
    texts.length > 0 && make("pre", { tabIndex: 0 }, texts.join("\n")),
    made.length > 0 && make("div", { class: "made-files" }, ...made.map((item) => drawnFile(run, item, files[item.file]))),
  );
}

function drawnFile(run, item, url) {
  const name = item.filename;
  if (!url) return make("p", {}, name);
  const label = { "aria-label": name };
  let view = null;
  if (FILMS.test(name)) view = make("video", { src: url, poster: `/v1/requests/${run.request_id}/poster`, controls: true, loop: true, muted: true, playsInline: true, preload: "metadata", ...label });
  else if (SOUNDS.test(name)) view = make("audio", { src: url, controls: true, preload: "metadata", ...label });
  else if (PICTURES.test(name)) view = make("a", { href: url, target: "_blank", rel: "noopener" }, make("img", { src: url, alt: name, loading: "lazy" }));
  return make("div", {}, view, make("p", {}, make("a", { href: url, download: name }, name)));
}
