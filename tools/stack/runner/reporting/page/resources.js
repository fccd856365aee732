"use strict";
// Memory and processors over time.

function path(span, points, top, close) {
  const inside = points.filter(([time], index) =>
    (points[index + 1]?.[0] ?? time) >= span.start && (points[index - 1]?.[0] ?? time) <= span.end);
  if (!inside.length) return "";
  const steps = inside.map(([time, value]) =>
    `${(span.at(time) * 1000).toFixed(1)} ${(100 - Math.min(1, value / top) * 100).toFixed(1)}`);
  const line = `M${steps.join("L")}`;
  if (!close) return line;
  const first = (span.at(inside[0][0]) * 1000).toFixed(1);
  const last = (span.at(inside[inside.length - 1][0]) * 1000).toFixed(1);
  return `${line}L${last} 100L${first} 100Z`;
}

function graph(span, kind, points, top, limit) {
  const parts = [
    drawing("path", { class: `${kind} area`, d: path(span, points, top, true) }),
    drawing("path", { class: kind, d: path(span, points, top, false) }),
  ];
  if (limit && limit <= top) {
    const height = (100 - (limit / top) * 100).toFixed(1);
    parts.push(drawing("path", { class: "limit", d: `M0 ${height}L1000 ${height}` }));
  }
  return drawing("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" }, ...parts);
}

// podman's sizes: 128m, 2g.
function limitInBytes(text) {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)/i.exec(text || "");
  return match ? Number(match[1]) * 1024 ** "bkmgt".indexOf(match[2].toLowerCase() || "b") : 0;
}

function memoryOf(service) {
  return service.peak && service.limit ? `${bytes(service.peak)} of ${bytes(limitInBytes(service.limit))}` : bytes(service.peak);
}

function resourceRow(span, service) {
  const limit = limitInBytes(service.limit);
  const peak = Math.max(1, ...service.memory.map(([, value]) => value));
  // The limit is drawn where it is near; else it would press the curve flat.
  const top = limit && limit < peak * 2 ? Math.max(limit, peak) * 1.04 : peak * 1.1;
  const busiest = Math.max(0, ...service.cpu.map(([, value]) => value));
  const words = memoryOf(service);
  return {
    label: service.name,
    notes: [words, `${busiest.toFixed(1)} processors`],
    track: element("div", { class: "chart", role: "img",
      "aria-label": `${service.name}: at most ${words} of memory and ${busiest.toFixed(1)} processors` },
    graph(span, "memory", service.memory, top, limit),
    graph(span, "cpu", service.cpu, Math.max(1, busiest) * 1.05, 0)),
  };
}

function resources(data, span) {
  return plot(span, data.services.filter((service) => service.memory.length).map((service) => resourceRow(span, service)));
}
