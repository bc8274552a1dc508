/** The page of the second-order rule: its numbers in words, tables, marks and drawings. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { window } from "../dom.js";
import { rowsOf } from "./page.js";

const { figures, prepare, render, studyVerdict, verdict } = await import("../../../site/lab/second-order.js");
const { drawing } = await import("../../../site/lab/second-order-gallery.js");
const { instant, ways } = await import("../../../site/lab/second-order-instant.js");

before(prepare);

const P = " p = 0.016";
const SETTINGS = { b: -3, unit: "tanh", seeds: 10, passes: 10, output: "sigmoid" };

function difference(mean, half) {
  const size = Math.abs(mean);
  const grade = size > half ? "clear" : size > 0.6 * half ? "undecided" : "none";
  const interval = { half_width: half, low: mean - half, high: mean + half };
  return { mean, ...interval, grade, clear: grade === "clear", sign_flip: 0.0156, values: [mean, mean] };
}

function method(loss, rate = 4) {
  const curve = { mean: [0.1, loss], low: [0.09, loss - 0.01], high: [0.11, loss + 0.01] };
  return { curve, rate, stop: 10, at_edge: rate === 30, loss: [loss, loss], accuracy: [0.9, 0.95] };
}

function result({ shift = -0.005, half = 0.004 } = {}) {
  const effect = difference(shift, half);
  return {
    passes: [0, 10],
    methods: { sgd: method(0.03), rule: method(0.025, 30), lbfgs: method(0.04, null) },
    differences: { loss: { rule: effect, lbfgs: difference(0.01, 0.002) }, accuracy: {} },
    looks: 8,
    gallery: {
      side: 2,
      images: [
        [1, 1, 0, 0.5],
        [0, 0, 0, 0],
      ],
      kinds: ["cat", "bear"],
      answers: { sgd: [0.93, 0.2], rule: [0.4, 0.8] },
    },
    confidence: {
      steps: [0, 10],
      curves: {
        plus: { right: [0.6, 0.9], wrong: [0.55, 0.92] },
        minus: { right: [0.6, 0.55], wrong: [0.55, 0.52] },
      },
    },
    checks: [
      { name: "relu", sentence: "ReLU", measured: 0, bound: 0, kind: "below", passed: true },
      { name: "rule", sentence: "Jacobian", measured: 0.0001, bound: 0.01, kind: "above", passed: false },
    ],
    study: {
      command: "python -m something",
      seeds: 24,
      first_seed: 1000,
      passes: 60,
      looks: 66,
      rows: [
        { setting: "tanh", method: "rule", b: 3, sgd_loss: 0.03, loss: difference(-0.005, 0.002) },
        { setting: "tanh", method: "rule", b: -3, sgd_loss: 0.03, loss: difference(0.0014, 0.002) },
        { setting: "tanh", method: "penalty", b: null, sgd_loss: 0.03, loss: difference(-0.009, 0.002) },
        { setting: "ReLU", method: "rule", b: 3, sgd_loss: 0.028, loss: difference(0.006, 0.002) },
        { setting: "ReLU", method: "rule", b: -3, sgd_loss: 0.028, loss: difference(0.001, 0.002) },
        { setting: "ReLU", method: "penalty", b: null, sgd_loss: 0.028, loss: difference(0, 0.002) },
      ],
      parts: ["rule", "hidden", "output"].map((part) => ({
        part,
        b: 3,
        setting: "tanh",
        loss: difference(-0.004, 0.002),
      })),
      online: {
        b: 3,
        rate: 1.6,
        damping: 1,
        loss: difference(0.002, 0.005),
        cosines: [0.1, 1].map((damping) => ({
          damping,
          ...Object.fromEntries(
            ["rule", "gradient", "term"].map((name) => [
              name,
              { mean: [0.8, 0.9], low: [0.7, 0.8], high: [0.9, 1] },
            ]),
          ),
        })),
      },
    },
  };
}

function draw(part, data = result(), { settings = SETTINGS, partial = false } = {}) {
  const place = document.createElement("div");
  const options = { data, element: place, settings, partial, run: () => {} };
  if (part) figures[part](options);
  else render(options);
  document.body.replaceChildren(place);
  return place;
}

test("the main figure has a curve for each method, and a table of what validation chose", () => {
  const place = draw(null);
  const legends = [...place.querySelectorAll(".chart-legend")].map((list) =>
    [...list.children].map((item) => item.textContent),
  );
  assert.deepEqual(legends, [
    ["SGD", "The rule, b = −3"],
    ["SGD", "The rule, b = −3", "L-BFGS"],
  ]);
  assert.deepEqual(rowsOf(place), [
    ["SGD", "4", "10", "0.0300", "92.5%"],
    ["The rule, b = −3", "30, the end of its range", "10", "0.0250", "92.5%"],
    ["L-BFGS", "line search", "10", "0.0400", "92.5%"],
  ]);
});

test("a partial result has curves and no verdict", () => {
  const { methods, passes } = result();
  const place = draw(null, { methods, passes }, { partial: true });
  assert.equal(place.querySelectorAll("figure").length, 2); // the weight's, and the curves
  assert.equal(place.querySelectorAll(".lab-table, .lab-verdict").length, 0);
});

test("the weight's way is of new settings at once, and all else of those that have run", () => {
  const before = { ...SETTINGS, b: 3 };
  const found = instant({ settings: SETTINGS, own: null, data: { ...result(), settings: before } });
  assert.equal(found.isWhole, false);
  const place = draw(null, found.data, { partial: true });
  const rules = [...place.querySelectorAll(".chart-legend")].map((list) => list.children[1].textContent);
  assert.deepEqual(rules, ["The rule, b = −3", "The rule, b = 3"]);
  assert.equal(rowsOf(place)[1][0], "The rule, b = 3");
  const seeds = { ...before, seeds: 40 };
  assert.equal(instant({ settings: seeds, own: null, data: { ...result(), settings: before } }), null);
});

test("the start of the weight is a handle, and both ways begin at it", () => {
  const place = draw(null);
  const handle = () => place.querySelector('[role="slider"]');
  assert.equal(handle().getAttribute("aria-valuetext"), "weight -1");
  handle().dispatchEvent(new window.KeyboardEvent("keydown", { key: "End", bubbles: true }));
  assert.equal(handle().getAttribute("aria-valuetext"), "weight 2.5");
  const { sgd, rule } = ways(2.5, SETTINGS);
  assert.deepEqual([sgd[0], rule[0]], [2.5, 2.5]);
  const article = ways(-1, { unit: "tanh", output: "sigmoid", b: 3 });
  assert.ok(Math.abs(article.sgd.at(-1) - article.best) < 0.02 && Math.max(...article.rule) < 0);
});

test("the verdict says better, worse, equal, undecided or not shown, with its numbers", () => {
  assert.equal(
    verdict(result(), SETTINGS),
    "The rule with b = −3 lowers the held-out loss by −0.0050 ± 0.0040 (99%) against 0.0300 of SGD: clearly " +
      "more than chance explains. 10 paired seeds; the interval includes the choice of learning rates, and is " +
      "corrected for 8 comparisons, like the sign-flip test, p = 0.016.",
  );
  assert.match(verdict(result({ shift: 0.005 }), SETTINGS), /raises the held-out loss by \+0\.0050/);
  assert.match(
    verdict(result({ half: 0.006 }), SETTINGS),
    /these seeds do not decide whether that is chance/,
  );
  assert.match(verdict(result({ half: 0.01 }), SETTINGS), /: no difference is shown\./);
  assert.match(verdict(result({ shift: 0, half: 0 }), SETTINGS), /is exactly SGD here/);
});

test("differences have one interval for each rival and a rule at 0", () => {
  const place = draw("differences");
  place.querySelector("details")?.dispatchEvent(new window.Event("toggle"));
  const rows = rowsOf(place, ".chart-table tbody tr");
  assert.deepEqual(
    rows.map((row) => row.slice(0, 3)),
    [
      ["each seed", "The rule, b = −3", "-0.005"],
      ["each seed", "The rule, b = −3", "-0.005"],
      ["each seed", "L-BFGS", "0.01"],
      ["each seed", "L-BFGS", "0.01"],
      ["mean, with its interval", "The rule, b = −3", "-0.005"],
      ["mean, with its interval", "L-BFGS", "0.01"],
    ],
  );
  assert.ok([...place.querySelectorAll("svg text")].some((label) => label.textContent === "SGD"));
});

test("the study's table marks what is better or worse, and its sentence counts the rule only", () => {
  const place = draw("study");
  assert.deepEqual(rowsOf(place), [
    [
      "tanh",
      "0.0300",
      `−0.0050 ± 0.0020${P} ▼ better`,
      `+0.0014 ± 0.0020${P} undecided`,
      `−0.0090 ± 0.0020${P} ▼ better`,
    ],
    ["ReLU", "0.0280", `+0.0060 ± 0.0020${P} ▲ worse`, `+0.0010 ± 0.0020${P}`, `0.0000 ± 0.0020${P}`],
  ]);
  const sentence = studyVerdict(result().study);
  assert.match(
    sentence,
    /^Of 4 comparisons with SGD, the rule clearly wins 1 and loses 1; 1 are not decided, and 1 /,
  );
  assert.match(sentence, /−0\.0050 ± 0\.0020 against 0\.0300 of SGD \(tanh, b = 3\)/);
  assert.match(place.textContent, /seeds 1000 to 1023, up to 60 passes/);
});

test("the steps of online L-BFGS are compared, and what it does to the loss is said with its grade", () => {
  const place = draw("online");
  const legend = [...place.querySelectorAll(".chart-legend li")].map((item) => item.textContent);
  assert.deepEqual(legend, ["gradient step", "whole step of the rule", "second-order term alone"]);
  assert.match(place.textContent, /damping 0\.1, with steps/);
  assert.match(
    place.textContent,
    /a damping of 1, online L-BFGS raises the held-out loss of SGD by .0\.0020 ± 0\.0050 \(99%\): no difference is shown/,
  );
});

test("figures of the study are empty where a result has none", () => {
  for (const part of ["study", "parts", "online"])
    assert.equal(draw(part, { ...result(), study: null }).innerHTML, "");
});

test("checks have what was measured, the bound and a mark that is not only a color", () => {
  assert.deepEqual(rowsOf(draw("checks")), [
    ["ReLU", "exactly 0", "0", "✓ passed"],
    ["Jacobian", "0.0001", "at least 0.01", "✗ failed"],
  ]);
});

test("confidence has four curves, and a sentence for a linear output", () => {
  assert.equal(draw("confidence").querySelectorAll(".chart-legend li").length, 4);
  const none = draw("confidence", { ...result(), confidence: { steps: [0], curves: {} } });
  assert.match(none.textContent, /not a probability/);
});

test("the gallery names each drawing and marks wrong answers", () => {
  const place = draw("gallery");
  const items = [...place.querySelectorAll("li")].map((item) => item.textContent);
  assert.deepEqual(items, ["catSGD 93% ✓rightRule 40% ✗wrong", "bearSGD 20% ✓rightRule 80% ✗wrong"]);
  const save = [...place.querySelectorAll(".chart-save button")].map((button) => button.textContent);
  assert.deepEqual(save, ["SVG", "PNG", "CSV"]);
  const linear = draw("gallery", result(), { settings: { ...SETTINGS, output: "linear" } });
  assert.match(linear.textContent, /SGD 0\.93/);
});

test("a drawing has one path for each shade, and a stroke for each run of pixels", () => {
  const svg = drawing([1, 1, 0, 0.5], { side: 2, kind: "cat" });
  const paths = [...svg.querySelectorAll("path")].map((path) => [
    path.getAttribute("d"),
    path.getAttribute("stroke-opacity"),
  ]);
  assert.deepEqual(paths, [
    ["M1 1.5h1", "0.50"],
    ["M0 0.5h2", "1.00"],
  ]);
  assert.equal(svg.getAttribute("aria-label"), "Drawing of a cat");
});
