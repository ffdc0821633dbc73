// The grid: one key gives the rest of the page the usual verdict, letters and clicks flip exceptions.

import { el, nice, words } from "./dom.js";
import { letterOf, placeOf } from "./keys.js";
import { onlyChannel } from "./strip.js";

export class Grid {
  constructor(state) {
    this.state = state;
    this.cursor = 0;
    this.marks = new Map();
    this.boxes = [];
    this.rows = [];
  }

  get count() {
    return this.state.side ** 2;
  }

  get columns() {
    return window.innerWidth > 700 ? this.state.side : Math.min(this.state.side, 2);
  }

  pageRows(start) {
    return [...this.state.order.slice(start, start + this.count)];
  }

  async show(pressed) {
    const { state } = this;
    const rows = this.pageRows(state.start);
    const call = this.call = {};
    this.busy = true; // a key that comes before the page is seen is not meant for it
    let cells;
    try {
      cells = await state.cells.load(rows);
    } finally {
      if (this.call === call) this.busy = false;
    }
    if (state.view !== this || this.call !== call) return;
    const isSame = rows.join() === this.rows.join(); // in another stretch: what was marked stays marked
    if (!isSame) this.marks.clear();
    this.cursor = Math.min(this.cursor, Math.max(0, rows.length - 1));
    this.rows = rows;
    this.boxes = cells.map((cell, place) => this.#box(cell, place));
    const table = el("div", { class: "grid" }, ...this.boxes);
    table.style.setProperty("--side", this.columns);
    state.place.replaceChildren(this.boxes.length ? table : el("p", { class: "empty" }, "No candidate is left here."));
    this.#paint();
    if (!isSame) state.counter.showing();
    if (pressed) requestAnimationFrame(() => performance.measure("next", { start: pressed, end: performance.now() }));
    state.cells.prefetch(this.pageRows(state.start + this.count));
  }

  #box(cell, place) {
    const { state } = this;
    const image = state.cells.image(cell.row);
    const channels = state.session.channels.length;
    image.removeAttribute("style");
    const picture = state.channel < 0
      ? el("span", { class: "strip" }, image)
      : onlyChannel(image, state.channel, channels, state.session.size).pane;
    const name = cell.object_id || cell.candidate_id;
    const caption = el("span", { class: "caption" },
      el("kbd", {}, letterOf(place)),
      el("b", {}, nice(cell.score, 2)),
      el("span", { class: "verdict" }),
    );
    const title = [name, cell.called && `called ${cell.called}`, cell.reason, ...cell.flags].filter(Boolean).join("\n");
    const box = el("button", { class: "cell", title, tabindex: "-1", "aria-label": name, onclick: () => {
      if (this.busy) return;
      state.counter.pressed();
      this.cursor = place;
      this.flip(place);
    } }, picture, caption);
    box.dataset.row = cell.row;
    return box;
  }

  #paint() {
    this.boxes.forEach((box, place) => {
      const cell = this.state.cells.rows.get(this.rows[place]);
      const mark = this.marks.get(place);
      const said = mark ?? cell.mine?.verdict ?? "";
      box.dataset.verdict = said;
      box.dataset.kind = this.#kind(said);
      box.classList.toggle("marked", mark !== undefined);
      box.classList.toggle("cursor", place === this.cursor);
      box.querySelector(".verdict").textContent = words(said);
    });
  }

  #kind(verdict) {
    const index = this.state.session.classes.indexOf(verdict);
    return index < 0 ? verdict : index === 0 ? "negative" : "positive";
  }

  flip(place) {
    if (place < 0 || place >= this.boxes.length) return;
    const others = [...this.state.session.classes.filter((name) => name !== this.state.rest).slice(-1), "unsure", undefined];
    this.mark(place, others[(others.indexOf(this.marks.get(place)) + 1) % others.length]);
  }

  mark(place, verdict) {
    if (verdict === undefined) this.marks.delete(place);
    else this.marks.set(place, verdict);
    this.#paint();
  }

  confirm(pressed) {
    const { state } = this;
    const pairs = this.rows.map((row, place) => {
      const mine = state.cells.rows.get(row).mine;
      return [row, this.marks.get(place) ?? (mine ? undefined : state.rest)];
    });
    state.verdicts.give(pairs.filter(([, verdict]) => verdict !== undefined), pressed);
    this.marks.clear();
    this.go(1, pressed);
  }

  go(pages, pressed) {
    const { state } = this;
    const before = state.start;
    const start = before + pages * this.count;
    const atEnd = start >= state.order.length;
    if (start >= 0 && !(pages > 0 && atEnd && pressed === undefined)) state.start = Math.min(start, state.order.length);
    this.cursor = 0;
    const at = state.start;
    return this.show(pressed).catch((error) => { // the page is not there: the one that is seen stays the present one
      if (state.start === at) state.start = before;
      state.say(error.message);
    });
  }

  act(action, pressed) {
    if (this.busy) return false;
    const side = this.columns;
    const steps = { left: -1, right: 1, up: -side, down: side };
    if (action in steps) {
      const to = this.cursor + steps[action];
      if (to >= 0 && to < this.boxes.length) this.cursor = to;
      this.#paint();
    } else if (action === "flip") this.flip(this.cursor);
    else if (action === "confirm") this.confirm(pressed);
    else if (action === "next") this.go(1);
    else if (action === "previous") this.go(-1);
    else if (action.startsWith("verdict:")) this.mark(this.cursor, action.slice(8));
    else return false;
    return true;
  }

  letter(key) {
    const place = placeOf(key);
    if (this.busy || place < 0 || place >= this.boxes.length) return false;
    this.cursor = place;
    this.flip(place);
    return true;
  }
}
