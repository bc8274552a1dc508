import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { player } from "../../../site/lab/player.js";
import { openPage } from "./page.js";

let shown;
let box;

beforeEach(() => {
  openPage();
  shown = [];
  box = player({
    frames: 4,
    show: (index) => shown.push(index),
    describe: (index) => `Frame ${index}`,
    interval: 100,
  });
  document.body.append(box);
});

const press = (name) => {
  const buttons = [...box.querySelectorAll("button")];
  const found = buttons.find((button) => (button.getAttribute("aria-label") ?? button.textContent) === name);
  assert.ok(found, `there is no button ${name}`);
  found.click();
};

test("nothing moves until Play is pressed", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  context.mock.timers.tick(10_000);
  assert.deepEqual(shown, [0]);
  press("Play");
  assert.deepEqual(shown, [0], "the first frame stays for its time");
  context.mock.timers.tick(100);
  context.mock.timers.tick(100);
  assert.deepEqual(shown, [0, 1, 2]);
});

test("playing ends at the last frame, and Play starts again from the first", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  press("Play");
  for (let count = 0; count < 9; count++) context.mock.timers.tick(100);
  assert.deepEqual(shown, [0, 1, 2, 3]);
  press("Play");
  context.mock.timers.tick(100);
  assert.deepEqual(shown.slice(4), [0, 1]);
});

test("Pause, a step and the slider stop what plays", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  press("Play");
  press("Pause");
  press("Play");
  press("Next frame");
  press("Play");
  const slider = box.querySelector("input");
  slider.value = "3";
  slider.dispatchEvent(new Event("input"));
  context.mock.timers.tick(10_000);
  assert.deepEqual(shown, [0, 1, 3]);
});

test("steps stay within the frames, and the words and the slider follow", () => {
  press("Previous frame");
  for (let count = 0; count < 6; count++) press("Next frame");
  assert.equal(shown.at(-1), 3);
  assert.ok(Math.max(...shown) === 3 && Math.min(...shown) === 0);
  const slider = box.querySelector("input");
  assert.equal(slider.value, "3");
  assert.equal(slider.getAttribute("aria-valuetext"), "Frame 3");
  assert.match(box.textContent, /4 of 4.*Frame 3/);
});

test("a player that was removed from the page stops", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  press("Play");
  box.remove();
  context.mock.timers.tick(1000);
  assert.deepEqual(shown, [0]);
});

test("steps count from 0, several pass in an interval at a higher speed, and a refresh shows the same one", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const steps = [];
  const made = player({
    frames: 9,
    show: (index) => steps.push(index),
    describe: String,
    interval: 100,
    unit: "step",
    speeds: [1, 3],
  });
  box.replaceWith(made);
  box = made;
  assert.match(box.textContent, /0 of 8/);
  press("Next step");
  box.querySelector("select").value = "3";
  press("Play");
  assert.ok(box.isPlaying());
  context.mock.timers.tick(100);
  press("Pause");
  box.refresh();
  assert.deepEqual([steps, box.isPlaying()], [[0, 1, 4, 4], false]);
});
