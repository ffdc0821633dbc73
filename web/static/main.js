// The page: fetches what there is, listens to keys, and hands them to the grid or the single view.

import { getJson, getOrder, only } from "./api.js";
import { Cells } from "./cells.js";
import { Counter } from "./counter.js";
import { byId, el } from "./dom.js";
import { Grid } from "./grid.js";
import { openHelp, showButtons, showKeys } from "./help.js";
import { Keys } from "./keys.js";
import { Outbox } from "./outbox.js";
import { recall, remember } from "./settings.js";
import { Single } from "./single.js";
import { buildToolbar } from "./toolbar.js";
import { Verdicts } from "./verdicts.js";

const state = {
  place: byId("view"),
  person: recall("person", ""),
  side: recall("side", 5),
  channel: recall("channel", -1),
  stretch: recall("stretch", "asinh"),
  shared: recall("shared", false),
  rest: recall("rest", ""),
  of: "detection",
  asked: { queue: "all", sort: "", where: "", band: "", unseen: false, unlabelled: false },
  order: new Int32Array(),
  start: 0,
  counter: new Counter(),
};

state.say = (trouble = "") => {
  const { outbox, order, start, side, counter } = state;
  const last = Math.min(order.length, start + (state.view === state.grid ? side ** 2 : 1));
  const parts = [
    order.length ? `${Math.min(start + 1, order.length)}–${last} of ${order.length}` : "no candidates",
    `${outbox.stored} stored`,
    outbox.waiting ? `${outbox.waiting} waiting` : "",
    state.of === "object" ? "judging objects" : "",
    counter.words(),
  ];
  const wrong = trouble || outbox.trouble;
  byId("status").replaceChildren(parts.filter(Boolean).join(" · "), wrong ? el("span", { class: "trouble" }, ` · ${wrong}`) : "");
  byId("status").dataset.waiting = outbox.waiting;
  byId("status").dataset.stored = outbox.stored;
};

state.refresh = async (pressed) => {
  showKeys(state);
  showButtons(state, act);
  await state.view.show(pressed).catch((error) => state.say(error.message));
  state.say();
};

state.reopen = async () => {
  const { asked } = state;
  const listed = { ...asked };
  const ticks = { unseen: asked.unseen ? "1" : "", unlabelled: asked.unlabelled ? "1" : "" };
  try {
    state.order = await getOrder({ ...asked, ...ticks, person: state.person });
  } catch (error) {
    state.say(error.message);
    return;
  }
  state.listed = listed;
  state.start = 0;
  state.cells.forget();
  await state.refresh();
};

state.askPerson = () => {
  const name = el("input", { name: "person", required: true, maxlength: "60", value: state.person, autocomplete: "name" });
  const dialog = el("dialog", { class: "who", onclose: () => dialog.remove() },
    el("form", { method: "dialog", onsubmit: () => {
      remember("person", name.value.trim());
      location.reload();
    } }, el("label", {}, "Your name, which is kept with each verdict ", name), el("button", {}, "Go on")));
  document.body.append(dialog);
  dialog.showModal();
  name.focus();
};

state.undo = async (pressed) => {
  const rows = state.verdicts.undo();
  const at = state.order.indexOf(rows[0] ?? -1);
  if (at >= 0) state.start = state.view === state.grid ? at - (at % state.side ** 2) : at;
  await state.refresh(pressed);
};

state.turn = async () => {
  const toSingle = state.view === state.grid;
  if (toSingle) state.start = Math.min(state.start + state.grid.cursor, Math.max(0, state.order.length - 1));
  state.view.leave?.();
  state.view = toSingle ? state.single : state.grid;
  if (!toSingle) {
    const count = state.side ** 2;
    state.grid.cursor = state.start % count;
    state.start -= state.grid.cursor;
  }
  document.body.classList.toggle("one", toSingle);
  await state.refresh();
};

function next(values, value) {
  return values[(values.indexOf(value) + 1) % values.length];
}

const COMMON = {
  undo: (pressed) => state.undo(pressed),
  view: () => state.turn(),
  help: () => openHelp(state),
  stretch: () => change("stretch", next(state.session.stretches, state.stretch)),
  shared: () => change("shared", !state.shared),
  rest: () => change("rest", next(state.session.classes, state.rest)),
  of: () => change("of", state.of === "object" ? "detection" : "object"),
};

function change(name, value) {
  state[name] = value;
  if (name !== "of") remember(name, value);
  buildToolbar(state);
  return state.refresh();
}

function act(action, pressed) {
  if (action in COMMON) COMMON[action](pressed);
  else if (!state.view.act(action, pressed)) return false;
  state.say();
  return true;
}

function onKey(event) {
  const typing = event.target.closest?.("header") || document.querySelector("dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat && !/^(Arrow|Page)/.test(event.key)) return;
  const pressed = performance.now();
  const action = state.keys.actionOf(event.key);
  if (action !== "help") state.counter.pressed();
  if (action ? act(action, pressed) : state.view.letter(event.key, pressed)) event.preventDefault();
  else state.counter.unpressed();
}

async function begin() {
  state.session = await getJson("/api/session", { person: state.person });
  state.person = state.session.person || state.person;
  state.asked.queue = state.session.queue;
  const { classes, states, tag, stretches } = state.session;
  only(tag);
  if (!classes.includes(state.rest)) state.rest = classes[0];
  if (!stretches.includes(state.stretch)) state.stretch = stretches[0];
  if (state.channel >= state.session.channels.length) state.channel = -1;
  state.keys = new Keys([...classes, ...states]);
  state.cells = new Cells(state);
  state.outbox = new Outbox(tag, () => state.say());
  state.verdicts = new Verdicts(state);
  state.grid = new Grid(state);
  state.single = new Single(state);
  state.view = state.grid;
  if (!state.person) {
    state.askPerson();
    return;
  }
  buildToolbar(state);
  state.outbox.send();
  document.addEventListener("keydown", onKey);
  await state.reopen();
}

begin().catch((error) => byId("view").replaceChildren(el("p", { class: "trouble" }, error.message)));
