// j and k step through the candidates.
addEventListener("keydown", (event) => {
  const step = { j: 1, k: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...document.querySelectorAll("article")];
  const here = all.indexOf(document.activeElement.closest("article"));
  const next = all[Math.min(all.length - 1, Math.max(0, here + step))];
  if (next) next.focus();
});
