/** The small case of the letters: its handle, its pictures, and the curves that fill in. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { openPage } from "./page.js";

const { window } = openPage();
Object.assign(globalThis, { SVGElement: window.SVGElement });
const { Fits } = await import("../../../site/lab/letters-small-instant.js");
const { showSmall } = await import("../../../site/lab/letters-small.js");

const FILE = new URL("../../../py/goosequill/lab/data/letters-small.json", import.meta.url);
const CASE = JSON.parse(readFileSync(FILE, "utf-8"));
const SIZE = {
  name: "size",
  label: "Training letters",
  sentence: "",
  default: 400,
  kind: "integer",
  choices: [],
  minimum: 20,
  maximum: 400,
  step: 10,
};
const SMALL = { ...CASE, description: { name: "", label: "", sentence: "", parameters: [SIZE] } };

let place;

beforeEach(() => {
  openPage();
  place = document.body.appendChild(document.createElement("div"));
  showSmall(place, SMALL);
});

const said = () => place.querySelector("p[aria-live]").textContent;
const handle = () => place.querySelector("[role=slider]");
const weights = () => place.querySelector(".letters-sheet").innerHTML;
const points = (part) => place.querySelector(`polyline.small-${part}`).getAttribute("points").split(" ");

function press(key) {
  handle().dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true }));
}

function resize(size) {
  const field = place.querySelector("input[type=number]");
  field.value = size;
  field.dispatchEvent(new Event("change"));
}

test("a figure opens with all accuracies and ten letters' weights, and stays when it is drawn anew", () => {
  assert.match(said(), /^C 0\.01: 62\.0% of these 400 letters and 57\.0% of others are recognized\.$/);
  assert.deepEqual([points("train").length, points("validation").length], [21, 21]);
  assert.equal(place.querySelectorAll(".letters-sheet li").length, 10);
  const first = place.firstChild;
  showSmall(place, SMALL);
  assert.equal(place.firstChild, first);
});

test("keys move C: its words, its place and the weights follow at once", () => {
  const [before, ghosts] = [said(), weights()];
  press("ArrowRight");
  assert.match(said(), /^C 0\.018: /);
  assert.notEqual(weights(), ghosts);
  assert.equal(handle().getAttribute("aria-valuetext"), "C 0.018");
  assert.match(handle().getAttribute("transform"), /^translate\(148\.5,/);
  press("ArrowLeft");
  assert.deepEqual([said(), weights()], [before, ghosts]);
  press("End");
  assert.match(said(), /^C 10: 98\.0% of these 400 letters and 61\.0% of others/);
});

test("a pointer drags C from where it took the handle, and no further than the axis", () => {
  const point = (name, clientX) =>
    (name === "pointerdown" ? handle() : document).dispatchEvent(
      Object.assign(new window.MouseEvent(name, { bubbles: true, clientX, clientY: 0 }), { pointerId: 1 }),
    );
  const wide = () => ({ left: 0, top: 0, width: 300 });
  place.querySelector(".small-plot").getBoundingClientRect = wide;
  point("pointerdown", 50);
  point("pointermove", 100);
  assert.match(said(), /^C 0\.1: /);
  point("pointermove", -900);
  assert.match(said(), /^C 0\.0001: /);
  point("pointerup", -900);
  point("pointermove", 100);
  assert.match(said(), /^C 0\.0001: /);
});

test("another number of letters is fitted at once for this C, then for the others", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  resize(30);
  assert.match(said(), /^C 0\.01: [\d.]+% of these 30 letters/);
  assert.equal(points("train").length, 1);
  context.mock.timers.tick(1);
  assert.deepEqual([points("train").length, points("validation").length], [21, 21]);
  resize(40);
  place.firstChild.remove();
  const asked = context.mock.method(Fits.prototype, "at");
  context.mock.timers.tick(100);
  assert.equal(asked.mock.callCount(), 0, "a figure that was taken away fits no more");
});

test("Reset brings C and the letters back", () => {
  const before = said();
  press("Home");
  resize(30);
  place.querySelector("[data-testid=reset]").click();
  assert.equal(said(), before);
});

test("the fit nearest to a C is the next to be made, and its accuracies agree with those of the build", () => {
  const fits = new Fits(CASE, 400);
  fits.at(8);
  assert.equal(fits.missing(8), 7);
  fits.at(7);
  assert.equal(fits.missing(8), 9);
  for (const [at, { train, validation }] of fits.judged)
    assert.deepEqual([train, validation], [CASE.curves.train[at], CASE.curves.validation[at]]);
});
