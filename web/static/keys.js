// Which key does what; a person may change each, and this browser remembers it.

import { recall, remember } from "./settings.js";

const USUAL = {
  confirm: "Enter",
  flip: " ",
  undo: "Backspace",
  left: "ArrowLeft",
  right: "ArrowRight",
  up: "ArrowUp",
  down: "ArrowDown",
  next: "PageDown",
  previous: "PageUp",
  view: ".",
  stretch: ",",
  shared: ";",
  rest: "=",
  of: "'",
  blink: "/",
  zoom_in: "+",
  zoom_out: "-",
  help: "?",
};

export const MEANING = {
  confirm: "give the rest of the page the usual verdict and go on",
  flip: "flip the candidate at the cursor",
  undo: "take the last batch back",
  left: "to the left",
  right: "to the right",
  up: "up",
  down: "down",
  next: "next page, without a verdict",
  previous: "page before",
  view: "from the grid to one candidate and back",
  stretch: "next stretch",
  shared: "one stretch for all, or each its own",
  rest: "next usual verdict",
  of: "judge the detection, or the object",
  blink: "blink the channels",
  zoom_in: "closer",
  zoom_out: "further away",
  help: "show the keys",
};

const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Backspace: "⌫", Enter: "⏎" };
const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];

export const keyName = (key) => NAMES[key] ?? key;
export const letterOf = (place) => LETTERS[place] ?? "";
export const placeOf = (letter) => LETTERS.indexOf(letter);

export class Keys {
  constructor(verdicts) {
    const digits = Object.fromEntries(verdicts.slice(0, 9).map((name, index) => [`verdict:${name}`, String(index + 1)]));
    this.bound = { ...USUAL, ...digits, ...recall("keys", {}) };
    this.letters = new Map();
    for (const name of verdicts) if (!this.letters.has(name[0])) this.letters.set(name[0], name);
  }

  actionOf(key) {
    return Object.keys(this.bound).find((action) => this.bound[action] === key) ?? "";
  }

  bind(action, key) {
    const other = this.actionOf(key);
    if (other) this.bound[other] = this.bound[action];
    this.bound[action] = key;
    remember("keys", this.bound);
  }

  reset() {
    remember("keys", {});
  }
}
