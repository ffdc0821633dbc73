// One candidate: its channels side by side, blinking and zoomed, with everything that is known of it.

import { getJson } from "./api.js";
import { curve } from "./curve.js";
import { el, nice, words } from "./dom.js";
import { keyName } from "./keys.js";
import { onlyChannel } from "./strip.js";

const BLINK_MS = 450;
const ZOOMS = [1, 1.5, 2, 3, 4, 6];

export class Single {
  constructor(state) {
    this.state = state;
    this.zoom = 0;
    this.blinking = false;
  }

  async show(pressed) {
    const { state } = this;
    this.leave();
    const row = state.order[state.start];
    const call = this.call = {};
    if (row === undefined) {
      this.row = undefined;
      this.busy = false;
      state.place.replaceChildren(el("p", { class: "empty" }, "No candidate is left here."));
      return;
    }
    this.busy = true; // a key that comes before the candidate is seen is not meant for it
    let cell;
    try {
      [cell] = await state.cells.load([row]);
    } finally {
      if (this.call === call) this.busy = false;
    }
    if (state.view !== this || this.call !== call) return;
    this.row = row;
    this.side = el("aside", {});
    const judge = el("div", { class: "judge" }, ...this.#buttons(cell));
    state.place.replaceChildren(el("div", { class: "single" }, el("div", { class: "look" }, this.#panes(cell), judge), this.side));
    state.counter.showing();
    if (pressed) requestAnimationFrame(() => performance.measure("next", { start: pressed, end: performance.now() }));
    state.cells.prefetch([...state.order.slice(state.start + 1, state.start + 4)]);
    this.#describe(cell).catch((error) => state.say(error.message));
  }

  leave() {
    clearInterval(this.timer);
  }

  #panes(cell) {
    const { session, cells } = this.state;
    const image = cells.image(cell.row);
    const count = session.channels.length;
    const made = session.channels.map((name, index) => {
      const { pane, show } = onlyChannel(image.cloneNode(), index, count, session.size);
      return { name: el("figcaption", {}, name), pane, show };
    });
    made.forEach(({ pane }) => pane.style.setProperty("--zoom", ZOOMS[this.zoom]));
    if (this.blinking && count > 1) this.#blink(made[0], session.channels);
    return el("div", { class: "panes" }, ...made.map(({ name, pane }) => el("figure", {}, pane, name)));
  }

  #blink(first, channels) {
    let at = 0;
    this.timer = setInterval(() => {
      at = (at + 1) % channels.length;
      first.show(at);
      first.name.textContent = `${channels[at]} (blinking)`;
    }, BLINK_MS);
  }

  #buttons(cell) {
    const { session, keys } = this.state;
    return [...session.classes, ...session.states].map((name) => {
      const key = keys.bound[`verdict:${name}`];
      const letter = keys.letters.get(name[0]) === name && !keys.actionOf(name[0]) ? ` ${name[0]}` : "";
      return el("button", {
        class: cell.mine?.verdict === name ? "said" : "",
        onclick: () => {
          if (this.busy) return;
          this.state.counter.pressed();
          this.judge(name, performance.now());
        },
      }, el("kbd", {}, `${keyName(key ?? "")}${letter}`), words(name));
    });
  }

  async #describe(cell) {
    const { state } = this;
    const detail = await getJson("/api/detail", { row: cell.row, person: state.person });
    if (this.row !== cell.row) return;
    const error = cell.score_std === null || cell.score_std === undefined ? "" : ` ± ${nice(cell.score_std)}`;
    const facts = [
      el("h2", {}, cell.object_id || cell.candidate_id),
      el("p", { class: "score" }, `score ${nice(cell.score)}${error}`, cell.called ? ` · called ${cell.called}` : ""),
      cell.reason ? el("p", {}, cell.reason) : null,
      detail.flags.length ? el("ul", { class: "flags" }, ...detail.flags.map((flag) => el("li", {}, flag))) : null,
      detail.visits.length > 1 ? curve(detail.visits) : null,
      detail.said.length ? this.#history(detail.said) : null,
      el("table", { class: "facts" }, ...Object.entries(detail.columns).map(([name, value]) =>
        el("tr", {}, el("th", {}, words(name)), el("td", {}, String(value))))),
      detail.judged ? null : el("p", { class: "hint" }, "Labels and what others said are shown once you have judged."),
    ];
    this.side.replaceChildren(...facts.filter(Boolean));
  }

  #history(said) {
    const lines = said.map((one) => el("li", {}, `${words(one.verdict)} (${one.of}), ${one.person}, ${one.at_utc.slice(0, 19).replace("T", " ")}`));
    return el("div", {}, el("h3", {}, "Said so far"), el("ul", {}, ...lines));
  }

  judge(verdict, pressed) {
    if (this.row === undefined) return;
    this.state.verdicts.give([[this.row, verdict]], pressed);
    this.#go(1, pressed);
  }

  #go(steps, pressed) {
    const { state } = this;
    const before = state.start;
    const at = state.start = Math.max(0, Math.min(state.order.length, before + steps));
    return this.show(pressed).then(() => state.say(), (error) => {
      if (state.start === at) state.start = before;
      state.say(error.message);
    });
  }

  act(action, pressed) {
    if (this.busy) return false;
    if (action.startsWith("verdict:")) this.judge(action.slice(8), pressed);
    else if (action === "confirm") this.judge(this.state.rest, pressed);
    else if (["right", "down", "next"].includes(action)) this.#go(1);
    else if (["left", "up", "previous"].includes(action)) this.#go(-1);
    else if (action === "zoom_in" || action === "zoom_out") {
      this.zoom = Math.max(0, Math.min(ZOOMS.length - 1, this.zoom + (action === "zoom_in" ? 1 : -1)));
      document.querySelectorAll(".panes .pane").forEach((pane) => pane.style.setProperty("--zoom", ZOOMS[this.zoom]));
    } else if (action === "blink") {
      this.blinking = !this.blinking;
      this.show();
    } else return false;
    return true;
  }

  letter(key, pressed) {
    const verdict = this.state.keys.letters.get(key);
    if (this.busy || !verdict || this.row === undefined) return false;
    this.judge(verdict, pressed);
    return true;
  }
}
