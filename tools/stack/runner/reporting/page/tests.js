"use strict";
// Each test with what all services said meanwhile; and the same for the rest of the run.

// Drawn, since not every font has a check mark.
const MARKS = {
  passed: "M3 8.5L6.5 12L13 4.5",
  failed: "M4 4L12 12M12 4L4 12",
  error: "M4 4L12 12M12 4L4 12",
  skipped: "M4 8L12 8",
  lines: "M3 4.5L13 4.5M3 8L13 8M3 11.5L10 11.5",
};

function mark(kind, words) {
  return element("span", { class: "mark" },
    drawing("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, drawing("path", { d: MARKS[kind] })),
    element("span", { class: "hidden" }, words));
}

function hue(data, name) {
  const index = data.services.findIndex((service) => service.name === name);
  return Math.round((index * 360 * 0.618 + 210) % 360);
}

// Lines of several services, each of which can be hidden.
function log(data, part) {
  const names = [...new Set(part.lines.map(([, service]) => service))];
  if (!names.length) return element("p", { class: "soft" }, "No service wrote anything.");
  const box = element("div", { class: "log", tabindex: "0", role: "region", "aria-label": "log lines" });
  for (const [time, service, text] of part.lines) {
    const who = element("span", { class: "who" }, service);
    who.style.setProperty("--hue", hue(data, service));
    box.append(element("p", { "data-service": service },
      element("span", {}, time.toFixed(3)), who, element("span", { class: "what" }, text)));
  }
  const hidden = new Set();
  const choices = names.map((name) => {
    const missing = part.left_out[name];
    const button = element("button", { type: "button", "aria-pressed": "true",
      title: missing ? `${missing} earlier lines of ${name} are in its log` : `show or hide ${name}` },
    missing ? `${name} (last lines)` : name);
    button.addEventListener("click", () => {
      const show = hidden.delete(name) || !hidden.add(name);
      button.setAttribute("aria-pressed", String(show));
      for (const line of box.children) line.hidden = hidden.has(line.dataset.service);
    });
    return button;
  });
  return element("div", {}, element("div", { class: "services", role: "group", "aria-label": "services shown" }, ...choices), box);
}

// Its inside is made when it is opened first: a page of hundreds of tests opens at once.
function folded(kind, id, sign, title, aside, inside, open = false) {
  const made = element("details", { class: `test ${kind}`, id, open },
    element("summary", {}, sign, title, element("span", { class: "soft" }, aside)));
  const fill = () => {
    if (made.open && made.children.length === 1) made.append(element("div", { class: "inside" }, ...inside()));
  };
  made.addEventListener("toggle", fill);
  fill();
  return made;
}

function testCase(data, test, open) {
  const [, where, name] = /^(.*?)::(.*)$/s.exec(test.name) || ["", "", test.name];
  const title = element("span", { class: "name" }, name, " ", element("span", { class: "soft" }, where));
  return folded(test.outcome, test.id, mark(test.outcome, test.outcome), title, seconds(test.seconds), () => [
    test.message ? element("p", { class: "message" }, test.message) : "",
    test.details ? element("pre", { class: "details", tabindex: "0" }, test.details) : "",
    log(data, test),
  ], open);
}

function tests(data) {
  const bad = (test) => test.outcome === "failed" || test.outcome === "error";
  const ordered = [...data.cases.filter(bad), ...data.cases.filter((test) => !bad(test))];
  const shown = ordered.map((test, index) => [test, testCase(data, test, bad(test) && index < 3)]);
  const search = element("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter tests by name" });
  search.addEventListener("input", () => {
    for (const [test, box] of shown) box.hidden = !test.name.toLowerCase().includes(search.value.toLowerCase());
  });
  return card("Tests", shown.length > 5 ? search : "", ...shown.map(([, box]) => box));
}

function otherLogs(data) {
  const parts = data.logs.filter((part) => part.lines.length);
  if (!parts.length) return "";
  return card("Logs beside the tests", "", ...parts.map((part, index) =>
    folded("skipped", `log-${index}`, mark("lines", ""),
      element("span", { class: "name" }, part.title), `${part.lines.length} line${part.lines.length === 1 ? "" : "s"}`, () => [log(data, part)])));
}
