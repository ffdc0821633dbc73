// Verdicts on their way: sent one batch after the other until the server says that they are on disk.
// They are kept by the browser meanwhile, so that neither a reload nor a dead server loses one.

import { post, Refused } from "./api.js";
import { allOf, forget, remember } from "./settings.js";

const WAIT_MS = 1000;
const PATIENCE_MS = 300;

export class Outbox {
  constructor(name, changed) {
    this.name = `outbox.${name}.${Math.random().toString(36).slice(2)}`; // each window keeps its own
    this.items = this.#adopted(`outbox.${name}.`);
    this.numbers = new Map();
    this.stored = 0;
    this.trouble = "";
    this.changed = changed;
    this.busy = false;
  }

  get waiting() {
    return this.items.reduce((sum, item) => sum + (item.verdicts?.length ?? 0), 0);
  }

  said(person) { // what the server does not know yet, by row
    const found = new Map();
    for (const item of this.items.filter((one) => one.person === person)) {
      for (const { row, verdict, of } of item.verdicts ?? []) found.set(row, { verdict, of });
      (item.rows ?? []).forEach((row, place) => found.set(row, item.before?.[place] ?? null));
    }
    return found;
  }

  add(item) {
    this.items.push(item);
    this.#keep();
    this.sending = this.send();
  }

  // Ends once what was added is stored, or after a while: what can wait lets the verdicts go first.
  free() {
    return Promise.race([this.sending, new Promise((done) => setTimeout(done, PATIENCE_MS))]);
  }

  async send() {
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.items.length) {
        await this.#sendFirst(this.items[0]);
        this.items.shift();
        this.#keep();
      }
    } catch (error) {
      this.trouble = `not stored yet: ${error.message}`;
      this.changed();
      setTimeout(() => this.send(), WAIT_MS);
    } finally {
      this.busy = false;
    }
  }

  async #sendFirst(item) {
    try {
      await (item.verdicts ? this.#sendVerdicts(item) : this.#sendUndo(item));
      this.trouble = "";
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.trouble = `refused: ${error.message}`;
    }
  }

  async #sendVerdicts(item) {
    const { confirmed } = await post("/api/verdicts", { person: item.person, asked: item.asked, verdicts: item.verdicts });
    const numbers = Object.values(confirmed);
    this.numbers.set(item.batch, numbers);
    for (const later of this.items) if (!later.verdicts && later.batch === item.batch) later.numbers = numbers;
    this.stored += item.verdicts.length;
    if (item.pressed) performance.measure("confirmed", { start: item.pressed, end: performance.now() });
  }

  async #sendUndo(item) {
    const { numbers } = item;
    if (!numbers?.length) return; // what it would take back was refused
    await post("/api/undo", { person: item.person, numbers, token: item.token });
    this.stored -= this.numbers.has(item.batch) ? numbers.length : 0;
  }

  // Takes over what windows that were closed, or are still sending, have left: what is sent twice counts once.
  #adopted(prefix) {
    const left = allOf(prefix);
    const items = [...left.values()].flat();
    if (items.length) remember(this.name, items); // before it is forgotten elsewhere
    for (const name of left.keys()) forget(name);
    return items;
  }

  #keep() {
    remember(this.name, this.items.map(({ pressed, ...item }) => item));
    this.changed();
  }
}
