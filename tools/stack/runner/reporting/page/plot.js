"use strict";
// Windows of time, and what is laid out over one.

// A window of time, and where a time lies in it, from 0 to 1.
class Span {
  constructor(start, end) {
    this.start = start;
    this.end = Math.max(end, start + 0.001);
  }

  at(time) {
    return (time - this.start) / (this.end - this.start);
  }

  // Round times, about `count` of them.
  ticks(count) {
    const rough = (this.end - this.start) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const steps = rough < 1 ? [1, 2, 5, 10] : null;
    const step = steps ? steps.find((s) => s * power >= rough) * power
      : [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600].find((s) => s >= rough) || 7200;
    const found = [];
    for (let time = Math.ceil(this.start / step) * step; time <= this.end; time += step) found.push(time);
    return found;
  }
}

// Label, tracks and a time axis for rows of {label, notes, track}; a cross-hair follows the pointer.
function plot(span, rows) {
  const axis = element("div", { class: "axis", "aria-hidden": "true" });
  const hair = element("i", { class: "hair" });
  const grid = element("div", { class: "grid", "aria-hidden": "true" });
  for (const time of span.ticks(innerWidth < 672 ? 4 : 9)) {
    const line = element("i");
    const tick = element("span", {}, `${Number(time.toFixed(3))} s`);
    line.style.left = tick.style.left = `${span.at(time) * 100}%`;
    if (span.at(time) > 0.97) tick.classList.add("last");
    grid.append(line);
    axis.append(tick);
  }
  grid.append(hair);
  const made = element("div", { class: "plot" }, grid,
    ...rows.map((row) => element("div", { class: "row" },
      element("div", { class: "label", title: row.label }, row.label, ...(row.notes || []).map((note) => element("small", {}, note))),
      row.track)), axis);
  made.addEventListener("pointermove", (event) => {
    const box = grid.getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    hair.style.display = part >= 0 && part <= 1 ? "block" : "none";
    hair.style.left = `${part * 100}%`;
  });
  made.addEventListener("pointerleave", () => { hair.style.display = "none"; });
  return made;
}
