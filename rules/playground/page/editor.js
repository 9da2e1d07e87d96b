// Where texts are typed.
import { $, make, plural } from "./parts.js";

/** A text with line numbers, and with its mistakes marked where they stand. */
export class Editor {
  constructor(id, title, examples, changed) {
    const part = $("editor").content.cloneNode(true);
    this.root = part.querySelector("section");
    this.root.id = id;
    this.area = part.querySelector("textarea");
    this.area.id = `${id}-text`;
    this.numbers = part.querySelector(".numbers");
    this.marks = part.querySelector(".marks");
    this.now = part.querySelector(".now");
    this.now.id = `${id}-now`;
    this.found = part.querySelector(".found");
    this.title = part.querySelector(".title");
    this.title.htmlFor = this.area.id;
    this.title.textContent = title;
    this.area.setAttribute("aria-describedby", this.now.id);
    this.mistakes = [];
    this.summary = "";
    const select = part.querySelector("select");
    select.append(make("option", { value: "", textContent: "…" }));
    for (const [at, { name }] of examples.entries()) {
      select.append(make("option", { value: String(at), textContent: name }));
    }
    select.addEventListener("change", () => {
      if (select.value !== "") this.text = examples[Number(select.value)].text;
      select.value = "";
      changed();
    });
    this.area.addEventListener("input", () => {
      this.number();
      changed();
    });
    this.area.addEventListener("scroll", () => this.scroll());
    for (const event of ["keyup", "click", "focus"]) {
      this.area.addEventListener(event, () => this.tell());
    }
    $("editors").append(part);
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.area.setSelectionRange(0, 0);
    this.area.scrollTo(0, 0);
    this.number();
  }

  number() {
    const count = this.text.split("\n").length;
    if (count === this.counted) return;
    this.counted = count;
    this.numbers.textContent = Array.from({ length: count }, (_, at) => at + 1).join("\n");
  }

  scroll() {
    const { scrollLeft, scrollTop } = this.area;
    this.marks.style.transform = `translate(${-scrollLeft}px, ${-scrollTop}px)`;
    this.numbers.style.transform = `translateY(${-scrollTop}px)`;
  }

  /** Shows what is wrong with the text; `summary` says what it is where nothing is. */
  show(mistakes, summary) {
    this.mistakes = mistakes;
    this.summary = summary;
    this.area.setAttribute("aria-invalid", String(mistakes.some((m) => m.severity === "error")));
    const lines = this.text.split("\n");
    this.marks.replaceChildren(...mistakes.filter((m) => m.line > 0).map((m) => mark(m, lines)));
    this.found.replaceChildren(...mistakes.map((mistake) => this.item(mistake)));
    this.tell();
  }

  item(mistake) {
    const place = mistake.line > 0 ? `line ${mistake.line}, column ${mistake.column}: ` : "";
    const said = `${mistake.severity}: ${place}${mistake.message}`;
    const told =
      mistake.line > 0
        ? make("button", { type: "button", className: `link ${mistake.severity}`, textContent: said })
        : make("span", { className: mistake.severity, textContent: said });
    if (mistake.line > 0) told.addEventListener("click", () => this.go(mistake));
    const help = mistake.help && make("span", { className: "help", textContent: mistake.help });
    return make("li", {}, told, help || null);
  }

  /** Puts the cursor on a mistake. */
  go({ line, column, width }) {
    const lines = this.text.split("\n");
    const characters = [...(lines[line - 1] ?? "")];
    const units = (count) => characters.slice(0, count).join("").length;
    const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    this.area.focus();
    this.area.setSelectionRange(before + units(column - 1), before + units(column - 1 + width));
    this.area.scrollTop = Math.max(0, (line - 8) * 20);
    this.tell();
  }

  /** Tells what is wrong under the cursor, or how many mistakes there are. */
  tell() {
    const line = this.text.slice(0, this.area.selectionStart).split("\n").length;
    const here = this.mistakes.filter((mistake) => mistake.line === line);
    const parts = here.map((mistake) => {
      const help = mistake.help ? `; ${mistake.help}` : "";
      const place = `Line ${mistake.line}, column ${mistake.column}: `;
      return make("span", { className: mistake.severity }, `${place}${mistake.message}${help} `);
    });
    const count = (severity) => this.mistakes.filter((m) => m.severity === severity).length;
    const [errors, warnings] = [count("error"), count("warning")];
    const counted = [
      errors > 0 ? plural(errors, "mistake", "mistakes") : "",
      warnings > 0 ? plural(warnings, "warning", "warnings") : "",
    ].filter(Boolean);
    const all = [this.summary, counted.join(", ")].filter(Boolean).join("; ");
    const told = parts.length > 0 ? parts : [all === "" ? "" : `${all}.`];
    const text = told.map((part) => part.textContent ?? part).join("");
    // A screen reader is told of changes only.
    if (text !== this.now.textContent) this.now.replaceChildren(...told);
  }
}

function mark({ line, column, width, severity }, lines) {
  // A tab is as wide as it is to the eye.
  const columns = (count) => {
    let at = 0;
    for (const c of [...(lines[line - 1] ?? "")].slice(0, count)) at += c === "\t" ? 4 - (at % 4) : 1;
    return at;
  };
  const element = make("i", { className: severity });
  element.style.top = `${(line - 1) * 20}px`;
  element.style.left = `${columns(column - 1)}ch`;
  element.style.width = `${Math.max(1, columns(column - 1 + width) - columns(column - 1))}ch`;
  return element;
}
