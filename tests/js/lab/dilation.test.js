import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { at, cellAt, feeding, format, makeScene, reading } from "../../../site/lab/dilation-scene.js";
import { feedingWords, frameWords, readingWords, sumWords } from "../../../site/lab/dilation-words.js";
import { textsOf } from "../pluck.js";
import { openPage } from "./page.js";

const EDGES = [
  [-1, -1, -1],
  [-1, 8, -1],
  [-1, -1, -1],
];

/** What Python returns, by the definition: for each output, the place of each weight and the input there. */
function computed({
  size = 7,
  kernel = 3,
  padding = 0,
  stride = 1,
  dilation = 2,
  transposed = false,
  weights = EDGES,
} = {}) {
  const span = (kernel - 1) * dilation + 1;
  const out = transposed
    ? stride * (size - 1) + span - 2 * padding
    : Math.floor((size + 2 * padding - span) / stride) + 1;
  const first = transposed ? span - 1 - padding : padding;
  const spacing = transposed ? stride : 1;
  const all = (count) => Array.from({ length: count }, (_, index) => index);
  const taps = all(out).map((output) =>
    all(kernel).map((weight) =>
      transposed ? output + span - 1 - dilation * weight : output * stride + dilation * weight,
    ),
  );
  const cellOf = (place) => {
    const cell = all(size).find((index) => first + spacing * index === place);
    return cell ?? -1;
  };
  const reads = taps.map((places) => places.map(cellOf));
  const values = all(size).map((row) => all(size).map((column) => (7 * (size * row + column)) % 10));
  const output = all(out).map((row) =>
    all(out).map((column) => {
      let sum = 0;
      for (const i of all(kernel))
        for (const j of all(kernel))
          if (reads[row][i] >= 0 && reads[column][j] >= 0)
            sum += weights[i][j] * values[reads[row][i]][reads[column][j]];
      return sum;
    }),
  );
  const high = Math.max(
    first + spacing * (size - 1) + 1 + (transposed ? 0 : padding),
    ...taps.flat().map((place) => place + 1),
  );
  return {
    output_size: out,
    effective_kernel: span,
    values,
    weights,
    output,
    reads,
    lattice: { low: Math.min(0, first), high, first, spacing, taps },
    size_formula: `⌊(7 + 0 − 5) / 1⌋ + 1 = ${out}`,
    pytorch: "conv = torch.nn.Conv2d(1, 1)",
    settings: { kernel, dilation, size, stride, padding, transposed },
  };
}

const SETTINGS = [
  {},
  { size: 6, padding: 2, stride: 2 },
  { size: 4, stride: 2, padding: 1, dilation: 1, transposed: true },
  { size: 3, stride: 3, padding: 3, dilation: 1, transposed: true },
  { size: 32, dilation: 9 },
  { size: 1, kernel: 1, weights: [[2]] },
];

/** The corners of all squares in path data. */
function squares(d) {
  return (d.match(/M[^MZ]+Z/g) ?? []).map((part) =>
    part
      .slice(1, -1)
      .split("L")
      .map((point) => point.split(" ").map(Number)),
  );
}

function middle(corners) {
  return [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
}

for (const view of ["tilted", "flat"]) {
  test(`a point finds the cell that was drawn there, in the ${view} view`, () => {
    for (const setting of SETTINGS) {
      const scene = makeScene(computed(setting), view);
      for (const plane of [scene.input, scene.output]) {
        for (const [row, column] of [
          [0, 0],
          [2, 5],
          [11, 3],
        ]) {
          const [x, y] = at(plane, row + 0.5, column + 0.5);
          assert.deepEqual(cellAt(plane, [x, y]), [row, column]);
        }
      }
    }
  });

  test(`everything is within the drawing, and the grids do not overlap, in the ${view} view`, () => {
    for (const setting of SETTINGS) {
      const data = computed(setting);
      const scene = makeScene(data, view);
      const corners = Object.values(scene.shapes).flatMap((d) => d.match(/-?[\d.]+ -?[\d.]+/g) ?? []);
      for (const [x, y] of corners.map((corner) => corner.split(" ").map(Number))) {
        assert.ok(x >= 0 && x <= scene.width && y >= 0 && y <= scene.height + 0.1, `${x} ${y}`);
      }
      const { low, high } = data.lattice;
      for (let row = 0; row <= data.output_size; row += 0.5) {
        for (let column = 0; column <= data.output_size; column += 0.5) {
          const [r, c] = cellAt(scene.input, at(scene.output, row, column));
          assert.ok(r < low || c < low || r >= high || c >= high, `${row} ${column} lies on the input`);
        }
      }
    }
  });

  test(`the marked cells are those that are read, in the ${view} view`, () => {
    for (const setting of SETTINGS) {
      const data = computed(setting);
      const scene = makeScene(data, view);
      const { first, spacing, low, high } = data.lattice;
      const last = data.output_size - 1;
      for (const [row, column] of [
        [0, 0],
        [0, last],
        [last >> 1, last],
      ]) {
        const { shapes } = reading(data, scene, row, column);
        const marked = squares(shapes.tap).map((corners) => cellAt(scene.input, middle(corners)));
        const expected = data.reads[row].flatMap((r) => data.reads[column].map((c) => [r, c]));
        const real = expected.filter(([r, c]) => r >= 0 && c >= 0);
        const places = marked.map(([r, c]) => [(r - first) / spacing, (c - first) / spacing]);
        assert.deepEqual(places, real);
        const zeros = squares(shapes["tap-zero"]);
        assert.equal(zeros.length, expected.length - real.length);
        for (const corners of zeros) {
          const [r, c] = cellAt(scene.input, middle(corners));
          assert.ok(r >= low && c >= low && r < high && c < high);
        }
      }
    }
  });
}

test("an input cell feeds the outputs that read it", () => {
  for (const setting of SETTINGS) {
    const data = computed(setting);
    const scene = makeScene(data, "flat");
    for (const row of [0, data.values.length - 1]) {
      const { shapes } = feeding(data, scene, row, 0);
      const fed = squares(shapes.fed).map((corners) => cellAt(scene.output, middle(corners)));
      const expected = data.reads.flatMap((rows, r) =>
        rows.includes(row) ? data.reads.flatMap((columns, c) => (columns.includes(0) ? [[r, c]] : [])) : [],
      );
      assert.deepEqual(fed, expected);
      assert.equal((shapes.link.match(/M/g) ?? []).length, expected.length);
    }
  }
});

test("a very fine grid is drawn by its border", () => {
  const data = computed({ size: 32, kernel: 3, stride: 9, dilation: 32, transposed: true });
  assert.equal(data.output_size, 344);
  const { shapes } = makeScene(data, "tilted");
  assert.ok(shapes["output-lines"].length < 100 && shapes.zeros.length < 100);
  assert.equal(squares(shapes.input).length, 32 * 32);
});

test("words say what a cell reads and feeds", () => {
  const data = computed();
  assert.equal(
    readingWords(data, 1, 2),
    "Output row 2, column 3 reads input rows 2, 4 and 6, columns 3, 5 and 7.",
  );
  assert.equal(feedingWords(data, 0, 6), "Input row 1, column 7 feeds 1 output: row 1, column 3.");
  assert.equal(
    feedingWords(data, 2, 2),
    "Input row 3, column 3 feeds 4 outputs: rows 1 and 3, columns 1 and 3.",
  );
  const padded = computed({ size: 6, padding: 2, stride: 2 });
  assert.equal(
    readingWords(padded, 0, 1),
    "Output row 1, column 2 reads input rows 1 and 3, columns 1, 3 and 5, and 3 zeros.",
  );
  const strided = computed({ size: 10, stride: 3 });
  assert.equal(
    feedingWords(strided, 9, 0),
    "Input row 10, column 1 feeds no output: the kernel never reads it.",
  );
});

test("a sum comes to its output", () => {
  for (const setting of SETTINGS.slice(0, 4)) {
    const data = computed(setting);
    for (let cell = 0; cell < data.output_size; cell++) {
      const [terms, result] = sumWords(data, cell, 0).replaceAll("−", "-").split(" = ");
      const sum = terms.split(" + ").reduce((total, term) => {
        const [value, weight] = term.split("·").map((factor) => Number(factor.replace(/[()]/g, "")));
        return total + value * weight;
      }, 0);
      assert.equal(sum, Number(result));
      assert.equal(sum, data.output[cell][0]);
    }
  }
});

test("a sum of rounded numbers does not claim to be exact", () => {
  const ninth = EDGES.map((row) => row.map(() => 1 / 9));
  assert.match(sumWords(computed({ weights: ninth }), 0, 0), /^0·0.111 \+ 4·0.111 .* ≈ \d/);
});

test("frames are listed one by one, and many by rows", () => {
  assert.equal(frameWords(computed()).length, 9);
  assert.equal(frameWords(computed({ size: 14 })).length, 100);
  const rows = frameWords(computed({ size: 15 }));
  assert.equal(rows.length, 11);
  assert.equal(rows[10], "Output row 11 reads input rows 11, 13 and 15.");
  const spread = computed({ size: 2, stride: 20, dilation: 1, transposed: true });
  assert.equal(frameWords(spread)[10], "Output row 11 reads only zeros.");
});

test("numbers are short", () => {
  assert.deepEqual([0, -20, 1 / 9, 1234567, 2.5e12, -0.00001234].map(format), [
    "0",
    "−20",
    "0.111",
    "1234567",
    "2500000000000",
    "−0.0000123",
  ]);
});

let experiment;
let root;
let place;
let requests;
let window;

beforeEach(async () => {
  ({ window } = openPage("<section><div></div></section>"));
  globalThis.KeyboardEvent = window.KeyboardEvent;
  experiment = await import("../../../site/lab/dilation.js");
  root = document.querySelector("section");
  place = document.querySelector("div");
  requests = [];
});

function draw(data = computed()) {
  experiment.render({
    data,
    element: place,
    settings: data.settings,
    run: (request) => requests.push(request),
  });
}

const find = (selector) => root.querySelector(selector);

function press(target, key) {
  target.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

test("the animation stands before the controls and goes through the frames", () => {
  draw();
  assert.equal(root.firstElementChild, find(".dilation-film"));
  const next = find("[aria-label='Next frame']");
  const words = [find(".dilation-words").textContent];
  for (let step = 0; step < 8; step++) {
    next.click();
    words.push(find(".dilation-words").textContent);
  }
  assert.deepEqual(words, frameWords(computed()));
  assert.equal(find(".dilation-result").textContent, "0");
  assert.deepEqual(textsOf(root.querySelectorAll(".dilation-frames li")), words);
});

test("arrow keys choose an output cell and move the animation to it", () => {
  draw();
  const grid = find("[data-testid=grid-output]");
  press(grid, "ArrowRight");
  press(grid, "ArrowDown");
  assert.match(find(".dilation-words").textContent, /^Output row 2, column 2 /);
  assert.equal(find("input[type=range]").value, "4");
  for (let step = 0; step < 5; step++) press(grid, "ArrowDown");
  assert.match(find(".dilation-words").textContent, /^Output row 3, column 2 /);
  press(grid, "End");
  assert.match(find(".dilation-words").textContent, /^Output row 3, column 3 /);
});

test("arrow keys choose an input cell, say what it feeds, and leave the animation where it is", () => {
  draw();
  find("[aria-label='Next frame']").click();
  const grid = find("[data-testid=grid-input]");
  press(grid, "ArrowDown");
  assert.match(find(".dilation-words").textContent, /^Input row 2, column 1 feeds /);
  assert.equal(find("[aria-live=polite].visually-hidden").textContent, find(".dilation-words").textContent);
  assert.ok(find(".d-source").getAttribute("d"));
  assert.equal(find(".d-tap").getAttribute("d"), "");
  grid.dispatchEvent(new window.Event("blur"));
  assert.match(find(".dilation-words").textContent, /^Output row 1, column 2 /);
  assert.equal(find(".d-source").getAttribute("d"), "");
});

test("an edited weight asks for a run with all weights, and only if all are numbers", () => {
  draw();
  const fields = [...root.querySelectorAll(".dilation-cells input")];
  const edit = (index, text) => {
    const field = fields[index];
    field.value = text;
    field.dispatchEvent(new window.Event("change"));
    return field;
  };
  edit(0, "−2,5");
  assert.deepEqual(requests, [{ settings: { filter: "own", weights: "-2.5 -1 -1 -1 8 -1 -1 -1 -1" } }]);
  for (const text of ["", "x", "1e9", "Infinity"]) {
    assert.equal(edit(1, text).getAttribute("aria-invalid"), "true", text);
  }
  edit(2, "3");
  assert.equal(requests.length, 1);
  assert.equal(edit(1, "7").getAttribute("aria-invalid"), "false");
  assert.deepEqual(requests[1], { settings: { filter: "own", weights: "-2.5 7 3 -1 8 -1 -1 -1 -1" } });
});

test("arrow keys move between weights, and a new result keeps the one that is edited", () => {
  draw();
  const field = find("[aria-label='Weight, row 1, column 2']");
  field.focus();
  press(field, "ArrowDown");
  const below = find("[aria-label='Weight, row 2, column 2']");
  assert.equal(document.activeElement, below);
  below.value = "80";
  draw(computed({ weights: EDGES.map((row) => row.map((weight) => 2 * weight)) }));
  assert.equal(document.activeElement, below);
  assert.equal(below.value, "80");
  assert.equal(field.value, "-2");
});

test("the flat view has the numbers", () => {
  draw();
  assert.equal(root.querySelectorAll("text").length, 0);
  const [tilted, flat] = root.querySelectorAll(".dilation-views button");
  flat.click();
  const pressed = [tilted, flat].map((button) => button.getAttribute("aria-pressed"));
  assert.deepEqual(pressed, ["false", "true"]);
  assert.equal(root.querySelectorAll(".d-input-number").length, 49);
  assert.deepEqual(textsOf(root.querySelectorAll(".d-output-number")), computed().output.flat().map(format));
  assert.equal(root.querySelectorAll(".d-weight").length, 9);
});

test("a result with as many frames keeps the player, its focus and its playing", () => {
  draw();
  const slider = find("input[type=range]");
  find("[aria-label='Next frame']").click();
  slider.focus();
  draw(computed({ size: 9, dilation: 3 }));
  assert.equal(document.activeElement, slider);
  assert.match(slider.getAttribute("aria-valuetext"), /reads input rows 1, 4 and 7, columns 2, 5 and 8\.$/);
  find(".play").click();
  draw();
  assert.equal(find(".play").textContent, "Pause");
  find(".play").click();
});

test("a smaller output keeps the animation within its frames", () => {
  draw();
  for (let step = 0; step < 8; step++) find("[aria-label='Next frame']").click();
  draw(computed({ size: 5 }));
  assert.match(find(".dilation-words").textContent, /^Output row 1, column 1 /);
  assert.equal(root.querySelectorAll(".dilation-film").length, 1);
});
