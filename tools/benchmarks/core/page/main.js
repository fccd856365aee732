"use strict";
// One card for each benchmark: what is claimed, and for each metric a chart of its variants.

// A number with three digits that count, and never less than the whole ones; as table.py has it.
function number(value) {
  const size = Math.abs(value);
  const digits = size >= 99.95 || !size ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function amount(value, metric) {
  return `${number(value)} ${metric.unit}`.trim();
}

function spread(summary) {
  return summary.low === summary.high ? "" : `${number(summary.low)}–${number(summary.high)}`;
}

function claims(benchmark) {
  if (!benchmark.claims.length) return "";
  return element("ul", { class: "claims" }, ...benchmark.claims.map((claim) => element("li", {},
    element("span", { class: `mark ${claim.judgement.replace(" ", "-")}` }, claim.judgement), " ", claim.text,
    claim.value
      ? element("span", {}, ": ", element("strong", {}, number(claim.value.median)), " ",
        element("span", { class: "soft" }, spread(claim.value) && `(${spread(claim.value)})`))
      : element("span", { class: "soft" }, ` (${claim.reason})`))));
}

// A bar to the median, a line from the lowest to the highest value, and a dot for each.
function row(variant, metric, top) {
  const summary = variant.metrics[metric.name];
  const at = (value) => `${(value / top) * 100}%`;
  const bar = element("i", { class: "bar" });
  bar.style.width = at(summary.median);
  const range = element("i", { class: "range" });
  range.style.left = at(summary.low);
  range.style.width = at(summary.high - summary.low);
  const dots = summary.values.map((value) => {
    const dot = element("i", { class: "dot" });
    dot.style.left = at(value);
    return dot;
  });
  const words = [amount(summary.median, metric), spread(summary)].filter(Boolean);
  return element("div", { class: "row" },
    element("div", { class: "label", title: variant.what }, variant.name),
    element("div", { class: "track", role: "img", "aria-label": `${variant.name}: ${words.join(", spread ")}` }, bar, range, ...dots),
    element("div", { class: "value" }, words[0], " ", element("small", {}, words[1] || "")));
}

function chart(benchmark, metric) {
  const shown = benchmark.variants.filter((variant) => variant.metrics[metric.name]);
  if (!shown.length) return "";
  const top = Math.max(...shown.map((variant) => variant.metrics[metric.name].high), 1e-9) * 1.02;
  return element("div", { class: "metric" },
    element("h3", {}, metric.title, " ", element("small", { class: "soft" }, `${metric.better} is better`)),
    ...shown.map((variant) => row(variant, metric, top)));
}

function troubles(benchmark) {
  const lines = benchmark.variants.flatMap((variant) => [
    ...(variant.left_out ? [element("li", {}, `${variant.name} was left out: ${variant.left_out}`)] : []),
    ...variant.failures.map((reason) => element("li", { class: "bad" }, `${variant.name} failed: ${reason}`)),
  ]);
  if (benchmark.failure) lines.push(element("li", { class: "bad" }, `failed: ${benchmark.failure}`));
  return lines.length ? element("ul", { class: "troubles" }, ...lines) : "";
}

function variants(benchmark) {
  return element("details", {}, element("summary", {}, "what the variants are, and every value"),
    element("dl", {}, ...benchmark.variants.flatMap((variant) => [
      element("dt", {}, variant.name),
      element("dd", {}, variant.what, ...benchmark.metrics.filter((metric) => variant.metrics[metric.name]).map((metric) =>
        element("div", { class: "soft" }, `${metric.title}: ${variant.metrics[metric.name].values.map(number).join(", ")} ${metric.unit}`.trim()))),
    ])));
}

function benchmarkCard(benchmark, cores) {
  const busy = benchmark.load > cores / 2 ? `, on a machine that was busy before (load ${number(benchmark.load)})` : "";
  const made = card(benchmark.title, element("span", { class: "soft" }, `took ${seconds(benchmark.seconds)}${busy}`),
    claims(benchmark), troubles(benchmark), ...benchmark.metrics.map((metric) => chart(benchmark, metric)), variants(benchmark));
  made.id = benchmark.name;
  return made;
}

function contents(data) {
  if (data.benchmarks.length < 2) return "";
  const counted = (benchmark) => {
    const met = benchmark.claims.filter((claim) => claim.judgement === "met").length;
    return benchmark.claims.length ? ` ${met} of ${benchmark.claims.length}` : "";
  };
  return element("nav", { "aria-label": "Benchmarks" }, ...data.benchmarks.map((benchmark) =>
    element("a", { href: `#${benchmark.name}`, title: benchmark.title }, benchmark.name, element("small", {}, counted(benchmark)))));
}

function main() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { cores, memory, cpu, kernel } = data.machine;
  document.getElementById("page").append(
    element("header", {}, element("h1", {}, "Benchmarks"),
      element("p", { class: "soft" }, `${new Date(data.began).toLocaleString()} · commit ${data.commit}${data.short ? " · short mode" : ""}`),
      element("p", { class: "soft" }, `${cores} cores · ${bytes(memory)} · ${cpu} · Linux ${kernel}`)),
    contents(data), ...data.benchmarks.map((benchmark) => benchmarkCard(benchmark, cores)),
    element("p", { class: "soft" }, "Bars end at the median; the line in them spans the lowest and the highest value, and each dot is one. "
      + "A ratio is one of medians; its spread is that of the ratios in each round."));
}

main();
