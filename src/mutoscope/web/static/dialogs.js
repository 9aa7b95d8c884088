// Two questions that pages ask: are you sure, and into which model?

import { t } from "./page.js";

/** Ask before something that cannot be taken back; word: what is on the button that goes on. */
export function isSure(question, more = "", word = t("Delete")) {
  const dialog = document.querySelector('[data-dialog="sure"]');
  dialog.querySelector("[data-question]").textContent = question;
  dialog.querySelector("[data-more]").textContent = more;
  dialog.querySelector("[value=yes]").textContent = word;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

/** Offer the models that take a file of this kind. */
export function useFile(fileId, kind) {
  const dialog = document.querySelector('[data-dialog="use"]');
  for (const list of dialog.querySelectorAll("[data-kind]")) {
    list.hidden = list.dataset.kind !== kind;
    for (const link of list.querySelectorAll("a")) {
      link.search = new URLSearchParams({ file: fileId, field: link.dataset.field });
    }
  }
  dialog.showModal();
}
