// One channel of a picture that holds all channels side by side, with a gap of one pixel.

import { el } from "./dom.js";

export function onlyChannel(image, index, channels, size) {
  const total = channels * size + channels - 1;
  const pane = el("span", { class: "pane" }, el("span", { class: "zoomed" }, image));
  const show = (which) => {
    image.style.width = `${(100 * total) / size}%`;
    image.style.transform = `translateX(${(-100 * which * (size + 1)) / total}%)`;
  };
  show(index);
  return { pane, show };
}
