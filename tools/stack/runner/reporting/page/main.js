"use strict";
// Puts the page together.

function figures(data) {
  const count = (outcome) => data.cases.filter((test) => test.outcome === outcome).length;
  const failed = count("failed") + count("error");
  const ready = Math.max(0, ...data.services.filter((s) => !s.tests).map((s) => s.times.ready ?? Infinity));
  const entries = [
    ["Whole run", seconds(data.seconds)],
    ["All services ready after", Number.isFinite(ready) ? seconds(ready) : "–"],
    ["Tests", data.cases.length ? (failed ? `${failed} of ${data.cases.length} failed` : `${count("passed")} passed`) : "none"],
    ["Memory at its peak", bytes(data.total_peak)],
  ];
  return element("dl", { class: "figures" }, ...entries.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

function failure(data) {
  if (!data.failure) return "";
  return element("section", { class: "card failure", "aria-label": "Diagnosis" },
    element("h2", { class: "soft" }, "Diagnosis"),
    element("p", { class: "diagnosis" }, data.failure),
    data.evidence ? element("pre", { tabindex: "0" }, data.evidence) : "");
}

function services(data) {
  const columns = [["Service"], ["Ready after", "number"], ["Probes", "number"], ["Peak memory", "number"],
    ["CPU time", "number"], ["End"], ["Last answer to its probe"], ["Log"]];
  const cell = (index, text, kind = columns[index][1] || "") => element("td", { class: kind, "data-label": columns[index][0] }, text);
  const rows = data.services.map((service) => {
    const { started, ready, attempts, last_answer: answer, from_snapshot: restored } = service.times;
    const exit = service.exit;
    const bad = exit && (exit.code || exit.oom);
    const killed = service.oom_kills && !exit?.oom ? ` · ${service.oom_kills} killed for memory` : "";
    return element("tr", {},
      element("th", { scope: "row", title: service.image }, service.name),
      cell(1, ready === null || ready === undefined ? "–" : `${seconds(ready - started)}${restored ? ", restored from a snapshot" : ""}`),
      cell(2, String(attempts || "–")),
      cell(3, memoryOf(service)),
      cell(4, service.cpu_seconds ? seconds(service.cpu_seconds) : "–"),
      cell(5, (exit ? (exit.oom ? `${exit.code}, out of memory` : `exit ${exit.code}`) : "removed while running") + killed, bad || killed ? "bad" : ""),
      cell(6, answer || "–", "answer"),
      element("td", {}, service.log ? element("a", { href: service.log }, "log") : ""));
  });
  return card("Services", "", element("div", { class: "scroll" }, element("table", { class: "stacked" },
    element("thead", {}, element("tr", {}, ...columns.map(([name, kind]) => element("th", { scope: "col", class: kind || "" }, name)))),
    element("tbody", {}, ...rows))));
}

// Timeline and resources over one window of time, chosen by buttons.
function overTime(data) {
  const tests = data.phases.find((phase) => phase.name === "tests");
  const start = data.phases.find((phase) => phase.name === "start");
  const windows = [["Whole run", new Span(0, data.seconds)]];
  if (start) windows.push(["Start", new Span(0, start.end)]);
  if (tests) windows.push(["Tests", new Span(tests.start, tests.end)]);
  const place = element("div");
  const buttons = windows.map(([name, span]) => element("button", { type: "button", onclick: () => show(span) }, name));
  let current = windows[0][1];
  function show(span) {
    const focused = document.activeElement;
    current = span;
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(windows[index][1] === span)));
    place.replaceChildren(
      card("Timeline", element("div", { class: "choice", role: "group", "aria-label": "window of time" }, ...buttons),
        timeline(data, span), legend(), criticalPath(data)),
      card("Memory and processors", element("span", { class: "soft" },
        element("span", { class: "key-memory" }, "memory"), " above ", element("span", { class: "key-cpu" }, "busy processors"), "; at the left the most of each; dashed is a limit"),
      resources(data, span)));
    if (buttons.includes(focused)) focused.focus();
  }
  show(current);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) show(current); // Phones also resize when their address bar hides.
    width = innerWidth;
  });
  return place;
}

// A bar of the timeline, or an address with a #name, opens what it leads to.
function openTarget() {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView({ block: "start" });
  }
}

function main() {
  const data = JSON.parse(document.getElementById("data").textContent);
  data.cases.forEach((test, index) => { test.id = `test-${index}`; });
  const collecting = data.phases.find((phase) => phase.name === "collect");
  data.upUntil = collecting ? collecting.start : data.seconds;
  document.getElementById("page").append(
    element("header", {},
      element("span", { class: data.failure ? "verdict failed" : "verdict" }, data.failure ? "failed" : "passed"),
      element("h1", {}, data.stack),
      element("p", { class: "soft" }, `began ${new Date(data.began).toLocaleString()}`)),
    failure(data), figures(data), overTime(data), data.cases.length ? tests(data) : "", services(data), otherLogs(data));
  addEventListener("hashchange", openTarget);
  openTarget();
}

main();
