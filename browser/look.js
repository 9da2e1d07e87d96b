// A page in Chromium, watched: one that complains, or asks for what it may not,
// fails its test.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const { CHROMIUM, SCREENSHOTS } = process.env;

let browser;

before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
});

after(() => browser?.close());

/** Opens a page that may ask for what `own` says is its own, and for nothing else. */
export async function look(t, url, own, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (said) => {
    if (["error", "warning"].includes(said.type())) complaints.push(said.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!own(request.url())) complaints.push(`asked for ${request.url()}`);
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(url);
  return page;
}

/** Fails where axe finds something serious, or where the page is wider than its window. */
export async function isAccessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  const found = violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0].html}`);
  const serious = found.filter((line) => /^(serious|critical)/.test(line));
  assert.deepEqual(serious, []);
  const [page_width, window_width] = await page.evaluate(
    () => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(page_width <= window_width, `the page is ${page_width} wide in ${window_width}`);
}

/** Keeps a picture for whoever asked for pictures, with their folder in SCREENSHOTS. */
export async function picture(page, name, options = { fullPage: true }) {
  if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), ...options });
}
