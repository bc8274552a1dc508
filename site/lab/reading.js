/** Draws a page with what was found on it, and its text as four ways read it (goosequill.lab.reading). */

import { chart, loadPlot, percentage } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { number } from "../ui/words.js";
import { chartHandle } from "./chart-handle.js";
import { conclusion, resultTable } from "./findings.js";

export { inputs } from "./reading-inputs.js";
export { instant } from "./reading-instant.js";

/** @import { Drawing } from "./frame.js" */

/**
 * @typedef {[number, number, number, number]} Box left, top, right, bottom
 * @typedef {[number, number, number, boolean]} Cut column, top, bottom, and whether it was cut there
 * @typedef {{
 *   box: Box, line: number, word: number, gap?: number, choices: [string, number][]
 * }} Letter `gap`: how much wider than usual the gap before it is, in heights of its line
 * @typedef {[number, number, number][]} Interval mean, low and high of the characters' and the words' rate
 * @typedef {Record<string, {rates: Interval, gain?: Interval}>} Measured by reading
 * @typedef {{
 *   command: string, lines: number, letters: number, unknown: number, spacings: number[],
 *   conditions: Record<string, Record<"linear" | "hidden", Measured>>,
 *   cut: Record<"with" | "without", Record<"none" | "words", [number, number, number][]>>
 * }} Study
 */

export const live = true;
export const prepare = loadPlot;
export const folded = ["noise", "blur", "rotation", "gap", "cut", "hidden", "model", "seed"];

/** Values of the setting, and the places of its handle. */
const GAPS = Array.from({ length: 56 }, (_, index) => (2 * index - 10) / 100);

/** @type {Record<string, string>} */
const READINGS = {
  none: "Best letters",
  corrected: "Norvig’s corrector",
  words: "Word list",
  model: "Language model",
};

/** @type {Record<string, string>} */
const CONDITIONS = {
  clean: "As it is",
  touching: "Letters touch (spacing −1)",
  noise: "Noise 0.3",
  blur: "Blur 1.5",
  turned: "Turned by 1.5°",
};

/** @param {Drawing} drawing */
export function render({ data, element: place, settings, run, partial }) {
  const isOpen = place.querySelector("details")?.open ?? false;
  const isRead = "words" in data.readings;
  place.replaceChildren(
    sheet(data),
    gaps(data.letters, settings.gap, { place, run }),
    readings(data, partial),
    conclusion(!partial ? summary(data) : isRead ? "The language model is reading…" : `${alone(data)}.`),
    alternatives(data, isOpen),
  );
}

/**
 * How wide the gaps between letters are, with a handle on what parts words.
 * @param {Letter[]} letters
 * @param {number} least
 * @param {{place: Element, run: Drawing["run"]}} handle
 */
function gaps(letters, least, { place, run }) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const { gap } of letters) if (gap !== undefined) counts.set(gap, (counts.get(gap) ?? 0) + 1);
  const widths = [...counts.keys()].sort((one, other) => one - other);
  const most = Math.max(1, ...counts.values());
  const series = (/** @type {string} */ name, /** @type {number[]} */ x) => ({
    name,
    kind: /** @type {const} */ ("points"),
    x,
    y: x.map((width) => counts.get(width)),
  });
  return chart({
    title: "Gaps between letters: drag the line beyond which a word ends",
    x: {
      label: "wider than usual",
      unit: "heights of the line",
      domain: [Math.min(GAPS[0], ...widths), Math.max(1, ...widths)],
    },
    y: { label: "gaps", domain: [0, most] },
    series: [
      series(
        "in a word",
        widths.filter((width) => width <= least),
      ),
      series(
        "between words",
        widths.filter((width) => width > least),
      ),
    ],
    rules: [{ x: least, label: "" }],
    height: 150,
    onDraw: chartHandle(place, {
      label: "Word gap",
      values: GAPS,
      now: least,
      orientation: "horizontal",
      at: (gap, x, y) => ({ x: x(gap), y: y(most / 2) }),
      words: (gap) => `word gap ${gap}`,
      change: (gap) => run({ settings: { gap } }),
    }),
  });
}

/** The page, with its lines, its letters and where they could be cut. @param {any} data */
function sheet({ page, size: [height, width], lines, letters, cuts, wanted }) {
  const drawn = svgElement("svg", {
    viewBox: `0 0 ${width} ${height + 8}`,
    class: "reading-page",
    role: "img",
    "aria-label": wanted ? `A page with the text ${wanted}` : "Your picture",
  });
  const boxes = /** @type {Box[]} */ (lines).map(([left, top, right, bottom]) =>
    svgElement("rect", {
      x: left - 4,
      y: top - 2,
      width: right - left + 8,
      height: bottom - top + 4,
      class: "reading-line",
    }),
  );
  const found = /** @type {Letter[]} */ (letters).map(
    ({ box: [left, top, right, bottom], line, choices }) => {
      const below = svgElement("text", {
        x: (left + right) / 2,
        y: lines[line][3] + 10,
        class: choices[0][1] < 0.5 ? "reading-letter unsure" : "reading-letter",
      });
      below.append(choices[0][0]);
      const edge = { x: left, y: top, width: right - left, height: bottom - top, class: "reading-box" };
      return svgElement("g", {}, svgElement("rect", edge), below);
    },
  );
  const words = /** @type {Letter[]} */ (letters)
    .filter(({ word }, index) => letters[index - 1]?.word !== word)
    .map(({ box: [left], line, word }) => {
      const [, , right] = letters.findLast((/** @type {Letter} */ letter) => letter.word === word).box;
      return svgElement("path", { d: `M${left} ${lines[line][3] + 13}H${right}`, class: "reading-word" });
    });
  const places = /** @type {Cut[]} */ (cuts).map(([column, top, bottom, isCut]) =>
    svgElement("path", {
      d: `M${column} ${top - 3}V${bottom + 3}`,
      class: isCut ? "reading-cut made" : "reading-cut",
    }),
  );
  drawn.append(
    svgElement("rect", { width, height: height + 8, class: "reading-paper" }),
    svgElement("image", { href: page, width, height }),
    ...boxes,
    ...found,
    ...words,
    ...places,
  );
  return element(
    "figure",
    { class: "reading-sheet" },
    drawn,
    element(
      "figcaption",
      { class: "note" },
      "Under each letter what it is read as, in red if that is less than half certain; words are underlined. " +
        "Dashed: where a wide part could be cut; solid: where it was.",
    ),
  );
}

/** The text as each way reads it. @param {any} data @param {boolean} partial */
function readings({ readings: found, rates, wanted }, partial) {
  const names = Object.keys(READINGS).filter((name) => name in found || partial);
  return resultTable({
    caption: wanted ? "Read in four ways" : "Your picture, read in four ways",
    columns: ["Decoded by", "Text", ...(wanted ? ["Wrong characters", "Wrong words"] : [])],
    rows: names.map((name) => {
      if (!(name in found)) return [READINGS[name], "…", ...(wanted ? ["…", "…"] : [])];
      return [
        READINGS[name],
        element(
          "td",
          { class: "reading-text", "data-testid": `reading-${name}` },
          ...marked(found[name], wanted),
        ),
        ...(rates[name] ?? []).map(percent),
      ];
    }),
  });
}

/**
 * The words of a text; those that differ from the wanted ones are marked.
 * @param {string} text
 * @param {string} wanted
 */
export function marked(text, wanted) {
  const [words, right] = [text.split(" "), wanted.split(" ")];
  const isKnown = words.length === right.length;
  return words.flatMap((word, index) => [
    index ? " " : "",
    isKnown && word.toUpperCase() !== right[index] ? element("mark", {}, word) : word,
  ]);
}

/** @param {any} data */
export function summary({ readings: found, rates, letters, wanted, words, nodes }) {
  const list = `The list has ${number(words)} words; its trie has ${number(nodes)} nodes.`;
  if (!wanted) return `${number(letters.length)} letters were found. ${list}`;
  const rows = Object.keys(found).map((name) => /** @type {const} */ ([name, rates[name][0]]));
  const least = Math.min(...rows.map(([, rate]) => rate));
  const best = rows.filter(([, rate]) => rate === least).map(([name]) => READINGS[name].toLowerCase());
  if (least === rates.none[0]) return `${alone({ rates })}, and nothing reads better. ${list}`;
  return `${alone({ rates })}; by ${best.join(" and ").replace("norvig", "Norvig")}, ${percent(least)}. ${list}`;
}

/** @param {any} data */
function alone({ rates }) {
  return `By its best letters alone, ${percent(rates.none[0])} of the characters are wrong`;
}

/**
 * What each letter could be as well, folded: a table that is made when it is opened.
 * @param {any} data
 * @param {boolean} isOpen
 */
function alternatives({ letters }, isOpen) {
  const rows = () =>
    /** @type {Letter[]} */ (letters).map(({ word, choices }, index) => [
      index + 1,
      word + 1,
      ...choices.map(([letter, share]) => `${letter} ${percent(share)}`),
    ]);
  const folded = element("details", {}, element("summary", {}, "What each letter could be"));
  const fill = () => {
    if (folded.childElementCount > 1) return;
    const caption = "The three likeliest letters of each picture, with their probabilities";
    folded.append(
      resultTable({ caption, columns: ["Letter", "Word", "First", "Second", "Third"], rows: rows() }),
    );
  };
  folded.addEventListener("toggle", fill);
  folded.open = isOpen;
  if (isOpen) fill();
  return folded;
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)}%`;
}

/** @param {[number, number, number]} interval */
function ranged([mean, low, high]) {
  return `${percent(mean)} (${percent(low)} to ${percent(high)})`;
}

/** Places that are drawn: a study stays the same, and a slider is not to wait for its charts. */
const drawn = new WeakSet();

export const figures = {
  /** Error rates of all readings, with and without a hidden layer. @param {Drawing} drawing */
  study({ data, element: place }) {
    if (drawn.has(place)) return;
    drawn.add(place);
    /** @type {Study} */
    const study = data.study;
    const { clean } = study.conditions;
    const names = Object.keys(READINGS);
    const series = /** @type {const} */ (["linear", "hidden"]).map((network) => {
      const rates = names.map((name) => clean[network][name].rates[0]);
      return {
        name: network === "linear" ? "logistic regression" : "128 hidden units",
        kind: /** @type {const} */ ("points"),
        x: names.map((name) => READINGS[name]),
        y: rates.map(([mean]) => mean),
        low: rates.map(([, low]) => low),
        high: rates.map(([, , high]) => high),
      };
    });
    place.replaceChildren(
      chart({
        title: `Wrong characters, mean of ${study.lines} lines in as many families of fonts, with 95% intervals`,
        x: { label: "decoded by", domain: names.map((name) => READINGS[name]) },
        y: { label: "wrong characters", format: percentage, domain: [0, highest(series)] },
        series,
        height: 260,
      }),
      conditions(study, 0, "Wrong characters"),
      conditions(study, 1, "Wrong words"),
      element(
        "p",
        { class: "note" },
        `Computed beforehand, not in your browser, with “${study.command}”: ${study.lines} sentences of this site’s articles, ` +
          `${number(study.letters)} letters, each in a face of another family that no network has seen. ` +
          `${percent(study.unknown)} of their words are not on the list. In brackets: the 95% interval of the mean, ` +
          "from 2,000 bootstrap samples of the lines.",
      ),
    );
  },

  /** What spacing does, with cuts and without. @param {Drawing} drawing */
  spacing({ data, element: place }) {
    if (drawn.has(place)) return;
    drawn.add(place);
    /** @type {Study} */
    const { cut, spacings, lines } = data.study;
    /** @param {"with" | "without"} way @param {"none" | "words"} reading @param {string} name */
    const line = (way, reading, name) => {
      const rates = cut[way][reading];
      return {
        name,
        x: spacings,
        y: rates.map(([mean]) => mean),
        low: rates.map(([, low]) => low),
        high: rates.map(([, , high]) => high),
        dashed: way === "without",
        muted: reading === "none",
      };
    };
    const series = [
      line("without", "none", "best letters, no cuts"),
      line("with", "none", "best letters, cut"),
      line("without", "words", "word list, no cuts"),
      line("with", "words", "word list, cut"),
    ];
    place.replaceChildren(
      chart({
        title: `Wrong characters by letter spacing, logistic regression, mean of ${lines} lines`,
        x: { label: "letter spacing", unit: "pixels" },
        y: { label: "wrong characters", format: percentage, domain: [0, highest(series)] },
        series,
        height: 300,
      }),
    );
  },
};

/** @param {{high: number[]}[]} series */
function highest(series) {
  return Math.max(...series.flatMap(({ high }) => high));
}

/** @param {Study} study @param {0 | 1} part @param {string} what */
function conditions(study, part, what) {
  const rows = Object.entries(study.conditions).flatMap(([condition, networks]) =>
    /** @type {const} */ (["linear", "hidden"])
      .filter((network) => networks[network])
      .map((network) => [
        `${CONDITIONS[condition]}, ${network === "linear" ? "linear" : "hidden layer"}`,
        ...Object.keys(READINGS).map((name) => {
          const found = networks[network][name];
          return found ? ranged(found.rates[part]) : "not measured";
        }),
      ]),
  );
  return resultTable({ caption: what, columns: ["Page and network", ...Object.values(READINGS)], rows });
}
