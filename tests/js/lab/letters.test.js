import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, beforeEach, test } from "node:test";
import { window } from "../dom.js";
import { textsOf } from "../pluck.js";

Object.assign(globalThis, { SVGElement: window.SVGElement });

const { picture, sheet } = await import("../../../site/lab/letters-pictures.js");
const letters = await import("../../../site/lab/letters.js");

before(letters.prepare);

const SMALL = new URL("../../../py/goosequill/lab/data/letters-small.json", import.meta.url);
const C = ["0.001", "0.01", "0.1", "1"];
const SETTINGS = { size: 200, c: "0.01", alphabet: "A to J", jitter: true, noise: 0, seed: 0 };
const blank = () => new Array(784).fill(0);
const rows = (value) => C.map(() => value);

/** A result as Python returns it, with two letters only. */
function result(changes = {}) {
  const seeds = { c: C, sizes: [50, 200_000] };
  const band = [[0.4, 0.5], [0.82]];
  const curve = { ...seeds, train: rows(band), validation: rows(band) };
  return {
    alphabet: "AB",
    curves: {
      sizes: [50, 200],
      c: C,
      train: rows([1, 0.9]),
      validation: C.map((_, index) => [0.1 * index, 0.7]),
    },
    features: {
      command: "python -m something",
      first_seed: 100,
      seeds: 2,
      ratios: [0.5, 1],
      sides: {
        7: [
          [0.4, 0.42],
          [0.5, 0.52],
        ],
        28: [[0.45, 0.5]],
      },
    },
    reference: {
      jittered: curve,
      clean: { ...curve, c: ["0.01"] },
      alphabet: { ...curve, c: ["0.01"] },
      noise: { c: C, size: 2000, shares: [0, 0.4], validation: rows([[0.7], [0.5, 0.6]]) },
    },
    small: {
      ...JSON.parse(readFileSync(SMALL, "utf-8")),
      description: { parameters: [{ name: "size", kind: "integer", default: 400, choices: [] }] },
    },
    examples: { images: [blank(), blank()], labels: [1, 0] },
    weights: [blank().fill(100), blank().fill(-50)],
    largest_weight: 0.02,
    confusion: [
      [90, 10],
      [30, 70],
    ],
    calibration: { confidence: [0.5, 0.9], accuracy: [0.6, 0.95], count: [150, 50], error: 0.0625 },
    mistakes: { images: [blank()], labels: [0], guesses: [1], confidences: [0.993] },
    test_accuracy: 0.8,
    ...changes,
  };
}

let place;
const drawing = (changes = {}) => ({
  data: result(),
  element: place,
  settings: SETTINGS,
  run: () => {},
  partial: false,
  ...changes,
});

beforeEach(() => {
  place = document.createElement("div");
  document.body.replaceChildren(place);
});

/** The pixels that a picture draws, as the inverse of what made it. */
function pixelsOf(svg) {
  const pixels = blank();
  for (const path of svg.querySelectorAll("path")) {
    const sign = path.getAttribute("class") === "letters-below" ? -1 : 1;
    for (const [, x, y, length] of path.getAttribute("d")?.matchAll(/M(\d+) (\d+)h(\d+)/g) ?? [])
      for (let step = 0; step < Number(length); step++) {
        const index = Number(y) * 28 + Number(x) + step;
        assert.equal(pixels[index], 0, "no pixel is drawn twice");
        pixels[index] = sign * Number(path.getAttribute("stroke-opacity"));
      }
  }
  return pixels;
}

test("a picture draws every pixel once, in its shade", () => {
  const pixels = Array.from({ length: 784 }, (_, index) => (index * 7) % 16);
  const drawn = pixelsOf(picture(pixels, { most: 15, levels: 15 }));
  for (const [index, value] of pixels.entries()) assert.ok(Math.abs(drawn[index] - value / 15) < 0.006);
});

test("negative values have the other color, and those beyond the most its full strength", () => {
  const pixels = blank();
  [pixels[0], pixels[27], pixels[28], pixels[783]] = [-500, 2000, -3000, 20];
  const drawn = pixelsOf(picture(pixels, { most: 1000, levels: 10 }));
  assert.deepEqual([drawn[0], drawn[27], drawn[28], drawn[783]], [-0.5, 1, -1, 0]);
});

test("a blank picture draws nothing", () => {
  assert.equal(picture(blank(), { most: 15 }).childElementCount, 0);
});

test("pictures on a sheet have names, and captions that are not read twice", () => {
  const figure = sheet({
    title: "Two",
    most: 1,
    pictures: [
      { pixels: blank(), label: "A" },
      { pixels: blank(), label: "B, taken for D", caption: "B, not D" },
    ],
  });
  const names = [...figure.querySelectorAll("li svg")].map((svg) => svg.getAttribute("aria-label"));
  assert.deepEqual(names, ["A", "B, taken for D"]);
  const hidden = [...figure.querySelectorAll("li span")].map((span) => span.getAttribute("aria-hidden"));
  assert.deepEqual(hidden, ["true", "true"]);
});

test("the curves are one pair per C: training solid, validation dashed, in the same color", () => {
  letters.render(drawing());
  const legend = [...place.querySelectorAll(".chart-legend li")];
  assert.deepEqual(
    textsOf(legend),
    ["1", "0.1", "0.01", "0.001"].flatMap((c) => [`C ${c}, training`, `C ${c}, validation`]),
  );
  const html = legend.map((item) => item.innerHTML);
  assert.ok(html.every((text, index) => text.includes("dasharray") === (index % 2 === 1)));
  const colors = html.map((text) => text.match(/--chart-\d/)?.[0]);
  assert.equal(new Set(colors).size, 4);
  assert.ok(colors.every((color, index) => color === colors[index - (index % 2)]));
  assert.match(place.textContent, /With C 0.01 and 200 training letters, 80% of 200 test letters/);
});

test("a partial result draws the curves without a summary", () => {
  const { curves } = result();
  letters.render(drawing({ data: { curves }, partial: true }));
  assert.ok(place.querySelector("figure"));
  assert.doesNotMatch(place.textContent, /test letters/);
});

test("every figure draws, and says its numbers", () => {
  const expected = {
    small: /Weights for C 0.01: orange/,
    samples: /Some training letters/,
    article: /2 to 1 seeds/,
    features: /seeds 100 to 101, the bands/,
    weights: /The weights for C 0.01/,
    confusion: /Most frequent: B taken for A \(30%\), A taken for B \(10%\)/,
    calibration: /Expected calibration error: 6.3%. The last point stands for 50 letters/,
    mistakes: /A, not B \(99%\)/,
    noise: /2,000 training letters/,
    alphabet: /A to Z, jittered/,
  };
  assert.deepEqual(Object.keys(letters.figures), Object.keys(expected));
  for (const [name, words] of Object.entries(expected)) {
    letters.figures[name](drawing());
    assert.match(place.textContent, words);
    assert.ok(place.querySelector("svg"), name);
  }
});

test("wrong labels are mentioned with the letters, and weights are listed in their own unit", () => {
  letters.figures.samples(drawing({ settings: { ...SETTINGS, noise: 0.4 } }));
  assert.match(place.textContent, /some with a wrong label/);
  letters.figures.weights(drawing());
  const table = place.querySelector("details");
  table?.toggleAttribute("open", true);
  table?.dispatchEvent(new window.Event("toggle"));
  assert.match(place.textContent, /0\.02/);
  assert.match(place.textContent, /-0\.01/);
});

test("a letter that never occurs and a model without mistakes do not break the figures", () => {
  const confusion = [
    [0, 0],
    [0, 5],
  ];
  const mistakes = { images: [], labels: [], guesses: [], confidences: [] };
  const data = result({ confusion, mistakes });
  letters.figures.confusion(drawing({ data }));
  letters.figures.mistakes(drawing({ data }));
  assert.doesNotMatch(place.textContent, /NaN/);
});

test("fewer letters can be fitted if there are more classes", () => {
  assert.deepEqual(letters.ranges({ alphabet: "A to J" }), { size: [50, 7000] });
  assert.deepEqual(letters.ranges({ alphabet: "A to Z" }), { size: [50, 4000] });
});
