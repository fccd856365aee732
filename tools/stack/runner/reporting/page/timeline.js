"use strict";
// Phases, services, faults and tests over time.

function bar(span, kind, start, end, text, caption = "", href = null) {
  const made = element(href ? "a" : "div", { class: `bar ${kind}`, title: text, href, "aria-label": href ? text : null }, caption);
  const from = Math.max(0, span.at(start));
  const to = Math.min(1, span.at(end));
  if (to < 0 || from > 1) return "";
  made.style.left = `${from * 100}%`;
  if (kind !== "exit") made.style.width = `${Math.max(0, to - from) * 100}%`;
  return made;
}

function track(description, bars) {
  return element("div", { class: "track", role: "group", "aria-label": description }, ...bars);
}

// Phases overlap (images load while services start): as many rows as it takes.
function phaseRows(data, span) {
  const lanes = [];
  for (const phase of data.phases) {
    let lane = lanes.find((others) => others.every((other) => other.end <= phase.start + 0.001 || other.start >= phase.end));
    if (!lane) lanes.push(lane = []);
    lane.push(phase);
  }
  return lanes.map((lane, index) => ({
    label: index ? lane.map((phase) => phase.name).join(", ") : "phases",
    track: track(lane.map((phase) => `${phase.name} ${seconds(phase.end - phase.start)}`).join(", "),
      lane.map((phase) => bar(span, "phase", phase.start, phase.end,
        `${phase.name}: ${seconds(phase.end - phase.start)}, from ${seconds(phase.start)}`,
        span.at(phase.end) - span.at(phase.start) > 0.06 ? phase.name : ""))),
  }));
}

function serviceRow(data, span, service) {
  const { image_ready: image, started, ready, exited, attempts } = service.times;
  const bars = [];
  const end = exited ?? data.upUntil;
  if (image !== null && image !== undefined && (started ?? data.upUntil) > image)
    bars.push(bar(span, "wait", image, started ?? data.upUntil, `waits for ${service.needs.join(", ") || "podman"}`));
  if (started !== null && started !== undefined) {
    bars.push(bar(span, "start", started, ready ?? end,
      `${service.times.from_snapshot ? "restored from a snapshot" : "starts"}: ${seconds((ready ?? end) - started)}, ${attempts} probes, the last said: ${service.times.last_answer}`));
    if (ready !== null) bars.push(bar(span, "up", ready, end, `ready from ${seconds(ready)} on`));
  }
  for (const leg of data.path.filter((leg) => leg.service === service.name))
    bars.push(bar(span, "critical", leg.start, leg.end, `critical path: ${describe(leg)}`));
  if (exited !== null && exited !== undefined)
    bars.push(bar(span, "exit", exited, exited, `ended at ${seconds(exited)}`));
  const critical = data.path.some((leg) => leg.service === service.name);
  const words = ready !== null && ready !== undefined ? `ready at ${seconds(ready)}` : started === undefined || started === null ? "not started" : "not ready";
  return {
    label: service.name,
    track: track(`${service.name}: ${words}${critical ? ", on the critical path" : ""}`, bars),
  };
}

function describe(leg) {
  const what = { image: "image loaded", create: "container made", ready: "until ready" };
  return `${leg.service}, ${what[leg.kind]} ${seconds(leg.end - leg.start)}`;
}

function timeline(data, span) {
  const rows = phaseRows(data, span);
  rows.push(...data.services.filter((service) => !service.tests).map((service) => serviceRow(data, span, service)));
  if (data.faults.length)
    rows.push({
      label: "faults",
      track: track(data.faults.map((fault) => `${fault.name} at ${seconds(fault.start)}`).join(", "),
        data.faults.map((fault) => bar(span, "fault", fault.start, fault.end, `${fault.name} at ${seconds(fault.start)}`))),
    });
  const placed = data.cases.filter((test) => test.start !== null);
  if (placed.length)
    rows.push({
      label: "tests",
      track: track("tests, one bar each", placed.map((test) => bar(span, `case ${test.outcome}`, test.start,
        test.start + test.seconds, `${test.name} ${test.outcome} in ${seconds(test.seconds)}`, "", `#${test.id}`))),
    });
  return plot(span, rows);
}

function legend() {
  const entries = [["critical", "critical path to ready"], ["start", "starting"], ["up", "ready"], ["wait", "waiting"]];
  return element("ul", { class: "legend" }, ...entries.map(([kind, text]) =>
    element("li", {}, element("i", { class: `bar ${kind}` }), text)));
}

function criticalPath(data) {
  if (!data.path.length) return "";
  const total = data.path[data.path.length - 1].end;
  const longest = Math.max(...data.path.map((leg) => leg.end - leg.start));
  const legs = data.path.filter((leg) => leg.end - leg.start >= 0.05);
  return element("div", { class: "way" }, `Critical path to ready, ${seconds(total)} from the beginning:`,
    element("ol", {}, ...legs.map((leg) =>
      element("li", { class: leg.end - leg.start === longest ? "longest" : "" }, describe(leg)))));
}
