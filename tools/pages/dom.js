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
