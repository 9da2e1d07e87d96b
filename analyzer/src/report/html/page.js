"use strict";
// Pictures and sorting. Without this script every figure is still in the tables.

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const short = (n) => n >= 1e9 ? (n / 1e9).toPrecision(3) + " G" : n >= 1e6 ? (n / 1e6).toPrecision(3) + " M"
  : n >= 1e4 ? (n / 1e3).toPrecision(3) + " k" : String(n);
const utc = (fmt) => (_, ticks) => ticks.map((t) => fmt(new Date(t * 1000)));
const two = (n) => String(n).padStart(2, "0");
const axisTime = utc((d) => d.getUTCHours() || d.getUTCMinutes()
  ? two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) : d.toISOString().slice(5, 10));
const fullTime = (d) => d.toISOString().slice(0, 16).replace("T", " ") + " UTC";

/** Sums of the first series, the first two, and so on: areas on top of each other. */
function stacked(series) {
  let below = series[0].map(() => 0);
  return series.map((values) => (below = values.map((value, at) => value + below[at])));
}

function draw(figure) {
  const chart = figure.querySelector(".chart");
  const data = JSON.parse(figure.querySelector("script").textContent);
  const sums = stacked(data.series.map((one) => one.values)).reverse();
  const names = data.series.map((one) => one.name).reverse();
  const raw = data.series.map((one) => one.values).reverse();
  const colour = (at) => css("--c" + data.series[data.series.length - 1 - at].colour);
  const bars = uPlot.paths.stepped({ align: 1 });
  const marks = {
    hooks: { draw: [(u) => {
      u.ctx.save();
      u.ctx.strokeStyle = css("--mark");
      u.ctx.setLineDash([4, 4]);
      for (const from of data.marks) {
        const x = Math.round(u.valToPos(from, "x", true));
        u.ctx.beginPath(); u.ctx.moveTo(x, u.bbox.top); u.ctx.lineTo(x, u.bbox.top + u.bbox.height); u.ctx.stroke();
      }
      u.ctx.restore();
    }] },
  };
  const axis = { stroke: css("--soft"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line") } };
  const options = {
    width: chart.clientWidth, height: chart.classList.contains("low") ? 150 : 260, tzDate: (t) => uPlot.tzDate(new Date(t * 1000), "Etc/UTC"), plugins: [marks], cursor: { drag: { x: true, y: false } },
    scales: { x: { time: true }, y: { range: (_, min, max) => [0, max || 1] } },
    axes: [{ ...axis, values: axisTime }, { ...axis, size: 60, values: (_, ticks) => ticks.map(short) }],
    series: [{ label: "from", value: (_, t) => t == null ? "–" : fullTime(new Date(t * 1000)) },
      ...names.map((label, at) => ({
        label, paths: bars, fill: colour(at), stroke: colour(at), width: 0, points: { show: false },
        value: (_, __, ___, index) => index == null ? "–" : raw[at][index].toLocaleString("en"),
      }))],
  };
  chart.replaceChildren();
  return new uPlot(options, [data.times, ...sums], chart);
}

function drawAll() {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    figure.plot?.destroy();
    figure.plot = draw(figure);
  }
}

const sortKey = (cell) => cell.dataset.sort === undefined ? cell.textContent.trim() : Number(cell.dataset.sort);

function sortBy(th) {
  const table = th.closest("table");
  const at = [...th.parentNode.children].indexOf(th);
  const rise = th.getAttribute("aria-sort") === "descending";
  for (const other of th.parentNode.children) other.removeAttribute("aria-sort");
  th.setAttribute("aria-sort", rise ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  const by = (a, b) => {
    const [x, y] = [sortKey(a.cells[at]), sortKey(b.cells[at])];
    return typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en");
  };
  rows.sort((a, b) => (rise ? by(a, b) : by(b, a)));
  table.tBodies[0].append(...rows);
}

for (const th of document.querySelectorAll("table[data-sortable] th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...th.childNodes);
  th.append(button);
  button.addEventListener("click", () => sortBy(th));
}

for (const toml of document.querySelectorAll(".toml")) {
  const button = document.createElement("button");
  const text = toml.querySelector("code");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
  });
  toml.append(button);
}

drawAll();
let waiting;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 100); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
// Pictures are drawn in the colours of the moment: paper has its own.
const paper = (is) => () => { document.documentElement.classList.toggle("paper", is); drawAll(); };
addEventListener("beforeprint", paper(true));
addEventListener("afterprint", paper(false));
