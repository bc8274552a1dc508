import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as module from "../../../site/lab/handwriting.js";
import { costs, matched } from "../../../site/lab/handwriting-instant.js";
import { offerNetwork } from "../../../site/lab/handwriting-network.js";
import { fitting } from "../../../site/lab/handwriting-picture.js";
import { added, placesOf, read, sampleOf } from "../../../site/lab/handwriting-samples.js";
import { textsOf } from "../pluck.js";
import { openPage } from "./page.js";

const choice = (label, distance) => ({ label, face: "plain", distance });
const letter = (label, strokes) => ({
  label,
  choices: [choice(label, 0.01), choice("x", 0.02)],
  points: [
    [0, 0],
    [0.5, 0.5],
  ],
  turns: [
    [0.25, 0],
    [0.25, 0],
  ],
  template: [
    [0, 0.1],
    [0.5, 0.4],
  ],
  template_turns: [
    [0.25, 0],
    [0, 0.25],
  ],
  path: [
    [0, 0],
    [1, 1],
  ],
  strokes,
});
const DATA = {
  text: "Go",
  scribble: [
    [
      [0, 0],
      [1, 1],
    ],
    [
      [1.2, 0],
      [1.2, 1],
    ],
    [
      [2, 0],
      [3, 1],
    ],
  ],
  letters: [letter("G", [0, 2]), letter("o", [2, 3])],
  templates: 100,
  comparisons: 790,
  methods: [
    { method: "brute", total: 158000, factor: 1, measured: 200, finished: 200, left: {}, comparisons: {} },
    {
      method: "coarse",
      total: 1580,
      factor: 100,
      measured: 4,
      finished: 3,
      left: { kim: 50, coarse: 5, keogh: 2 },
      comparisons: { kim: 400, coarse: 400, keogh: 320, distance: 460 },
    },
  ],
};

let page;
let root;

beforeEach(() => {
  page = openPage();
  root = page.document.createElement("div");
  page.document.body.append(root);
});

const draw = (how, run = () => {}) =>
  how({ data: DATA, element: root, settings: { band: 6 }, run, partial: false });

test("the scribble is divided, each letter stands over its template, and the launcher lists names", () => {
  draw(module.render);
  assert.equal(root.querySelector("[data-testid=read]").textContent, "Read as Go");
  assert.equal(root.querySelectorAll(".hand-scribble .h-even").length, 2);
  assert.equal(root.querySelectorAll(".hand-scribble .h-odd").length, 1);
  assert.deepEqual(textsOf(root.querySelectorAll(".hand-scribble text")), ["G", "o"]);
  assert.deepEqual(textsOf(root.querySelectorAll("figure:not(.hand-warp) .chart-save button")), [
    "SVG",
    "PNG",
    "CSV",
  ]);
  assert.equal(root.querySelectorAll(".hand-match .h-drawn").length, 4);
  assert.equal(root.querySelector(".h-links").getAttribute("d"), "M0 0L0 10M50 50L50 40");
  assert.deepEqual(textsOf(root.querySelectorAll(".hand-list li")), ["Goosequill", "Gopher"]);
});

test("a handle on the first letter's match moves the band, and keeps the focus when it is drawn anew", async () => {
  const asked = [];
  draw(module.render, (request) => asked.push(request));
  const figure = root.querySelector(".hand-warp");
  assert.equal(figure.querySelector("figcaption").textContent, "How G is matched, with a band of 6");
  assert.equal(figure.querySelector(".hand-path").getAttribute("points"), "2,2 6,6");
  const handle = figure.querySelector("[role=slider]");
  assert.equal(handle.getAttribute("aria-valuetext"), "band 6, distance 10");
  handle.focus();
  handle.dispatchEvent(new page.window.KeyboardEvent("keydown", { key: "ArrowUp" }));
  assert.deepEqual(asked, [{ settings: { band: 7 } }]);
  draw(module.render);
  await Promise.resolve();
  assert.equal(page.document.activeElement, handle);
  assert.ok(root.contains(handle));
});

test("costs are of positions and directions, and a band of 0 matches point by point", () => {
  const cost = costs(DATA.letters[0]);
  assert.deepEqual(
    Array.from(cost, (value) => Number(value.toFixed(4))),
    [0.01, 0.535, 0.41, 0.135],
  );
  const far = Float64Array.of(0, 0, 9, 9, 9, 0, 9, 9, 0);
  assert.deepEqual(matched(far, 3, 1), {
    path: [
      [0, 0],
      [0, 1],
      [1, 2],
      [2, 2],
    ],
    distance: 0,
  });
  assert.deepEqual(matched(far, 3, 0), {
    path: [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
    distance: 3,
  });
});

test("the figures have the counts and the factor, the longest bar first", () => {
  draw(module.figures.speed);
  assert.match(root.textContent, /158,000.*1,580.*100 ×/);
  const widths = [...root.querySelectorAll(".hand-bar")].map(({ style }) => Number.parseFloat(style.width));
  assert.ok(widths[0] === 100 && widths[1] < 50 && widths[1] > 2);
  draw(module.figures.steps);
  const rows = [...root.querySelectorAll("tbody tr")].map((row) =>
    [...row.children].map(({ textContent }) => textContent),
  );
  assert.deepEqual(rows, [
    ["at the start", "200", "0"],
    ["after the ends", "50", "400"],
    ["after the coarse envelope", "5", "400"],
    ["after the fine envelope", "2", "320"],
    ["elastic distances finished", "3", "460"],
  ]);
});

test("names fit if each letter is among the choices, the nearest first", () => {
  const letters = [{ choices: [choice("c", 0.02), choice("G", 0.01)] }, { choices: [choice("A", 0.01)] }];
  assert.deepEqual(fitting(letters, ["Cat", "Gap", "Dog", "Cot", "g"]), ["Gap", "Cat"]);
  assert.deepEqual(fitting([], ["b", "a"]), ["b", "a"]);
});

test("samples are read back as they were saved, and nothing else is", () => {
  const sample = sampleOf("A", [
    [
      { x: 0.123456, y: 1 },
      { x: 1, y: 2 },
    ],
  ]);
  assert.deepEqual(sample, {
    label: "A",
    strokes: [
      [
        [0.1235, 1],
        [1, 2],
      ],
    ],
  });
  assert.deepEqual(read(JSON.stringify([sample])), [sample]);
  const wrong = [
    "",
    "{}",
    "[1]",
    "[null]",
    '[{"label":"A"}]',
    '[{"label":"AB","strokes":[[[0,0]]]}]',
    '[{"label":"<","strokes":[[[0,0]]]}]',
    '[{"label":"A","strokes":[]}]',
    '[{"label":"A","strokes":[[]]}]',
    '[{"label":"A","strokes":[[[0]]]}]',
    '[{"label":"A","strokes":[[[0,1e9]]]}]',
    '[{"label":"A","strokes":[[[0,"1"]]]}]',
    JSON.stringify(Array(201).fill(sample)),
    JSON.stringify([{ ...sample, strokes: Array(5).fill(sample.strokes[0]) }]),
  ];
  for (const text of wrong) assert.throws(() => read(text), /not samples of handwriting/, text.slice(0, 60));
  assert.throws(() => sampleOf("AB", [[{ x: 0, y: 0 }]]), /which letter/);
  assert.throws(() => sampleOf("A", []), /empty/);
  assert.throws(() => added(Array(200).fill(sample), [sample]), /More than 200/);
});

test("long strokes keep their ends and at most 64 places", () => {
  for (const count of [1, 63, 64, 65, 127, 1000]) {
    const places = placesOf(Array.from({ length: count }, (_, x) => ({ x, y: 0 })));
    assert.ok(places.length <= 64);
    assert.equal(places[0][0], 0);
    assert.equal(places[places.length - 1][0], count - 1);
  }
});

test("a kept sample stays in the browser, is sent with each run, and can be deleted", () => {
  const requests = [];
  const kept = new Map();
  const storage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => kept.set(key, text),
    removeItem: (key) => kept.delete(key),
  };
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
  const problems = [];
  const options = {
    element: root,
    run: (request) => requests.push(request),
    problem: (error) => problems.push(error),
  };
  module.inputs(options);
  const press = (words) =>
    [...root.querySelectorAll("button")].find(({ textContent }) => textContent === words).click();
  press("Keep this letter");
  assert.match(problems[0].message, /which letter/);
  root.querySelector(".pad").show([
    [
      { x: 0, y: 0, t: 0 },
      { x: 1, y: 1, t: 9 },
    ],
  ]);
  root.querySelector(".hand-keep input").value = "n";
  press("Keep this letter");
  const sample = {
    label: "n",
    strokes: [
      [
        [0, 0],
        [1, 1],
      ],
    ],
  };
  assert.deepEqual(requests.at(-1), { data: { strokes: sample.strokes, samples: [sample] } });
  assert.equal(kept.size, 1);

  root.replaceChildren();
  module.inputs(options); // as at the next visit
  assert.deepEqual(requests.at(-1), { data: { samples: [sample] } });
  root.querySelector("[data-testid=samples] button").click();
  assert.deepEqual(requests.at(-1), { data: null });
  assert.equal(kept.size, 0);
});

/** A network without hidden layer that always prefers one letter. */
const always = (letter) => [
  {
    weights: Array.from({ length: 784 }, () => new Array(10).fill(0)),
    bias: Array.from({ length: 10 }, (_, index) => (index === letter ? 5 : 0)),
  },
];
const settled = () => new Promise((resolve) => setTimeout(resolve));
const cells = () =>
  [...root.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));

const unfold = async (open) => {
  const details = root.querySelector("details");
  details.open = open;
  details.dispatchEvent(new page.window.Event("toggle"));
  await settled();
};

test("the network reads when it is asked, and from then on each new scribble", async () => {
  offerNetwork(root, DATA, { network: async () => always(6) });
  await settled();
  assert.equal(root.querySelector("table"), null);
  await unfold(true);
  assert.deepEqual(cells(), [
    ["1", "G", "G", "94%"],
    ["2", "o", "G (it does not know o)", "94%"],
  ]);
  offerNetwork(root, { ...DATA, letters: DATA.letters.slice(0, 1) }, { network: async () => always(0) });
  assert.equal(root.querySelector("details").open, true);
  await unfold(true);
  assert.deepEqual(cells(), [["1", "G", "A", "94%"]]);
});

test("a network that cannot be fetched can be asked again", async () => {
  let fails = true;
  const network = async () => {
    if (fails) throw Object.assign(new Error("There is no network."), { remedy: "Try again." });
    return always(0);
  };
  offerNetwork(root, DATA, { network });
  await unfold(true);
  assert.match(root.querySelector("[role=status]").textContent, /There is no network\. Try again\./);
  fails = false;
  await unfold(false);
  await unfold(true);
  assert.equal(cells().length, 2);
  assert.equal(root.querySelector("[role=status]").textContent, "");
});
