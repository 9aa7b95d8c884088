// Draws what was used: stacked bars, one for each day. The tables below tell the same in words.

import { language, make, money, number, t } from "./page.js";

const { uPlot } = globalThis;
const place = document.querySelector("[data-chart]");
const { days, series, measure } = JSON.parse(document.getElementById("chart").textContent);
const HEIGHT_PX = 280;
const note = make("div", { class: "chart-note", hidden: true });

const told = measure === "cost" ? money : (value) => number(value, 1);
const dateOf = (seconds) => new Date(seconds * 1000).toLocaleDateString(language, { timeZone: "UTC", day: "numeric", month: "short" });

/** Each series on top of those before it: the last of them is the sum. */
function stacked() {
  const sums = days.map(() => 0);
  return series.map(({ values }) => values.map((value, day) => (sums[day] += value)));
}

/** The colour that a class has now, in this light; a canvas knows no custom properties. */
function colour(name) {
  const sample = make("span", { class: name, hidden: true });
  place.append(sample);
  const found = getComputedStyle(sample).backgroundColor;
  sample.remove();
  return found;
}

function draw() {
  place.replaceChildren(note);
  const bars = uPlot.paths.bars({ size: [0.7, 48], radius: 0.15 });
  const heights = stacked();
  const axis = { stroke: colour("chart-ink"), grid: { stroke: colour("chart-line"), width: 1 }, ticks: { show: false }, font: "13px system-ui, sans-serif" };
  // The highest is drawn first, so that those below it cover it.
  const order = heights.map((_, index) => index).reverse();
  const drawn = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { range: (_, low, high) => [low - 43_200, high + 43_200] }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
      axes: [
        { ...axis, grid: { show: false }, values: (_, ticks) => ticks.map(dateOf), space: 70, size: 32, incrs: [1, 2, 7, 14, 30, 60].map((n) => n * 86_400) },
        { ...axis, values: (_, ticks) => ticks.map(told), size: (_, ticks) => 18 + 8 * Math.max(3, ...(ticks ?? []).map((tick) => tick.length)), incrs: measure === "requests" ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 1e4, 1e5] : undefined },
      ],
      series: [{}, ...order.map((index) => ({ label: series[index].name, paths: bars, points: { show: false }, fill: colour(`swatch is-${index + 1}`), width: 0 }))],
      hooks: { setCursor: [(chart) => show(chart)] },
    },
    [days, ...order.map((index) => heights[index])],
    place,
  );
  return drawn;
}

/** What one day holds, beside the pointer. */
function show(chart) {
  const { idx, left } = chart.cursor;
  note.hidden = idx === null || idx === undefined || left < 0;
  if (note.hidden) return;
  const rows = series.map((one, index) => [one.name, one.values[idx], index + 1]).filter(([, value]) => value);
  note.replaceChildren(
    make("b", {}, dateOf(days[idx])),
    ...rows.map(([name, value, place]) => make("p", {}, make("span", { class: `swatch is-${place}` }), name, make("span", { class: "chart-value" }, told(value)))),
    ...(rows.length ? [] : [make("p", {}, t("Nothing"))]),
  );
  const right = left > chart.over.clientWidth / 2;
  note.classList.toggle("is-left", right);
  note.style.insetInlineStart = right ? "auto" : `${left + chart.bbox.left / devicePixelRatio + 16}px`;
  note.style.insetInlineEnd = right ? `${chart.over.clientWidth - left + 16}px` : "auto";
}

if (series.length) {
  let chart = draw();
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT_PX })).observe(place);
  const again = () => {
    chart.destroy();
    chart = draw();
  };
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  place.dataset.ready = "";
} else {
  place.remove();
}
