"use strict";
// What the other parts build the page from. Texts are only ever set as texts: a log cannot become markup.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

function drawing(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function card(title, aside, ...children) {
  return element("section", { class: "card", "aria-label": title },
    element("div", { class: "head" }, element("h2", {}, title), aside || ""), ...children);
}

function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 100) {
    const whole = Math.round(value);
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  if (value >= 10) return `${value.toFixed(1)} s`;
  return value >= 0.0995 ? `${value.toFixed(2)} s` : `${Math.round(value * 1000)} ms`;
}

function bytes(value) {
  if (!value) return "–";
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} GB`;
  return value >= 1e6 ? `${Math.round(value / 1e6)} MB` : `${Math.round(value / 1e3)} kB`;
}

// podman's sizes: 128m, 2g.
function limitInBytes(text) {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)/i.exec(text || "");
  return match ? Number(match[1]) * 1024 ** "bkmgt".indexOf(match[2].toLowerCase() || "b") : 0;
}

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
