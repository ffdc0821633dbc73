// Columns and pictures of candidates, fetched before they are needed.

import { getJson } from "./api.js";

const KEPT = 1500;

export class Cells {
  constructor(state) {
    this.state = state;
    this.rows = new Map();
    this.images = new Map();
  }

  address(row) {
    const { session, stretch, shared } = this.state;
    return `/picture/${row}.png?${new URLSearchParams({ tag: session.tag, stretch, shared: shared ? "1" : "0" })}`;
  }

  async load(rows) {
    const lacking = rows.filter((row) => !this.rows.has(row));
    if (lacking.length) {
      const found = await getJson("/api/rows", { rows: lacking.join(","), person: this.state.person });
      for (const cell of found) this.rows.set(cell.row, cell);
    }
    await Promise.all(rows.map((row) => this.image(row).ready));
    return rows.map((row) => this.rows.get(row));
  }

  image(row) {
    const address = this.address(row);
    if (!this.images.has(address)) {
      const image = new Image();
      image.alt = "";
      image.draggable = false;
      image.src = address;
      this.images.set(address, { image, ready: image.decode().catch(() => image.classList.add("broken")) });
      if (this.images.size > KEPT) this.images.delete(this.images.keys().next().value);
    }
    return this.images.get(address);
  }

  prefetch(rows) {
    if (rows.length) this.load(rows).catch(() => {});
  }

  forget() {
    this.rows.clear();
  }
}
