// The form of a deployment: a workflow comes from a file, by dropping it, or as text, and is looked at before it is sent.

import "./acts.js";
import { t, tn, toast } from "./page.js";

const MOST_BYTES = 8 * 1024 * 1024;
const place = document.querySelector("[data-drop]");
const text = document.getElementById("workflow");

async function read(file) {
  if (!file) return;
  if (file.size > MOST_BYTES) {
    toast(t("This file is too large for a workflow."));
    return;
  }
  text.value = await file.text();
  const name = document.getElementById("name");
  if (!name.value) name.value = file.name.replace(/\.json$/i, "").slice(0, 200);
  look();
}

/** Say what was found, before the server does. */
function look() {
  let found = "";
  try {
    const graph = text.value.trim() && JSON.parse(text.value);
    if (Array.isArray(graph?.nodes)) found = t("This is the format of ComfyUI's editor; export it with Workflow > Export (API).");
    else if (graph) found = tn("{n} node", "{n} nodes", Object.keys(graph).length);
  } catch {
    found = t("This is not JSON.");
  }
  document.querySelector("[data-found]").textContent = found;
}

if (place) {
  document.querySelector("[data-read]").addEventListener("change", (event) => {
    read(event.target.files[0]);
    event.target.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) {
    place.addEventListener(kind, (event) => {
      event.preventDefault();
      place.classList.add("is-over");
    });
  }
  for (const kind of ["dragleave", "drop"]) place.addEventListener(kind, () => place.classList.remove("is-over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    read(event.dataTransfer.files[0]);
  });
  text.addEventListener("input", look);
  look();
}
document.querySelector("form.deploy").dataset.ready = "";
