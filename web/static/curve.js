// The light curve of an object and its scores, drawn as SVG.

import { el, nice } from "./dom.js";

const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 320, HEIGHT = 150, LEFT = 38, RIGHT = 8, TOP = 12, BOTTOM = 26;

function part(tag, values, text = "") {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(values)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

const known = (values) => values.filter((value) => value !== null && value !== undefined);

function panel(visits, read, label, upside, [t0, t1]) {
  const points = visits.filter((visit) => known([visit.time_mjd, read(visit)]).length === 2);
  if (points.length < 2) return null;
  const values = points.map(read);
  const [v0, v1] = [Math.min(...values), Math.max(...values)];
  const x = (time) => LEFT + ((time - t0) / (t1 - t0 || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => {
    const share = (value - v0) / (v1 - v0 || 1);
    return TOP + (upside ? share : 1 - share) * (HEIGHT - TOP - BOTTOM);
  };
  const picture = part("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "curve" });
  picture.append(part("title", {}, `${label} of ${points.length} visits`));
  for (const value of v1 > v0 ? [v0, v1] : [v0]) {
    picture.append(part("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value), class: "guide" }));
    picture.append(part("text", { x: LEFT - 4, y: y(value) + 4, "text-anchor": "end" }, nice(value, 2)));
  }
  for (const [time, anchor] of t1 > t0 ? [[t0, "start"], [t1, "end"]] : [[t0, "start"]]) {
    picture.append(part("text", { x: x(time), y: HEIGHT - 8, "text-anchor": anchor }, `MJD ${nice(time, 2)}`));
  }
  for (const visit of points) {
    const error = label === "magnitude" ? visit.magnitude_error : null;
    if (error) {
      const reach = Math.abs(y(v0 + error) - y(v0));
      picture.append(part("line", { x1: x(visit.time_mjd), x2: x(visit.time_mjd), y1: y(read(visit)) - reach, y2: y(read(visit)) + reach, class: "error" }));
    }
    const dot = part("circle", { cx: x(visit.time_mjd), cy: y(read(visit)), r: visit.this ? 5 : 3.5, class: visit.this ? "this" : "that" });
    dot.append(part("title", {}, `${visit.night} ${visit.band}: ${nice(read(visit), 3)}`));
    picture.append(dot);
  }
  return el("figure", {}, picture, el("figcaption", {}, label));
}

export function curve(visits) {
  const times = known(visits.map((visit) => visit.time_mjd));
  const span = [Math.min(...times), Math.max(...times)];
  const panels = [
    panel(visits, (visit) => visit.magnitude, "magnitude", true, span),
    panel(visits, (visit) => visit.score, "score", false, span),
  ];
  return el("div", { class: "curves" }, el("h3", {}, `${visits.length} visits of this object`), ...panels.filter(Boolean));
}
