// Elements made of values; texts are always texts, never markup.

export function el(tag, values = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(values)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

export function choice(label, values, chosen, onchange, words = {}) {
  const list = el("select", { title: label, onchange: () => { list.blur(); onchange(list.value); } });
  for (const value of values) {
    list.append(el("option", { value: String(value), selected: String(value) === String(chosen) }, words[value] ?? String(value)));
  }
  return el("label", {}, label, list);
}

export function tick(label, checked, onchange) {
  const box = el("input", { type: "checkbox", checked, onchange: () => { box.blur(); onchange(box.checked); } });
  return el("label", { class: "tick" }, box, label);
}

export const nice = (value, digits = 3) => (value === null || value === undefined ? "–" : Number(value).toFixed(digits));
export const words = (name) => name.replaceAll("_", " ");
