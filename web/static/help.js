// The keys, on the screen and to be changed.

import { byId, el, words } from "./dom.js";
import { keyName, MEANING } from "./keys.js";

const SHOWN = ["confirm", "flip", "undo", "view", "stretch", "help"];

export function showKeys(state) {
  const { bound } = state.keys;
  const digits = Object.keys(bound).filter((action) => action.startsWith("verdict:"));
  const said = digits.map((action) => el("span", {}, el("kbd", {}, keyName(bound[action])), words(action.slice(8))));
  const short = { confirm: `rest ${words(state.rest)}, go on`, flip: "flip", undo: "undo", view: "grid / one", stretch: "stretch", help: "all keys" };
  const usual = SHOWN.map((action) => el("span", {}, el("kbd", {}, keyName(bound[action])), short[action]));
  byId("keys").replaceChildren(...usual, el("span", {}, el("kbd", {}, "a…z"), "flip that one"), ...said);
}

const BUTTONS = [["previous", "◀"], ["undo", "undo"], ["confirm", ""], ["view", "grid / one"], ["next", "▶"]];

export function showButtons(state, act) {
  const made = BUTTONS.map(([action, said]) => el("button", {
    class: action === "confirm" ? "go" : "", "aria-label": MEANING[action],
    onclick: () => { state.counter.pressed(); act(action, performance.now()); },
  }, said || `rest ${words(state.rest)}`));
  byId("touch").replaceChildren(...made);
}

export function openHelp(state) {
  const dialog = el("dialog", { class: "help", onclose: () => dialog.remove() });
  const lines = Object.keys(state.keys.bound).map((action) => {
    const button = el("button", { class: "key", onclick: () => rebind(state, action, button) }, keyName(state.keys.bound[action]));
    return el("tr", {}, el("td", {}, button), el("td", {}, MEANING[action] ?? `say ${words(action.slice(8))}`));
  });
  dialog.append(
    el("h2", {}, "Keys"),
    el("p", {}, "In the grid each candidate has a letter, which flips it. Press on a key below to change it."),
    el("table", {}, ...lines),
    el("form", { method: "dialog" },
      el("button", { type: "button", onclick: () => { state.keys.reset(); location.reload(); } }, "The usual keys"),
      el("button", {}, "Close")),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function rebind(state, action, button) {
  button.textContent = "press a key";
  button.addEventListener("keydown", (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (event.key !== "Escape") state.keys.bind(action, event.key);
    for (const [name, key] of Object.entries(state.keys.bound)) {
      const at = Object.keys(state.keys.bound).indexOf(name);
      document.querySelectorAll("dialog.help button.key")[at].textContent = keyName(key);
    }
    showKeys(state);
  }, { once: true });
}
