// Pictures of what there is so far of a run, as its engine draws them.

import { make } from "./page.js";

export class Previews {
  /** put(picture): show it. alt: what it is, where that is not said beside it. */
  constructor(put, alt = "") {
    this.put = put;
    this.alt = alt;
  }

  /** One after the other: a stream that begins anew tells all of them at once, and only the newest is worth a call. */
  async show(address) {
    this.wanted = address;
    if (this.isLoading) return;
    this.isLoading = true;
    while (this.wanted !== this.shown) {
      this.shown = this.wanted;
      const picture = make("img", { src: this.shown, alt: this.alt });
      const isThere = await picture.decode().then(() => true, () => false); // gone: the attempt is over
      if (isThere) this.put(picture);
    }
    this.isLoading = false;
  }
}
