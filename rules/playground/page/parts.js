// Small pieces that the page is made of.

export const $ = (id) => document.getElementById(id);

/** An element with properties and children; texts are texts, never markup. */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) element[key] = value;
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const grouped = (number) => number.toLocaleString("en-US");
export const plural = (count, one, many) => `${grouped(count)} ${count === 1 ? one : many}`;

export function span(millis) {
  if (millis < 1_000) return `${millis} ms`;
  if (millis < 120_000) return `${(millis / 1_000).toFixed(1).replace(/\.0$/, "")} s`;
  return `${Math.floor(millis / 60_000)} min`;
}

/** A table of texts; a cell may be an element. The first row names the columns. */
export function table(caption, columns, rows) {
  if (rows.length === 0) return make("p", { className: "none", textContent: `${caption}: none` });
  const head = columns.map(({ name, className = "" }) =>
    make("th", { scope: "col", className, textContent: name }));
  const body = rows.map(({ className = "", cells }) => {
    const own = cells.map((cell, at) => make("td", { className: columns[at].className ?? "" }, cell));
    return make("tr", { className }, ...own);
  });
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
}
