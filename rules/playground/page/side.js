// What the engine made of the requests.
import { courses } from "./courses.js";
import { $, grouped, make, plural, span, table } from "./parts.js";

/** Lines shown at once of all requests; the button shows the rest. */
const LINES_SHOWN = 1_000;
/** Rows shown of requests in a row. */
const RUNS_SHOWN = 200;

/** What one rule set makes of the requests. */
export class Side {
  constructor(name) {
    const part = $("side").content.cloneNode(true);
    this.root = part.querySelector(".side");
    this.name = part.querySelector(".name");
    this.part = (name) => this.root.querySelector(`.${name}`);
    this.part("more").addEventListener("click", () => this.lines(Infinity));
    this.root.dataset.name = name;
    $("results").append(part);
    const explained = $("explained").content.cloneNode(true);
    this.explained = explained.querySelector(".side");
    this.text = explained.querySelector(".text");
    $("explanations").append(explained);
  }

  title(name) {
    for (const root of [this.root, this.explained]) {
      const head = root.querySelector(".name");
      head.textContent = name;
      head.hidden = name === "";
      for (const region of root.querySelectorAll("[role=region]")) {
        region.dataset.label ??= region.ariaLabel;
        region.ariaLabel = [name, region.dataset.label].filter(Boolean).join(": ");
      }
    }
  }

  show(results, explain) {
    this.results = results;
    const { counts } = results;
    const kinds = [
      ["pass", "pass"], ["allow", "are exempt"], ["throttle", "are throttled"], ["block", "are blocked"],
    ].filter(([key]) => counts[key] > 0).map(([key, words]) => `${grouped(counts[key])} ${words}`);
    const stands = results.at === null
      ? `${plural(counts.requests, "request", "requests")}: ${kinds.join(", ")}. They ask ` +
        `${grouped(counts.units_asked)} units of the origin; ${grouped(counts.units_passed)} reach it.`
      : `Nothing is decided while there are mistakes in the ${results.at}.`;
    this.part("summary").textContent = stands;
    this.root.classList.toggle("undecided", results.at !== null);
    this.runs(explain);
    this.part("rules").replaceChildren(table("Rules", [
      { name: "Rule" }, { name: "Mode" }, { name: "Decided", className: "count" },
      { name: "Would have refused", className: "count" },
    ], results.rules.map((rule) => ({
      cells: [rule.id, rule.mode, grouped(rule.decided), grouped(rule.shadow)],
    }))));
    this.cohorts();
    this.part("courses").replaceChildren(...courses(results.courses));
    this.lines(LINES_SHOWN);
  }

  runs(explain) {
    const rows = this.results.runs.slice(0, RUNS_SHOWN).map((run) => {
      const numbers = run.from === run.to ? grouped(run.from) : `${grouped(run.from)}–${grouped(run.to)}`;
      const times = run.from === run.to ? span(run.from_ms) : `${span(run.from_ms)} to ${span(run.to_ms)}`;
      const why = make("button", { type: "button", className: "link", textContent: "Why?" });
      why.ariaLabel = `Why request ${run.from}?`;
      why.addEventListener("click", () => explain(run.from));
      return {
        className: run.decision,
        cells: [
          numbers, why, times, run.decision, run.rule ?? "–", run.shadow.join(", ") || "–",
          `${run.method} ${run.path}`,
        ],
      };
    });
    const more = this.results.runs.length - rows.length;
    this.part("runs").replaceChildren(table("Requests", [
      { name: "Requests", className: "count" }, { name: "Explain" },
      { name: "After", className: "count" }, { name: "Decision", className: "decision" },
      { name: "Rule" }, { name: "In shadow" }, { name: "First of them", className: "path" },
    ], rows), ...(more > 0 ? [`… and ${plural(more, "row", "rows")} more: see every request`] : []));
  }

  cohorts() {
    this.part("cohorts").replaceChildren(table("Cohorts", [
      { name: "Cohort" }, { name: "Clients", className: "count" },
      { name: "Throttled", className: "count" }, { name: "Starved", className: "count" },
      { name: "Blocked", className: "count" }, { name: "Budget", className: "verdict" },
    ], this.results.cohorts.map((cohort) => ({
      className: cohort.within_budget ? "" : "over",
      cells: [
        cohort.name, grouped(cohort.clients), grouped(cohort.clients_throttled),
        grouped(cohort.clients_starved), grouped(cohort.clients_blocked),
        cohort.within_budget ? "kept" : "exceeded",
      ],
    }))));
  }

  lines(most) {
    const { lines } = this.results;
    this.part("lines").textContent = lines.slice(0, most).join("\n");
    this.part("more").hidden = lines.length <= most;
    this.part("more").textContent = `Show all ${grouped(lines.length)}`;
  }
}
