// Budgets over time, drawn.
import { grouped, make, span, table } from "./parts.js";

const [WIDTH, HEIGHT, LEFT, FOOT] = [640, 200, 44, 24];

function drawn(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A picture of the courses, what its lines are, and the same as a table. */
export function courses(all) {
  if (all.length === 0) return [make("p", { className: "none", textContent: "No budget was asked." })];
  const until = Math.max(1, ...all.map(({ points }) => points.at(-1)[0]));
  const x = (millis) => LEFT + ((WIDTH - LEFT - 8) * millis) / until;
  const y = (share) => 8 + (HEIGHT - FOOT - 8) * (1 - share);
  const picture = drawn("svg", { class: "course", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  picture.setAttribute("aria-label",
    "Units left of each budget, in percent of the most it may have; the table below has the numbers");
  for (const share of [0, 0.5, 1]) {
    picture.append(
      drawn("line", { class: "grid", x1: LEFT, x2: WIDTH - 8, y1: y(share), y2: y(share) }),
      drawn("text", { x: LEFT - 6, y: y(share) + 4, "text-anchor": "end" }, `${share * 100} %`),
    );
  }
  picture.append(
    drawn("text", { x: LEFT, y: HEIGHT - 6 }, "0"),
    drawn("text", { x: WIDTH - 8, y: HEIGHT - 6, "text-anchor": "end" }, span(until)),
  );
  for (const [at, { points, burst }] of all.entries()) {
    const path = points.map(([t, left]) => `${x(t).toFixed(1)},${y(left / burst).toFixed(1)}`);
    picture.append(drawn("polyline", { class: `plot n${at % 6}`, points: path.join(" ") }));
  }
  const legend = make("ul", { className: "legend" }, ...all.map(({ rule, whose }, at) => {
    const swatch = drawn("svg", { viewBox: "0 0 30 8", "aria-hidden": "true" },
      drawn("line", { class: `plot n${at % 6}`, x1: 0, x2: 30, y1: 4, y2: 4 }));
    return make("li", {}, swatch, `${rule}, ${whose}`);
  }));
  const numbers = table("Budgets", [
    { name: "Rule" }, { name: "Whose" }, { name: "At most", className: "count" },
    { name: "After the first", className: "count" }, { name: "Lowest", className: "count" },
    { name: "At the end", className: "count" },
  ], all.map(({ rule, whose, burst, points }) => ({
    cells: [
      rule, whose, grouped(burst), grouped(points[0][1]),
      grouped(Math.min(...points.map(([, left]) => left))), grouped(points.at(-1)[1]),
    ],
  })));
  const details = make("details", {}, make("summary", { textContent: "The same as a table, in units" }), numbers);
  return [picture, legend, details];
}
