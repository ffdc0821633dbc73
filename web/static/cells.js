// Columns and pictures of candidates, fetched before they are needed: one request for a page.

import { getJson } from "./api.js";

const KEPT = 1500;

export class Cells {
  constructor(state) {
    this.state = state;
    this.rows = new Map();
    this.images = new Map();
    this.coming = new Map();
  }

  look(row) {
    return `${row} ${this.state.stretch} ${this.state.shared}`;
  }

  async load(rows) {
    const lacking = rows.filter((row) => !(this.rows.has(row) && this.images.has(this.look(row))));
    if (lacking.length) await this.#once(lacking);
    await Promise.all(rows.map((row) => this.images.get(this.look(row)).ready));
    return rows.map((row) => this.rows.get(row));
  }

  #once(rows) {
    const key = `${this.look(rows[0])} ${rows.length} ${rows.at(-1)}`;
    if (!this.coming.has(key)) this.coming.set(key, this.#fetch(rows).finally(() => this.coming.delete(key)));
    return this.coming.get(key);
  }

  async #fetch(rows) {
    const { stretch, shared, person } = this.state;
    const looks = rows.map((row) => this.look(row));
    const before = this.state.outbox.said(person);
    const found = await getJson("/api/rows", { rows: rows.join(","), person, stretch, shared: shared ? "1" : "" });
    const waiting = new Map([...before, ...this.state.outbox.said(person)]);
    found.forEach(({ picture, ...cell }, index) => {
      if (waiting.has(cell.row)) cell.mine = waiting.get(cell.row);
      if (!this.rows.has(cell.row)) this.rows.set(cell.row, cell);
      this.#keep(looks[index], picture);
    });
  }

  #keep(look, picture) {
    const image = new Image();
    image.alt = "";
    image.draggable = false;
    image.src = `data:image/png;base64,${picture}`;
    this.images.set(look, { image, ready: image.decode().catch(() => image.classList.add("broken")) });
    if (this.images.size > KEPT) this.images.delete(this.images.keys().next().value);
  }

  image(row) {
    return this.images.get(this.look(row)).image;
  }

  async prefetch(rows) {
    await this.state.outbox.free();
    if (rows.length) this.load(rows).catch(() => {});
  }

  forget() {
    this.rows.clear();
  }
}
