/** The page about training: classifying, the letters' file, the pad's answers, and the charts' words. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { openPage, settle } from "./page.js";

openPage();
const { classify, LETTERS, nearest, PIXELS, rasterize } = await import("../../../site/lab/classify.js");
const { readLetters } = await import("../../../site/lab/letters-file.js");
const { LetterPad } = await import("../../../site/lab/training-pad.js");
const { figures, prepare, ranges, render, summary } = await import("../../../site/lab/training.js");

const DATA = new URL("../../../py/goosequill/lab/data/", import.meta.url);
let letters;
let layers;

before(async () => {
  await prepare();
  const bytes = await readFile(new URL("letters-a-j.npz", DATA));
  letters = await readLetters(new Uint8Array(bytes).buffer);
  layers = JSON.parse(await readFile(new URL("training-network.json", DATA), "utf-8")).layers;
});

function stroke(points) {
  return points.map(([x, y], t) => ({ x, y, t }));
}

function best(shares) {
  return LETTERS[shares.indexOf(Math.max(...shares))];
}

const DRAWN = {
  I: [
    [
      [0.5, 0.1],
      [0.5, 0.9],
    ],
  ],
  H: [
    [
      [0.2, 0.1],
      [0.2, 0.9],
    ],
    [
      [0.8, 0.1],
      [0.8, 0.9],
    ],
    [
      [0.2, 0.5],
      [0.8, 0.5],
    ],
  ],
};

test("a small network's probabilities are the softmax of its outputs", () => {
  const ink = new Float32Array(2).fill(1); // 0.5 each
  const network = [
    {
      weights: [
        [2, -4],
        [2, 0],
      ],
      bias: [1, 0],
      scale: 0.5,
    },
    {
      weights: [
        [1, 0],
        [5, 5],
      ],
      bias: [0, 1],
    },
  ];
  // Hidden: 1 + 0.5 * (1 + 1) = 2, and ReLU(-1) = 0; outputs 2 and 1.
  const [one, two] = classify(network, ink);
  assert.ok(Math.abs(one - 1 / (1 + Math.exp(-1))) < 1e-12);
  assert.ok(Math.abs(one + two - 1) < 1e-12);
});

test("the letters' file has letters that the network recognizes, and the nearest to one is itself", () => {
  assert.equal(letters.members.length, 9120);
  let right = 0;
  for (let index = 0; index < 200; index++) {
    const member = letters.members[index * 40];
    const ink = Array.from(letters.images.subarray(member * PIXELS, (member + 1) * PIXELS), (v) => v / 15);
    right += Number(best(classify(layers, ink)) === LETTERS[letters.labels[member]]);
    if (index) continue;
    const [first, second] = nearest(letters, ink, 2);
    assert.deepEqual([...first.pixels], [...letters.images.subarray(member * PIXELS, (member + 1) * PIXELS)]);
    assert.notDeepEqual([...second.pixels], [...first.pixels]);
  }
  assert.ok(right >= 190, `${right} of 200`);
});

test("a damaged file is refused", async () => {
  await assert.rejects(readLetters(new ArrayBuffer(40)), /not a zip archive/);
  const bytes = new Uint8Array(await readFile(new URL("letters-a-j.npz", DATA)));
  await assert.rejects(readLetters(bytes.slice(0, 5000).buffer));
});

test("strokes of any size and place become letters that the network knows", () => {
  for (const [letter, strokes] of Object.entries(DRAWN))
    for (const [size, shift] of [
      [1, 0],
      [0.3, 0.6],
    ]) {
      const moved = strokes.map((points) =>
        stroke(points.map(([x, y]) => [x * size + shift, y * size + shift])),
      );
      const ink = rasterize(moved);
      assert.equal(best(classify(layers, ink)), letter);
      assert.ok(Math.max(...ink) === 1 && Math.min(...ink) === 0);
    }
});

test("a dot stays small, and no stroke is an empty picture", () => {
  const ink = rasterize([stroke([[0.9, 0.9]])]);
  const inked = [...ink].filter((value) => value > 0).length;
  assert.ok(inked > 4 && inked < 25, `${inked} pixels`);
  assert.equal(Math.max(...rasterize([])), 0);
});

const SAMPLES = { images: [Array(PIXELS).fill(0)], labels: [2] };

test("a picked letter is classified by the run's network, and without one by the site's", async () => {
  const asked = [];
  const sources = {
    network: async () => {
      asked.push("network");
      return layers;
    },
    letters: async () => letters,
  };
  const pad = new LetterPad(sources);
  document.body.replaceChildren(pad.element);
  pad.update({ samples: SAMPLES, steps: 9 });
  const pick = pad.element.querySelector(".training-pick");
  assert.equal(pick.getAttribute("aria-label"), "Test letter C");
  pick.click();
  await settle();
  const result = () => pad.element.querySelector("[data-testid=pad-result]")?.textContent ?? "";
  assert.match(result(), /^Test letter C: the network answers [A-J], /);
  assert.equal(pad.element.querySelectorAll("[data-testid=pad-nearest] li").length, 6);
  assert.deepEqual(asked, ["network"]);
  const sure = [{ weights: Array(PIXELS).fill(Array(10).fill(0)), bias: [0, 0, 0, 0, 0, 9, 0, 0, 0, 0] }];
  pad.update({ network: sure, samples: SAMPLES, steps: 9 });
  await settle();
  assert.match(result(), /answers F, 99\.9% sure/);
  assert.match(pad.element.textContent, /your network: no hidden layer, 9 steps/);
  assert.equal(asked.length, 1);
});

test("a file that cannot be loaded is said", async () => {
  const failed = async () => {
    throw new Error("The file could not be loaded.");
  };
  const pad = new LetterPad({ network: failed, letters: failed });
  pad.update({ samples: SAMPLES, steps: 9 });
  pad.element.querySelector(".training-pick").click();
  await settle();
  assert.match(pad.element.textContent, /could not be loaded/);
});

function curve(last) {
  const values = [0.5, last];
  return { steps: [50, 100], batch_loss: [2, 1], loss: [2, 1], accuracy: values, train_accuracy: values };
}

function result() {
  const runs = [
    { hidden: 1024, steps: 18000, seeds: 1, tested: { steps: [9000, 18000], accuracy: [[0.93, 0.94]] } },
    { hidden: 0, steps: 9000, seeds: 2, tested: { steps: [9000], accuracy: [[0.8], [0.82]] } },
  ].map((run) => ({ ...run, curves: [curve(0.9)] }));
  return {
    curves: [curve(0.8), curve(0.9)],
    test_accuracy: [0.8, 0.9],
    best_step: [50, 100],
    samples: SAMPLES,
    study: { runs, letters: 60000, tested: 3000 },
  };
}

const SETTINGS = { hidden: 64, steps: 100, seeds: 2 };

test("the main figure has a chart of accuracy and one of loss, and a sentence", () => {
  const place = document.createElement("div");
  const drawing = { data: result(), element: place, settings: SETTINGS, run: () => {}, partial: false };
  render(drawing);
  assert.equal(place.querySelectorAll("figure").length, 2);
  assert.match(place.textContent, /the article: 84%/);
  assert.match(place.textContent, /80\.0% to 90\.0% of 3,000 test letters/);
  const partial = { curves: [curve(0.8)] };
  render({ ...drawing, data: partial, partial: true });
  assert.match(place.textContent, /Network 1: step 100 of 100: 80\.0% recognized\./);
});

test("the sentence says when a run has stopped early", () => {
  const words = summary(result(), { ...SETTINGS, hidden: 0, steps: 500 });
  assert.match(words, /With no hidden layer and 100 steps/);
  assert.match(words, /stopped early and kept its weights of step 50\./);
});

test("the long runs stand beside the article's claims", () => {
  const place = document.createElement("div");
  figures.study({ data: result(), element: place, settings: SETTINGS, run: () => {}, partial: false });
  const rows = [...place.querySelectorAll(".lab-table tbody tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
  assert.deepEqual(rows, [
    ["no hidden layer", "9,000", "2", "81.0% (80.0% to 82.0%)", "81%"],
    ["1,024 hidden units", "9,000", "1", "93.0%", "84%"],
    ["1,024 hidden units", "18,000", "1", "94.0%", "86%"],
  ]);
});

test("there is no dropout without hidden units", () => {
  assert.deepEqual(ranges({ hidden: 0 }), { dropout: [0, 0] });
  assert.deepEqual(ranges({ hidden: 16 }), { dropout: [0, 0.9] });
});
