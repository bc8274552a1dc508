/** What the experiment "handwriting" draws: the scribble, each letter beside its template, names that fit. */

import { figureTools } from "../ui/chart-tools.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";

/**
 * @typedef {[number, number][]} Points
 * @typedef {{label: string, face: string, distance: number}} Choice
 * @typedef {{
 *   label: string, choices: Choice[], points: Points, turns: Points, template: Points,
 *   template_turns: Points, path: [number, number][], strokes: [number, number]
 * }} Letter `turns`: the pen's directions at the points
 */

/** What the launcher starts. */
export const NAMES = (
  "Calculator Calendar Camera Clock Contacts Dictionary Editor Files Gallery Games Goosequill Gopher Help Images " +
  "Keyboard Library Mail Maps Messages Music Notes Paint Passwords Phone Photos Printer Quill Radio Recorder Search " +
  "Settings Sounds Spelling Tasks Terminal Translator Videos Weather Writer"
).split(" ");

/** Pixels of a letter's height in a saved picture. */
const SCALE = 100;

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/**
 * The names whose first letters are among the choices of each letter drawn, the best first. Letters drawn
 * beyond a name's end do not fit it.
 * @param {readonly {choices: Choice[]}[]} letters
 * @param {readonly string[]} [names]
 */
export function fitting(letters, names = NAMES) {
  const scored = names.map((name) => {
    const costs = letters.map(({ choices }, index) => {
      const found = choices.filter(({ label }) => label.toLowerCase() === name[index]?.toLowerCase());
      return found.length ? Math.min(...found.map(({ distance }) => distance)) : Number.POSITIVE_INFINITY;
    });
    return { name, cost: costs.reduce((sum, cost) => sum + cost, 0) };
  });
  return scored
    .filter(({ cost }) => Number.isFinite(cost))
    .sort((one, other) => one.cost - other.cost)
    .map(({ name }) => name);
}

/**
 * The scribble, each letter in one of two colours, with what was read below it.
 * @param {Points[]} strokes
 * @param {Letter[]} letters
 */
export function scribble(strokes, letters) {
  const width = Math.max(1, ...strokes.flat().map(([x]) => x));
  const height = Math.max(0.1, ...strokes.flat().map(([, y]) => y));
  const parts = letters.flatMap(({ strokes: [start, end], label }, index) => {
    const own = strokes.slice(start, end);
    const places = own.flat().map(([x]) => x);
    const middle = (Math.min(...places) + Math.max(...places)) / 2;
    const text = svgElement("text", { x: middle, y: height + 0.42, "font-size": 0.34 });
    text.textContent = label;
    return [
      ...own.map((stroke) => svgElement("path", { d: line(stroke), class: index % 2 ? "h-odd" : "h-even" })),
      text,
    ];
  });
  const read = letters.map(({ label }) => label).join("");
  return svgElement(
    "svg",
    {
      viewBox: [-0.2, -0.2, width + 0.4, height + 0.8].map((length) => round(SCALE * length)).join(" "),
      class: "hand-scribble",
      role: "img",
      "aria-label": `The scribble, divided into ${letters.length} letters, read as ${read}`,
    },
    svgElement("g", { transform: `scale(${SCALE})` }, ...parts),
  );
}

/** The scribble, with what saves it and its letters. @param {Points[]} strokes @param {Letter[]} letters */
export function scribbleFigure(strokes, letters) {
  const drawing = scribble(strokes, letters);
  const rows = letters.map(({ label, choices: [best] }) => [label, best?.face, best?.distance]);
  const title = `A scribble, read as ${letters.map(({ label }) => label).join("")}`;
  const table = { columns: ["letter", "nearest template", "distance"], rows };
  return element(
    "figure",
    {},
    drawing,
    figureTools(drawing, { title, name: "scribble", table, details: null }),
  );
}

/** A letter over its best template, with lines between the points that match. @param {Letter} letter */
export function match({ label, points, template, path, choices }) {
  const links = path.map(([i, j]) => `M${place(points[i])}L${place(template[j])}`).join("");
  const [best, ...others] = choices;
  return element(
    "li",
    {},
    svgElement(
      "svg",
      { viewBox: "-60 -60 120 120", class: "hand-match", "aria-hidden": "true" },
      svgElement("path", { d: links, class: "h-links" }),
      ...template.map((point) => dot(point, "h-template")),
      ...points.map((point) => dot(point, "h-drawn")),
    ),
    element("strong", {}, label),
    element("span", { class: "note" }, `${best.face}, distance ${amount(best.distance)}`),
    others.length
      ? element(
          "span",
          { class: "note" },
          `or ${others
            .slice(0, 3)
            .map((each) => each.label)
            .join(", ")}`,
        )
      : null,
  );
}

/** The launcher: the names that fit what is written. @param {Letter[]} letters */
export function launcher(letters) {
  const names = fitting(letters);
  const rows = names.map((name) =>
    element("li", {}, element("strong", {}, name.slice(0, letters.length)), name.slice(letters.length)),
  );
  return element(
    "div",
    { class: "hand-names", "data-testid": "names" },
    element("p", {}, names.length ? "Names that begin like this:" : "No name in the list begins like this."),
    names.length ? element("ul", { class: "hand-list" }, ...rows) : null,
  );
}

/** A mean squared distance, times 1,000. @param {number} distance */
export function amount(distance) {
  return NUMBER.format(1000 * distance);
}

/** @param {[number, number]} point @param {string} kind */
function dot([x, y], kind) {
  return svgElement("circle", { cx: round(100 * x), cy: round(100 * y), r: 1.6, class: kind });
}

/** @param {[number, number]} point */
function place([x, y]) {
  return `${round(100 * x)} ${round(100 * y)}`;
}

/** @param {Points} stroke */
function line(stroke) {
  return `M${stroke.map(([x, y]) => `${round(x)} ${round(y)}`).join("L")}`;
}

/** @param {number} value */
function round(value) {
  return Number(value.toFixed(2));
}
