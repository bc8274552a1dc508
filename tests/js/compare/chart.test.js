import assert from "node:assert/strict";
import { test } from "node:test";
import { window } from "../dom.js";

const { barsOf, chart, scaleOf } = await import("../../../site/compare/chart.js");

const LINES = [
  {
    name: "one",
    letter: "A",
    hue: 165,
    interval: { mean: 0.5, low: 0.4, high: 0.6 },
    values: [0, 0.5, 0.5, 1],
  },
  { name: "two", letter: "B", hue: 30, interval: { mean: 0.2, low: 0.1, high: 0.3 }, values: [0, 0.2] },
];

/** Draws a chart into the document. */
function drawn(lines, options) {
  const figure = chart(lines, { title: "Looping", ...options });
  document.body.replaceChildren(figure);
  return figure;
}

/** Presses keys in the drawing and returns what was read out after each. */
function read(figure, ...keys) {
  return keys.map((key) => {
    const event = new window.KeyboardEvent("keydown", { key, bubbles: true });
    figure.querySelector(".chart-drawing").dispatchEvent(event);
    return figure.querySelector(".chart-read-out").textContent;
  });
}

test("a scale holds the intervals, and the values but for the farthest", () => {
  const interval = { mean: 5, low: 4, high: 6 };
  const values = [...Array.from({ length: 300 }, (_, index) => index / 100), 1000];
  assert.deepEqual(scaleOf([{ name: "a", interval }]), { from: 4, to: 6 });
  assert.deepEqual(scaleOf([{ name: "a", interval, values }]), { from: 0.03, to: 6 });
  assert.deepEqual(scaleOf([{ name: "a", interval }], 0), { from: 0, to: 6 });
});

test("a scale of one value has a width", () => {
  const { from, to } = scaleOf([{ name: "a", interval: { mean: 2, low: 2, high: 2 }, values: [2, 2] }]);
  assert.ok(from < 2 && to > 2);
});

test("a mean without an interval is a dot alone, and says that there are too few values", () => {
  const lines = [...LINES, { name: "three", interval: { mean: 0.9 }, values: [0.9] }];
  assert.deepEqual(
    scaleOf([
      { name: "a", interval: { mean: 3 } },
      { name: "b", interval: { mean: 5 } },
    ]),
    { from: 3, to: 5 },
  );
  const figure = drawn(lines);
  assert.equal(figure.querySelectorAll(".mean circle").length, 3);
  const last = read(figure, "ArrowDown", "ArrowDown", "ArrowDown").at(-1);
  assert.deepEqual(last, "three: 0.90 (too few values for an interval)");
});

test("ticks are few, round and within the scale", () => {
  for (const [low, high] of [[0, 1], [-3.2, 4.9], ...[0.0003, 0.7, 13, 99, 12_345].map((to) => [0, to])]) {
    const figure = drawn([{ name: "a", interval: { mean: low, low, high } }]);
    const texts = [...figure.querySelectorAll('[aria-label="x-axis tick label"] text')];
    const ticks = texts.map((text) => Number(text.textContent.replaceAll(",", "")));
    assert.ok(ticks.length >= 2 && ticks.length <= 9, `${high}: ${ticks}`);
    assert.ok(
      ticks.every((tick) => tick >= low && tick <= high * 1.0001),
      `${high}: ${ticks}`,
    );
  }
});

test("every value is in a bar, those beyond the ends in the outermost", () => {
  const bars = barsOf([0, 0.5, 0.5, 1, 9, -9], { from: 0, to: 1 });
  const counted = bars.map(({ from, count, share }) => [Number(from.toFixed(6)), count, share]);
  assert.deepEqual(counted, [
    [0, 2, 1],
    [0.5, 2, 1],
    [0.975, 2, 1],
  ]);
});

test("each report has its name, its mean and its interval above one scale", () => {
  const figure = drawn(LINES, { format: (value) => `${100 * value}%` });
  const texts = (name) => [...figure.querySelectorAll(`.${name}`)].map((group) => group.textContent);
  assert.deepEqual(texts("name"), ["A · one", "B · two"]);
  assert.deepEqual(texts("value"), ["50%", "20%"]);
  const means = [...figure.querySelectorAll(".mean circle")].map((dot) => Number(dot.getAttribute("cx")));
  assert.ok(means[0] > means[1]);
  assert.equal(figure.querySelectorAll(".bars rect").length, 5);
  assert.equal(figure.querySelectorAll("style, [style], [id]").length, 0);
});

test("the arrow keys read means, then bars", () => {
  const figure = drawn(LINES);
  assert.deepEqual(read(figure, "ArrowDown", "ArrowDown", "ArrowRight", "Home", "ArrowUp"), [
    "one: 0.50 (0.40 to 0.60)",
    "two: 0.20 (0.10 to 0.30)",
    "two, 0.00 to 0.03: 1 output",
    "two: 0.20 (0.10 to 0.30)",
    "one: 0.50 (0.40 to 0.60)",
  ]);
});
