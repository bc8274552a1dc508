/** The small training: replaying, changed rates, and the figure that shows it. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openPage } from "./page.js";

openPage();
const { Training } = await import("../../../site/lab/plane-instant.js");
const { showPlane } = await import("../../../site/lab/plane.js");

const SETTINGS = { data: "ring", hidden: 4, rate: 0.3, noise: 0.05, decay: 0, seed: 0 };
const number = (name, value, maximum) => ({
  name,
  label: name,
  sentence: "",
  default: value,
  kind: "number",
  choices: [],
  minimum: 0,
  maximum,
  step: maximum / 100,
});
const DESCRIPTION = {
  name: "plane",
  label: "",
  sentence: "",
  parameters: Object.entries(SETTINGS).map(([name, value]) =>
    name === "data"
      ? { ...number(name, value, 1), kind: "choice", choices: ["ring", "spirals"] }
      : number(name, value, 100),
  ),
};

let place;

beforeEach(() => {
  openPage();
  place = document.body.appendChild(document.createElement("div"));
  showPlane(place, DESCRIPTION);
});

const said = () => place.querySelector(".player p").textContent;
const play = () => place.querySelector(".play").click();

function change(name, value) {
  const field = place.querySelector(`#lab-plane-${name}`);
  field.value = value;
  field.dispatchEvent(new Event("change"));
}

test("a step back trains again with the rates that there were", () => {
  const training = new Training(SETTINGS).at(40);
  training.setRate(1);
  const layers = () => JSON.stringify(training.at(60).layers);
  const found = layers();
  const again = training.at(20);
  assert.equal(again.step, 20);
  assert.equal(JSON.stringify(again.at(60).layers), found);
  assert.notEqual(JSON.stringify(new Training(SETTINGS).at(60).layers), found);
});

test("the figure opens trained, with its points, units and losses, and stays when it is drawn anew", () => {
  assert.match(said(), /^Step 300: \d+\.\d% of these points and/);
  assert.equal(place.querySelectorAll("circle").length, 200);
  assert.equal(place.querySelectorAll(".plane-unit").length, 4);
  assert.equal(place.querySelector(".plane-learned").getAttribute("points").split(" ").length, 16);
  const first = place.firstChild;
  showPlane(place, DESCRIPTION);
  assert.equal(place.firstChild, first);
});

test("a changed rate trains anew up to the same step, and applies from the next step on while it plays", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const before = said();
  change("rate", 1);
  const repeated = said();
  assert.match(repeated, /^Step 300/);
  assert.notEqual(repeated, before);
  change("rate", 0.3);
  assert.equal(said(), before);
  play();
  change("rate", 1);
  assert.equal(said(), before);
  context.mock.timers.tick(50);
  play();
  const training = new Training(SETTINGS).at(300);
  training.setRate(1);
  const [, loss] = said().match(/the loss is ([\d.]+)/);
  assert.equal(loss, lossOf(training.at(301)));
});

function lossOf({ layers, points }) {
  const { x, labels } = points;
  const [first, last] = layers;
  const sum = (layer, values) =>
    Array.from(layer.bias, (bias, unit) =>
      values.reduce((total, value, input) => total + value * layer.weights[input][unit], bias),
    );
  const losses = x.map((point, index) => {
    const logits = sum(
      last,
      sum(first, point).map((value) => Math.max(0, value)),
    );
    return Math.log(1 + Math.exp(logits[1 - labels[index]] - logits[labels[index]]));
  });
  return (losses.reduce((total, loss) => total + loss) / losses.length).toFixed(3);
}

test("without hidden units there are no lines, and Reset brings everything back", () => {
  const before = said();
  change("hidden", 0);
  assert.equal(place.querySelectorAll(".plane-unit").length, 0);
  place.querySelector("[data-testid=reset]").click();
  assert.equal(place.querySelectorAll(".plane-unit").length, 4);
  assert.equal(said(), before);
});
