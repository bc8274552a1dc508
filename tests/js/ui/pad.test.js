/** The drawing pad: strokes from pointers, undo, clear, and who may draw. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { window } from "../dom.js";
import { pluck } from "../pluck.js";

const { pad } = await import("../../../site/ui/pad.js");

let calls = [];
let made;

beforeEach(() => {
  calls = [];
  made = pad({ ratio: 2, onStrokes: (strokes, { isDrawing }) => calls.push({ strokes, isDrawing }) });
  document.body.replaceChildren(made);
  surface().getBoundingClientRect = () => ({ left: 10, top: 20, width: 200, height: 100 });
});

const surface = () => made.querySelector("svg");
const press = (name) => made.querySelector(`[data-testid=pad-${name}]`).click();

function point(type, x, y, { id = 1, button = 0 } = {}) {
  const event = new window.MouseEvent(type, { clientX: x, clientY: y, button, cancelable: true });
  surface().dispatchEvent(Object.assign(event, { pointerId: id }));
}

function line(from = 30, to = 60) {
  point("pointerdown", from, 30);
  point("pointermove", to, 70);
  point("pointerup", to, 70);
}

test("a stroke is a list of points in heights of the pad, with their time", () => {
  line();
  const [stroke] = made.strokes;
  const points = stroke.map(({ x, y }) => [x, y]);
  assert.deepEqual(points, [
    [0.2, 0.1],
    [0.5, 0.5],
  ]);
  assert.equal(stroke[0].t, 0);
  assert.ok(stroke[1].t >= 0);
  assert.deepEqual(pluck(calls, "isDrawing"), [true, true, false]);
  assert.equal(surface().querySelector("path").getAttribute("d"), "M200 100L500 500");
});

test("points outside count as points on the edge, and hardly moved ones not at all", () => {
  point("pointerdown", 30, 30);
  point("pointermove", 30.1, 30.1);
  point("pointermove", 9999, -50);
  const points = made.strokes[0].map(({ x, y }) => [x, y]);
  assert.deepEqual(points, [
    [0.2, 0.1],
    [2, 0],
  ]);
});

test("a second finger and the other buttons do not draw", () => {
  point("pointerdown", 30, 30, { button: 2 });
  assert.equal(made.strokes.length, 0);
  point("pointerdown", 30, 30);
  point("pointerdown", 90, 30, { id: 2 });
  point("pointermove", 95, 60, { id: 2 });
  assert.equal(made.strokes.length, 1);
  assert.equal(made.strokes[0].length, 1);
});

test("undo takes the last stroke back, clear takes all", () => {
  line();
  line(80, 90);
  press("undo");
  assert.equal(made.strokes.length, 1);
  assert.equal(calls.at(-1)?.strokes.length, 1);
  press("clear");
  assert.deepEqual(made.strokes, []);
  assert.equal(surface().querySelectorAll("path").length, 0);
  const before = calls.length;
  press("undo");
  press("clear");
  assert.equal(calls.length, before);
});

test("strokes can be shown and cleared from outside, without a call", () => {
  made.show([[{ x: 0.1, y: 0.1, t: 0 }]]);
  assert.equal(surface().querySelector("path").getAttribute("d"), "M100 100h0");
  assert.equal(made.querySelector("[data-testid=pad-undo]").getAttribute("aria-disabled"), "false");
  made.clear();
  assert.deepEqual([made.strokes.length, calls.length], [0, 0]);
});

test("the number of points is bounded", () => {
  made.show([Array.from({ length: 20_000 }, (_, t) => ({ x: t / 20_000, y: 0, t }))]);
  line();
  assert.equal(made.strokes[1].length, 0);
});
