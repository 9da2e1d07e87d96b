// The report of a generated night as people open it: a file, in Chromium.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { isAccessible, look, picture } from "./look.js";

const { NIGHT, TIDEGATE } = process.env;
const RULES = new URL("../rules/docs-rs.toml", import.meta.url).pathname;

/** Code of the program where it found something. */
const FINDINGS = 2;

let report;

before(() => {
  report = join(mkdtempSync(join(tmpdir(), "report-")), "report.html");
  const own = ["analyze", "--rules", RULES, "--html", report, join(NIGHT, "records.log")];
  const { status, stderr } = spawnSync(TIDEGATE, own, { encoding: "utf8", maxBuffer: 1 << 28 });
  assert.equal(status, FINDINGS, stderr);
});

/** Opens the report, which asks for nothing but itself. */
function open(t, options = {}) {
  const url = pathToFileURL(report).href;
  return look(t, url, (asked) => asked === url, options);
}

test("the report says what happened, what was found and what is proposed", async (t) => {
  const page = await open(t);
  assert.match(await page.locator(".verdict").textContent(), /^\d+ % of the origin's work came from a crawl/);
  const heads = await page.locator("h2").allTextContents();
  for (const head of ["Over time", "Findings", "Proposed rules"]) assert.ok(heads.includes(head), head);
  assert.ok((await page.locator("section h3").count()) > 3);
  assert.ok(statSync(report).size < 2 << 20, `${statSync(report).size} bytes`);
});

test("every chart has data, colour and a table", async (t) => {
  const page = await open(t);
  const charts = await page.evaluate(() => [...document.querySelectorAll("figure[data-chart]")].map((figure) => {
    const canvas = figure.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] > 0) colours.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
    }
    const [steps, ...series] = figure.plot.data;
    return {
      title: figure.querySelector("figcaption").textContent,
      steps: steps.length,
      most: Math.max(...series.flat()),
      colours: colours.size,
      rows: figure.querySelectorAll("details tbody tr").length,
    };
  }));
  assert.ok(charts.length >= 2, `${charts.length} charts`);
  for (const { title, steps, most, colours, rows } of charts) {
    assert.ok(steps > 1 && most > 0 && colours > 2 && rows > 0, `${title}: ${steps} ${most} ${colours} ${rows}`);
  }
});

const column = (table, at) => table.locator(`tbody td:nth-child(${at})`).allTextContents();
const number = (text) => Number(text.replaceAll(",", ""));

test("tables sort, by the mouse and by the keyboard", async (t) => {
  const page = await open(t);
  const table = page.locator("table", { hasText: "Agents, by what clients say they are" });
  const [names, requests] = [1, 3].map((at) => table.locator(`th:nth-child(${at})`));
  const before = (await column(table, 3)).map(number);
  await requests.locator("button").click();
  assert.equal(await requests.getAttribute("aria-sort"), "descending");
  const falling = before.toSorted((a, b) => b - a);
  assert.deepEqual((await column(table, 3)).map(number), falling);
  await requests.locator("button").focus();
  await page.keyboard.press("Enter");
  assert.equal(await requests.getAttribute("aria-sort"), "ascending");
  assert.deepEqual((await column(table, 3)).map(number), falling.toReversed());
  // One on, back over the columns between: a name is no number.
  await names.locator("button").focus();
  await page.keyboard.press("Space");
  assert.equal(await requests.getAttribute("aria-sort"), null);
  const sorted = await column(table, 1);
  assert.deepEqual(sorted, sorted.toSorted((a, b) => b.localeCompare(a, "en")));
});

test("without scripts every figure is there", async (t) => {
  const page = await open(t, { javaScriptEnabled: false });
  assert.ok((await page.locator("figure details").count()) >= 2);
  assert.equal(await page.locator("th button").count(), 0);
});

test("on paper everything fits, in the colours of paper", async (t) => {
  const page = await open(t, { colorScheme: "dark", viewport: { width: 794, height: 1123 } });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print" });
  const paper = await page.evaluate(() => {
    const { backgroundColor, color } = getComputedStyle(document.body);
    const wide = [...document.querySelectorAll("table, pre, figure")].filter((part) =>
      part.getBoundingClientRect().right > innerWidth).map((part) => part.textContent.slice(0, 80));
    return { backgroundColor, color, wide };
  });
  assert.deepEqual(paper.wide, []);
  assert.equal(paper.backgroundColor, "rgb(255, 255, 255)");
  await picture(page, "report-print");
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1400, 390]) {
    test(`axe finds nothing serious: ${colorScheme}, ${width} wide`, async (t) => {
      const page = await open(t, { colorScheme, viewport: { width, height: 1000 }, bypassCSP: true });
      await isAccessible(page);
      await picture(page, `report-${colorScheme}-${width}`);
    });
  }
}
