// What is shown, and how: queue, order, conditions, size of the grid, stretch.

import { byId, choice, el, tick, words } from "./dom.js";
import { remember } from "./settings.js";

export function buildToolbar(state) {
  const { session, asked } = state;
  const again = (name) => (value) => {
    asked[name] = value;
    state.reopen();
  };
  const look = (name) => (value) => {
    state[name] = value;
    remember(name, value);
    state.refresh();
  };
  const where = el("input", {
    type: "text", placeholder: "score > 0.3 and magnitude < 20", value: asked.where, size: "24", spellcheck: "false",
    title: `condition on ${session.columns.join(", ")}`, onchange: () => { where.blur(); again("where")(where.value); },
  });
  const sorts = ["", ...session.columns.flatMap((name) => [`-${name}`, name])];
  const said = { "": "as queued", ...Object.fromEntries(sorts.filter(Boolean).map((name) =>
    [name, name.startsWith("-") ? `${words(name.slice(1))}, largest first` : `${words(name)}, smallest first`])) };
  const sides = [2, 3, 4, 5, 6, 7, 8, 9, 10];
  const channels = { "-1": "all", ...Object.fromEntries(session.channels.map((name, index) => [index, name])) };
  const parts = [
    el("button", { class: "person", title: "who judges", onclick: () => state.askPerson() }, state.person),
    choice("queue", session.queues, asked.queue, again("queue"), Object.fromEntries(session.queues.map((name) => [name, words(name)]))),
    choice("order", sorts, asked.sort, again("sort"), said),
    el("label", {}, "only", where),
    session.bands.length > 1 ? choice("band", ["", ...session.bands], asked.band, again("band"), { "": "all" }) : null,
    tick("not yet seen by me", asked.unseen, again("unseen")),
    session.labels ? tick("without a label", asked.unlabelled, again("unlabelled")) : null,
    choice("grid", sides, state.side, (value) => look("side")(Number(value)), Object.fromEntries(sides.map((n) => [n, `${n} × ${n}`]))),
    choice("channels", Object.keys(channels).sort((a, b) => a - b), state.channel, (value) => look("channel")(Number(value)), channels),
    choice("stretch", session.stretches, state.stretch, look("stretch")),
    tick("one for all", state.shared, look("shared")),
    choice("rest is", session.classes, state.rest, look("rest")),
  ];
  const fold = el("details", { class: "fold" }, el("summary", {}, "Choose"), el("div", { class: "choices" }, ...parts.filter(Boolean)));
  fold.open = window.innerWidth > 700;
  byId("toolbar").replaceChildren(fold);
}
