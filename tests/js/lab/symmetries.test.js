/** The page of the symmetries: the small network step by step, its numbers in words, and tables. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { window } from "../dom.js";
import { rowsOf } from "./page.js";

const { figures, prepare, render, studyVerdict, verdict, where } = await import(
  "../../../site/lab/symmetries.js"
);
const { smallNetwork, words } = await import("../../../site/lab/symmetries-picture.js");

before(prepare);

const SETTINGS = { passes: 10, retrain: 10, seeds: 10 };

function difference(name, against, mean, half) {
  const clear = Math.abs(mean) > half;
  return {
    name,
    against,
    mean,
    half_width: half,
    low: mean - half,
    high: mean + half,
    clear,
    looks: 6,
    sign_flip: 0.5,
  };
}

function differences({ extra = 0.002, noise = -0.003, swap = 0 } = {}) {
  return [
    difference("swap", "extra", swap, 1e-7),
    difference("swap", "swap_noise", -0.004, 0.005),
    difference("rotate", "extra", extra, 0.001),
    difference("rotate", "rotate_noise", noise, 0.001),
    difference("scale", "extra", 0.0001, 0.002),
    difference("scale", "scale_noise", -0.001, 0.002),
  ];
}

const START = { first: [1, 0.5, -1], bias: [0.5, 1, 0.3], second: [1, -0.8, 0.6], offset: 0.2 };

function result() {
  const curve = { mean: [0.05, 0.04], low: [0.04, 0.03], high: [0.06, 0.05] };
  const arm = { curve, loss: [0.03, 0.05], accuracy: [0.9, 0.9], moved: 7.43 };
  const names = ["extra", "swap", "swap_noise", "rotate", "rotate_noise", "scale", "scale_noise"];
  return {
    picture: { reach: 3, changes: { swap: [START] } },
    changes: [
      { name: "swap", sentence: "Swap", must: true, largest: 3.24e-16, single: 0, share: 1, drawn: 1 },
      {
        name: "rotate",
        sentence: "Basis",
        must: false,
        largest: 0.2242,
        single: 0.2242,
        share: 0.26928,
        drawn: 0.3,
        active: 0.1382,
        silent: 0.131,
      },
    ],
    learned: { passes: [0, 10], ...curve },
    after: [10, 20],
    arms: Object.fromEntries(names.map((name) => [name, arm])),
    differences: differences(),
    line: {
      along: [0, 1],
      curves: { apart: curve, matched: curve },
      barriers: { apart: [0.02, 0.01], matched: [0.002, 0.001] },
      gain: { mean: -0.0135, half_width: 0.004 },
      moved: 0.95,
    },
    study: {
      command: "python -m something",
      seeds: 24,
      first_seed: 1000,
      passes: 80,
      looks: 12,
      rows: ["half", "all"].map((setting) => ({
        setting,
        losses: { extra: 0.03 },
        differences: differences(),
      })),
      widths: [
        {
          hidden: 4,
          loss: 0.03,
          apart: { mean: 0.02, half_width: 0.01, values: [0.01, 0.03] },
          matched: { mean: 0.004, half_width: 0.001, values: [0.004] },
        },
      ],
    },
  };
}

function draw(part, data = result(), partial = false) {
  const place = document.createElement("div");
  const options = { data, element: place, settings: SETTINGS, partial, run: () => {} };
  if (part) figures[part](options);
  else render(options);
  document.body.replaceChildren(place);
  return place;
}

function press(place, text) {
  const button = [...place.querySelectorAll("button")].find((one) => one.textContent === text);
  assert.ok(button, text);
  button.dispatchEvent(new window.Event("click"));
}

test("the main figure has a curve before the change and one for each way to learn on", () => {
  const place = draw(null);
  const legend = [...place.querySelectorAll(".chart-legend li")].map((item) => item.textContent);
  assert.deepEqual(legend, [
    "before the change",
    "nothing changed",
    "units swapped",
    "basis changed",
    "noise of that size",
    "units scaled",
  ]);
  assert.ok(place.querySelector(".lab-verdict"));
});

test("a partial result has the curve so far and no verdict", () => {
  const { learned } = result();
  const place = draw(null, { learned }, true);
  assert.equal(place.querySelectorAll("figure").length, 1);
  assert.equal(place.querySelectorAll(".lab-verdict").length, 0);
});

test("the verdict says better, worse or uncertain, with its numbers", () => {
  assert.equal(
    verdict(differences(), SETTINGS),
    "After a swap, learning goes on as if nothing had happened. After the change of basis, the loss is " +
      "+0.0020 ± 0.0010 compared with no change (worse; sign-flip test, p = 0.5), and −0.0030 ± 0.0010 " +
      "compared with noise of the same size (better; p = 0.5). 10 paired seeds; intervals and tests corrected " +
      "for 6 comparisons.",
  );
  assert.match(verdict(differences({ extra: 0.0005 }), SETTINGS), /no certain difference/);
  assert.match(verdict(differences({ swap: 0.002 }), SETTINGS), /^A swap changes the loss by \+0\.0020/);
});

const network = (svg) => svg.querySelector('[role="img"]').getAttribute("aria-label");

test("the small network begins with the change of basis, and its weights and output follow the player", () => {
  const place = draw("network");
  const svg = place.querySelector(".symmetry-network");
  const pressed = [...place.querySelectorAll("button[aria-pressed=true]")].map((one) => one.textContent);
  assert.deepEqual(pressed, ["Change the basis of 1 and 2"]);
  assert.match(place.textContent, /The output is the same on 50% of this range\./);
  assert.match(network(svg), /unit 1: weight 1\.06, bias 1\.06, to the output 0\.14;/);
  const changed = () => [...svg.querySelectorAll("text.changed")].map((text) => text.textContent);
  assert.equal(changed().length, 6);
  press(place, "‹");
  assert.equal(changed().length, 4, "the outgoing weights are the old ones");
  press(place, "‹");
  assert.deepEqual(changed(), []);
  assert.match(place.textContent, /Before\. The output is the same for every input\./);
});

test("another change begins at its first step", () => {
  const place = draw("network");
  press(place, "Scale 1 by −1");
  const pressed = [...place.querySelectorAll("button[aria-pressed=true]")].map((one) => one.textContent);
  assert.deepEqual(pressed, ["Scale 1 by −1"]);
  assert.match(place.textContent, /1 of 3/);
});

const slider = (place) => place.querySelector('[role="slider"]');

function key(target, name) {
  target.dispatchEvent(new window.KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
}

test("the angle of the basis is turned by keys, and at 90 degrees it is a swap", () => {
  const place = draw("network");
  const svg = place.querySelector(".symmetry-network");
  assert.equal(slider(place).getAttribute("aria-valuenow"), "45");
  key(slider(place), "ArrowUp");
  assert.equal(slider(place).getAttribute("aria-valuetext"), "50°");
  assert.equal(
    place.querySelectorAll("button[aria-pressed=true]").length,
    0,
    "it is no longer the article's",
  );
  for (let presses = 0; presses < 8; presses++) key(slider(place), "ArrowRight");
  assert.match(
    network(svg),
    /unit 1: weight 0\.5, bias 1, to the output −0\.8; unit 2: weight 1, bias 0\.5,/,
  );
  assert.match(place.textContent, /The output is the same for every input\./);
  press(place, "‹");
  key(slider(place), "End");
  assert.match(place.textContent, /2 of 3/, "the step stays");
  key(slider(place), "x");
  assert.equal(slider(place).getAttribute("aria-valuenow"), "360");
  press(place, "‹");
  key(slider(place), "ArrowDown");
  assert.match(place.textContent, /3 of 3/, "before the change, nothing would be seen of it");
});

test("a unit's factor is dragged to any number but 0, and only its change has a handle", () => {
  const place = draw("network");
  press(place, "Scale 1 by 2");
  assert.equal(slider(place).getAttribute("aria-valuenow"), "2");
  const move = (name, clientX) =>
    slider(place).dispatchEvent(
      Object.assign(new window.MouseEvent(name, { clientX, clientY: 16, bubbles: true, cancelable: true }), {
        pointerId: 1,
      }),
    );
  place.querySelector("svg").getBoundingClientRect = () => ({ left: 0, top: 0, width: 180 });
  move("pointerdown", 109);
  move("pointermove", 99); // 198 in the drawing, of which 118 to 238 are the track
  assert.equal(slider(place).getAttribute("aria-valuenow"), "1");
  assert.match(place.textContent, /The output is the same for every input\./);
  move("pointermove", 89);
  assert.equal(slider(place).getAttribute("aria-valuenow"), "-0.1", "0 cannot be undone");
  assert.match(place.textContent, /different for every input|on [\d]+% of this range/);
  move("pointerup", 89);
  move("pointermove", 99);
  assert.equal(slider(place).getAttribute("aria-valuenow"), "-0.1", "it was let go");
  press(place, "Swap 1 and 2");
  assert.equal(slider(place), null);
});

test("a run leaves the network as the visitor has it", () => {
  const place = draw("network");
  key(slider(place), "Home");
  figures.network({ data: result(), element: place, settings: SETTINGS });
  assert.equal(slider(place).getAttribute("aria-valuenow"), "0");
});

test("negative weights are dashed lines, and biases have their sign", () => {
  const [, columns] = smallNetwork(result().picture);
  assert.equal(columns.querySelectorAll("line.negative").length, 1);
  assert.match(columns.querySelector("svg").textContent, /− 0\.35/);
});

test("shares are said in words", () => {
  const step = (share) => ({ share });
  assert.match(words(step(1)), /same for every input/);
  assert.match(words(step(0)), /different for every input/);
  assert.match(words(step(0.1667)), /on 17% of this range/);
});

test("the table of changes has moves and shares, and the sentence both cases", () => {
  const place = draw("changes");
  assert.deepEqual(rowsOf(place), [
    ["Swap", "3.2e−16", "0", "100%", "100%"],
    ["Basis", "0.22", "0.22", "26.9%", "30%"],
  ]);
  assert.match(where(result().changes), /on 26\.9% .* on 13\.8%, and both .* on 13\.1%\./);
});

test("differences have an interval for each comparison", () => {
  const place = draw("differences");
  place.querySelector("details")?.dispatchEvent(new window.Event("toggle"));
  const names = rowsOf(place, ".chart-table tbody tr").map((row) => row[0]);
  assert.equal(names.length, 6);
  assert.match(place.textContent, /the loss without a change is 0\.0400/);
});

test("the study counts and its table marks what is better or worse", () => {
  const place = draw("study");
  const rows = rowsOf(place);
  assert.deepEqual(rows[0], ["No change", "0.0300", "0.0300"]);
  assert.deepEqual(rows[3], [
    "Basis − no change",
    "+0.0020 ± 0.0010 p = 0.5 ▲ worse",
    "+0.0020 ± 0.0010 p = 0.5 ▲ worse",
  ]);
  assert.equal(rows[4][1], "−0.0030 ± 0.0010 p = 0.5 ▼ better");
  assert.match(
    studyVerdict(result().study),
    /better in 0 and worse in 2 than no change, and better in 2 and worse in 0/,
  );
  assert.match(place.textContent, /seeds 1000 to 1023, 80 passes before/);
});

test("the line has two curves, and each width two rows with all seeds", () => {
  const line = draw("line");
  assert.equal(line.querySelectorAll(".chart-legend li").length, 2);
  assert.match(line.textContent, /95% of the units and lowers the barrier from 0\.0150 to 0\.0015/);
  const widths = draw("widths");
  widths.querySelector("details")?.dispatchEvent(new window.Event("toggle"));
  assert.deepEqual(
    rowsOf(widths, ".chart-table tbody tr").map((row) => row.slice(0, 3)),
    [
      ["each seed", "4 units, as trained", "0.01"],
      ["each seed", "4 units, as trained", "0.03"],
      ["each seed", "4 units, matched", "0.004"],
      ["mean, with its interval", "4 units, as trained", "0.02"],
      ["mean, with its interval", "4 units, matched", "0.004"],
    ],
  );
});

test("figures of the study are empty where a result has none", () => {
  for (const part of ["study", "widths"])
    assert.equal(draw(part, { ...result(), study: null }).innerHTML, "");
});
