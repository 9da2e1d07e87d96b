// The playground as people use it: in Chromium, against the program `tidegate`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isAccessible, look, picture } from "./look.js";
import { serve } from "./serve.js";

const { NIGHT, PLAYGROUND, TIDEGATE } = process.env;
const RULES = new URL("../rules", import.meta.url).pathname;
const LOGS = new URL("../analyzer/tests/logs", import.meta.url).pathname;

let server;

before(async () => {
  server = await serve(PLAYGROUND);
});

after(() => server?.close());

/** Opens the playground, which loads nothing but its own files. */
async function open(t, { fragment = "", ...options } = {}) {
  const own = (url) => server.url.startsWith(new URL(url).origin) || url.startsWith("data:");
  const page = await look(t, server.url + fragment, own, options);
  await page.waitForSelector(".summary, #trouble:not([hidden])");
  await decided(page);
  return page;
}

/** Waits until the requests have been decided. */
const decided = (page) =>
  page.waitForFunction(() => document.querySelector(".summary")?.textContent !== "");

/** Sets the texts, as a paste does, and waits until they have been decided. */
async function write(page, texts) {
  await page.evaluate((texts) => {
    for (const [id, text] of Object.entries(texts)) {
      const area = document.getElementById(`${id}-text`);
      area.value = text;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    document.querySelector(".summary").textContent = "";
  }, texts);
  await decided(page);
}

/** What the program prints of the same rules and requests: written down, or lines of a log. */
function program(rules, requests, ...more) {
  const file = join(mkdtempSync(join(tmpdir(), "playground-")), "requests");
  writeFileSync(file, requests);
  const own = ["explain", "--rules", rules, "--addresses", ...more];
  const stdio = ["ignore", "pipe", "ignore"];
  return execFileSync(TIDEGATE, [...own, file], { encoding: "utf8", maxBuffer: 1 << 28, stdio });
}

/** Holds the page to what the program says of the same texts; `by` is the program's option for them. */
async function decidesAlike(page, rules, requests, by) {
  await write(page, { rules: readFileSync(rules, "utf8"), requests });
  const expected = program(rules, requests, "--list", by).trimEnd().split("\n");
  const found = await lines(page);
  assert.equal(found.length, expected.length);
  for (const [at, line] of expected.entries()) assert.equal(found[at], line);
  for (const number of new Set([1, Math.ceil(expected.length / 2), expected.length])) {
    await page.fill("#number", String(number));
    await page.press("#number", "Tab");
    const text = await page.locator("#explanations .text").first().textContent();
    assert.equal(text, program(rules, requests, "--number", String(number), by));
  }
  return expected;
}

/** Every line of the page's list. */
async function lines(page, side = "rules") {
  const part = page.locator(`.side[data-name=${side}]`);
  const more = part.locator(".more");
  if (!(await part.locator(".every").evaluate((details) => details.open))) {
    await part.locator(".every summary").click();
  }
  if (await more.isVisible()) await more.click();
  return (await part.locator(".lines").textContent()).split("\n");
}

const START = 'start = "2026-11-24T10:00:00Z"\n';
const CURL = 'user_agent = "curl/8.5.0"';

/** Requests that bring out each kind of rule. */
const TRAFFIC = {
  "a loop": `${START}request = { path = "/crate/serde/latest/builds", ${CURL} }
times = 900
every = "1ms"
`,
  "a walk, a cached page, and a crowd": `${START}
[[step]]
request = { path = "/crate-{n}/1.0.0/crate_{n}/", client = "2001:db8::7", user_agent = "x\\u001b[31m" }
times = 400
every = "200ms"
[[step]]
request = { path = "/serde/latest/serde/", cached = true, ${CURL} }
times = 50
after = "1m"
[[step]]
request = { path = "/api/v1/crates/c{n}/1.0.0/download", origin = "strained", asn = 64496, fingerprint = "00000000000000c3", ${CURL} }
times = 3_000
every = "3ms"
[[step]]
request = { path = "/releases/search", query = "query=x", method = "POST", country = "DE", credentials = true }
`,
};

for (const site of ["docs-rs.toml", "crates-io.toml"]) {
  for (const [name, requests] of Object.entries(TRAFFIC)) {
    test(`decisions are the program's: ${site}, ${name}`, async (t) => {
      await decidesAlike(await open(t), join(RULES, site), requests, "--request");
    });
  }
}

/** Logs of every format, as people paste them: with bad lines, out of order, logged twice. */
const LOGGED = [
  "cloudfront/recoverable-errors", "combined/behind-proxies", "combined/recoverable-errors",
  "fastly/both-versions", "fastly/recoverable-errors", "fastly/shielded", "fastly-vcl/template",
  "record/recoverable-errors",
];

for (const name of LOGGED) {
  test(`decisions of pasted lines are the program's: ${name}`, async (t) => {
    const log = readFileSync(join(LOGS, `${name}.log`), "utf8");
    await decidesAlike(await open(t), join(RULES, "docs-rs.toml"), log, "--log");
  });
}

/** Some lines of a generated night: of everybody, or of those who say they are somebody. */
function night(file, count, who = "") {
  const all = readFileSync(join(NIGHT, file), "utf8").split("\n");
  return `${all.filter((line) => line.includes(who)).slice(0, count).join("\n")}\n`;
}

for (const file of ["access.log", "records.log"]) {
  test(`decisions of 10,000 pasted lines are the program's: ${file}`, async (t) => {
    const page = await open(t);
    const decided = await decidesAlike(page, join(RULES, "docs-rs.toml"), night(file, 10_000, "curl/"), "--log");
    assert.ok(decided.some((line) => line.includes("throttle")), "some are refused");
    assert.match(await page.locator("#requests-now").textContent(), /Lines: 10,000 read, 0 bad/);
  });
}

test("10,000 pasted lines are decided in less than a second, and are in no link", async (t) => {
  const page = await open(t);
  await write(page, { rules: readFileSync(join(RULES, "docs-rs.toml"), "utf8") });
  // The best of three: other programs may need the processor, too.
  const took = Math.min(...await page.evaluate(async (log) => {
    const area = document.getElementById("requests-text");
    const summary = document.querySelector(".summary");
    const times = [];
    for (let time = 0; time < 3; time += 1) {
      summary.textContent = "";
      area.value = log;
      const began = performance.now();
      area.dispatchEvent(new Event("input", { bubbles: true }));
      while (summary.textContent === "") await new Promise((next) => requestAnimationFrame(next));
      times.push(performance.now() - began);
      await new Promise((next) => setTimeout(next, 500));
    }
    return times;
  }, night("records.log", 10_000)));
  assert.match(await page.locator(".summary").first().textContent(), /^10,000 requests: /);
  t.diagnostic(`10,000 pasted lines were decided and shown after ${took.toFixed(0)} ms`);
  assert.ok(took < 1_000, `${took} ms`);
  await page.waitForFunction(() => location.hash.length > 100);
  assert.ok(page.url().length < 20_000, `a link of ${page.url().length} characters`);
  const again = await open(t, { fragment: new URL(page.url()).hash });
  assert.match(await again.locator("#trouble").textContent(), /log lines are in no link/);
});

test("a pasted line that is no request is shown where it stands", async (t) => {
  const page = await open(t);
  const log = readFileSync(join(LOGS, "combined/recoverable-errors.log"), "utf8");
  await write(page, { requests: log });
  await page.waitForFunction(() => /combined/.test(document.getElementById("requests-now").textContent));
  const first = page.locator("#requests .found li").first();
  assert.match(await first.textContent(), /^warning: line \d+, column 1: no request: /);
});

/** A site of many rules, the last of them at the end of the file. */
function manyRules(count) {
  const rule = (n) => `
[[rule]]
id    = "rule-${n}"
why   = "Rule ${n} of a large site."
match = { path = "/part-${n}/**", agent = { name = "curl" } }
key   = "visitor"
quota = "some"
mode  = "shadow"
`;
  return `format = 1
site   = "large.example"
include = ["agents.toml"]

[[quota]]
name  = "some"
units = 1_000
per   = "10m"
burst = 500
${Array.from({ length: count }, (_, n) => rule(n)).join("")}`;
}

test("a mistake in a file of 1,000 rules is shown where it is made", async (t) => {
  const page = await open(t);
  const rules = manyRules(1_000);
  // One cell holds only so many budgets: rules of their own quota are verdicts.
  const verdicts = rules.replaceAll(/key   = "visitor"\nquota = "some"/g, 'verdict = "tag"');
  await write(page, { rules: verdicts });
  assert.match(await page.locator("#rules-now").textContent(), /large\.example: rules: 0 enforced, 1000 in shadow/);
  const took = await page.evaluate(async () => {
    const area = document.getElementById("rules-text");
    const now = document.getElementById("rules-now");
    const at = area.value.indexOf('"rule-500"');
    area.focus();
    area.setSelectionRange(at, at);
    const wrong = area.value.indexOf("mode ", at);
    area.setRangeText("moed ", wrong, wrong + 5, "end");
    const began = performance.now();
    area.dispatchEvent(new Event("input", { bubbles: true }));
    while (!/moed/.test(now.textContent)) await new Promise((next) => requestAnimationFrame(next));
    return performance.now() - began;
  });
  const told = await page.locator("#rules-now").textContent();
  assert.match(told, /^Line \d+, column 1: unknown key `moed`; did you mean `mode`\?/);
  assert.match(await page.locator("#rules .found li").first().textContent(), /unknown key `moed`/);
  assert.equal(await page.locator("#rules .marks i").count(), 1);
  t.diagnostic(`a mistake among 1,000 rules was shown after ${took.toFixed(0)} ms`);
  assert.ok(took < 100, `${took} ms`);
});

test("two rule sets stand side by side, and a link brings both back", async (t) => {
  const page = await open(t);
  await page.check("#compare");
  const shadow = (await page.inputValue("#rules-text")).replace('mode   = "enforce"', 'mode   = "shadow"');
  await page.fill("#second-text", shadow);
  await page.waitForFunction(() => /decided differently/.test(document.getElementById("difference").textContent));
  const [first, second] = [await lines(page), await lines(page, "second")];
  assert.equal(first.length, second.length);
  const differ = first.filter((line, at) => line !== second[at]).length;
  assert.match(await page.locator("#difference").textContent(), new RegExp(`^${differ} requests are decided`));
  await page.waitForFunction(() => location.hash.length > 100);
  const fragment = new URL(page.url()).hash;
  const again = await open(t, { fragment });
  assert.equal(await again.inputValue("#second-text"), shadow);
  assert.deepEqual(await lines(again, "second"), second);
});

test("a broken link is said to be broken, and the page works", async (t) => {
  const page = await open(t, { fragment: "#nonsense" });
  assert.match(await page.locator("#trouble").textContent(), /no state that this page can read/);
  assert.match(await page.locator(".summary").first().textContent(), /requests: /);
});

test("mistakes in the requests are shown, and nothing is decided", async (t) => {
  const page = await open(t);
  await write(page, { requests: 'request = { path = "/", clint = "192.0.2.7" }\n' });
  await page.waitForFunction(() => /clint/.test(document.querySelector("#requests .found").textContent));
  assert.match(await page.locator("#requests .found").textContent(), /did you mean `client`\?/);
  assert.match(await page.locator(".summary").first().textContent(), /^Nothing is decided/);
});

test("the keyboard reaches a mistake and an explanation", async (t) => {
  const page = await open(t);
  await write(page, { rules: "format = 1\nsite = \"x\"\n[[rule]]\nid = \"a\"\n" });
  await page.locator("#rules .found button").first().focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "rules-text");
  await page.selectOption("#rules .example", "0");
  await page.waitForSelector(".runs button");
  await page.locator(".runs button").nth(1).focus();
  await page.keyboard.press("Enter");
  assert.match(await page.locator("#explanations .text").first().textContent(), /^Decision: throttle by `pace`/m);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1400, 390]) {
    test(`axe finds nothing serious: ${colorScheme}, ${width} wide`, async (t) => {
      const page = await open(t, { colorScheme, viewport: { width, height: 1000 }, bypassCSP: true });
      await page.check("#compare");
      await page.fill("#second-text", "format = 2\nsite = 1\n");
      await page.waitForFunction(() => /mistake/.test(document.getElementById("second-now").textContent));
      await page.locator(".every summary").first().click();
      await isAccessible(page);
      await page.uncheck("#compare");
      await page.waitForSelector(".side[data-name=second]", { state: "hidden" });
      await picture(page, `playground-${colorScheme}-${width}`);
    });
  }
}
