// The page around the engine. It decides nothing: texts go in, what comes out is shown.
import { Editor } from "./editor.js";
import init, * as engine from "./engine.js";
import { packed, unpacked } from "./link.js";
import { $, grouped, plural } from "./parts.js";
import { Side } from "./side.js";

/** Milliseconds without a keystroke after which requests are decided again. */
const PAUSE_MS = 150;
/** Milliseconds since the epoch: rules expire by the day. */
const TODAY = Date.now();

class Playground {
  constructor(examples) {
    const changed = () => this.changed();
    this.editors = [
      new Editor("rules", "Rules", examples.rules, changed),
      new Editor("second", "Second rule set", examples.rules, changed),
    ];
    this.requests = new Editor("requests", "Requests, or lines of a log", examples.requests, changed);
    this.sides = [new Side("rules"), new Side("second")];
    /** Whether somebody chose a request; otherwise the first refused one is explained. */
    this.chosen = false;
    this.editors[0].text = examples.rules[0].text;
    this.requests.text = examples.requests[0].text;
    $("compare").addEventListener("change", () => {
      if (this.compares && this.editors[1].text === "") this.editors[1].text = this.editors[0].text;
      this.changed();
    });
    $("number").addEventListener("change", () => {
      this.chosen = true;
      this.explain();
    });
    $("link").addEventListener("click", () => this.link());
    addEventListener("hashchange", () => this.restore());
  }

  get compares() {
    return $("compare").checked;
  }

  get state() {
    return {
      v: 1,
      rules: this.editors[0].text,
      second: this.compares ? this.editors[1].text : null,
      // Log lines are nobody else's: they are in no link.
      requests: this.logged ? null : this.requests.text,
      number: this.chosen ? Number($("number").value) : null,
    };
  }

  /** Takes the state of the link, where there is one. */
  async restore() {
    if (location.hash.length > 1 && location.hash !== this.own) {
      try {
        const state = await unpacked(location.hash.slice(1));
        this.editors[0].text = String(state.rules);
        if (state.requests === null) complain("The link has the rules only: log lines are in no link.");
        else this.requests.text = String(state.requests);
        $("compare").checked = typeof state.second === "string";
        if (this.compares) this.editors[1].text = state.second;
        this.chosen = Number.isInteger(state.number);
        if (this.chosen) $("number").value = String(state.number);
      } catch {
        complain("The link holds no state that this page can read: it may have been cut.");
      }
    }
    this.changed();
  }

  /** Checks at once, decides after a pause. */
  changed() {
    this.check();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.decide(), PAUSE_MS);
  }

  check() {
    this.editors[1].root.hidden = !this.compares;
    this.editors[0].title.textContent = this.compares ? "First rule set" : "Rules";
    for (const editor of this.compares ? this.editors : [this.editors[0]]) {
      const { found, summary } = JSON.parse(engine.check(editor.text, TODAY));
      editor.show(found, summary ?? "");
    }
  }

  decide() {
    const own = this.compares ? this.sides : [this.sides[0]];
    this.sides[1].root.hidden = this.sides[1].explained.hidden = !this.compares;
    for (const [at, side] of own.entries()) {
      side.title(this.compares ? ["First rule set", "Second rule set"][at] : "");
      const results = JSON.parse(engine.decide(this.editors[at].text, this.requests.text, TODAY));
      side.show(results, (number) => {
        this.chosen = true;
        $("number").value = String(number);
        this.explain();
        side.text.focus();
      });
    }
    const [{ results }] = own;
    this.logged = results.log !== null;
    const mistakes = results.at === "requests" ? results.mistakes : results.bad;
    const counted = plural(results.counts.requests, "request", "requests");
    const all = results.log === null ? counted : `${counted}, ${results.log}`;
    this.requests.show(mistakes, results.at === null ? all : "");
    this.differ(own);
    if (!this.chosen) {
      const refused = results.runs.find((run) => ["throttle", "block"].includes(run.decision));
      $("number").value = String(refused?.from ?? 1);
    }
    // Decisions are shown first: to explain one of a long log takes as long again.
    clearTimeout(this.explaining);
    this.explaining = setTimeout(() => this.explain(), 0);
  }

  /** Says where the two rule sets decide differently. */
  differ(sides) {
    const [first, second] = sides.map(({ results }) => results);
    if (!second || first.at !== null || second.at !== null) {
      $("difference").textContent = "";
      return;
    }
    const differs = first.lines.map((line, at) => line !== second.lines[at]);
    const count = differs.filter(Boolean).length;
    $("difference").textContent = count === 0
      ? "Both rule sets decide every request alike."
      : `${plural(count, "request is", "requests are")} decided differently, ` +
        `number ${grouped(differs.indexOf(true) + 1)} first.`;
  }

  explain() {
    const number = Math.max(1, Math.floor(Number($("number").value)) || 1);
    for (const [at, side] of (this.compares ? this.sides : [this.sides[0]]).entries()) {
      const text = engine.explain(this.editors[at].text, this.requests.text, TODAY, number);
      const none = side.results.at === null
        ? `There is no request ${number} to explain.`
        : "Nothing is decided, so nothing can be explained.";
      side.text.textContent = text || none;
    }
    this.keep();
  }

  /** Puts the state into the address, so that a reload or a bookmark brings it back. */
  async keep() {
    const text = await packed(this.state);
    this.own = `#${text}`;
    history.replaceState(null, "", this.own);
  }

  async link() {
    await this.keep();
    try {
      await navigator.clipboard.writeText(location.href);
      $("linked").textContent = "Copied.";
    } catch {
      $("linked").textContent = "The address of this page is the link.";
    }
  }
}

function complain(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = false;
}

try {
  await init({ module_or_path: new URL("engine_bg.wasm", import.meta.url) });
  const playground = new Playground(JSON.parse(engine.examples()));
  await playground.restore();
} catch (error) {
  complain(`The engine could not be started: ${error}`);
  throw error;
}
