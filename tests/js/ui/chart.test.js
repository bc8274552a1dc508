import assert from "node:assert/strict";
import { before, test } from "node:test";
import { window } from "../dom.js";
import { textsOf } from "../pluck.js";

const { chart, figureTools, heatMap, loadPlot, percentage, shortNumber } = await import(
  "../../../site/ui/chart.js"
);
const { extent, share, tableOf, thinLine, thinPoints } = await import("../../../site/ui/chart-data.js");
const { csvOf } = await import("../../../site/ui/chart-tools.js");

before(loadPlot);

const TIME = { label: "time", unit: "ms" };
const VALUE = { label: "stimulus", unit: "mV" };
const AVERAGE = {
  title: "Spike-triggered average",
  x: TIME,
  y: VALUE,
  series: [
    { name: "average", x: [-30, -20, -10], y: [0.42, 0.1, 0.3], low: [0.35, 0, 0.2], high: [0.49, 0.2, 0.4] },
    { name: "truth", x: [-30, -20, -10], y: [0.4, 0.2, 0.25], dashed: true },
  ],
};

/** Draws into the document. */
function drawn(figure) {
  document.body.replaceChildren(figure);
  return figure;
}

/** Presses keys in the drawing and returns what was read out after each. */
function read(figure, ...keys) {
  const drawing = figure.querySelector(".chart-drawing");
  return keys.map((key) => {
    drawing.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    return figure.querySelector(".chart-read-out").textContent;
  });
}

/** Opens the table and returns the texts of its rows. */
function tableRows(figure) {
  const details = figure.querySelector("details");
  details.dispatchEvent(new window.Event("toggle"));
  return [...details.querySelectorAll("tr")].map((row) => [...row.cells].map((cell) => cell.textContent));
}

test("a chart has its title, a legend in the order of its series, axis names and no inline style", () => {
  const figure = drawn(chart(AVERAGE));
  assert.equal(figure.querySelector("figcaption").textContent, "Spike-triggered average");
  const legend = [...figure.querySelectorAll(".chart-legend li")].map((item) => item.textContent);
  assert.deepEqual(legend, ["average", "truth"]);
  assert.equal(figure.querySelectorAll("style, [style], [id]").length, 0);
  const svg = figure.querySelector(".chart-drawing > svg");
  assert.equal(svg.querySelector('[aria-label="x-axis label"]').textContent, "time (ms)");
  assert.equal(svg.querySelector('[aria-label="y-axis label"]').textContent, "stimulus (mV)");
});

test("each drawing that is shown can get more, by its scales", () => {
  const heights = [];
  const made = chart({
    title: "Heights",
    x: { label: "x" },
    y: { label: "y" },
    series: [{ name: "y", x: [0, 1], y: [0, 2] }],
    onDraw: (svg) => {
      heights.push(svg.scale("y").apply(0) - svg.scale("y").apply(2));
      svg.append(document.createElement("mark"));
    },
  });
  assert.equal(made.querySelectorAll("svg.plot > mark").length, 1);
  assert.ok(heights[0] > 50);
});

test("what the build draws also keeps the height that a phone will need", () => {
  const [wide, narrow] = drawn(chart(AVERAGE)).querySelectorAll(".chart-drawing > svg");
  assert.equal(narrow.getAttribute("class"), "chart-place");
  assert.equal(narrow.getAttribute("height"), "230");
  assert.equal(wide.getAttribute("height"), "333");
  const fixed = drawn(chart({ ...AVERAGE, height: 300 }));
  assert.equal(fixed.querySelector(".chart-place").getAttribute("height"), "300");
});

test("series differ in color, dash and symbol", () => {
  const figure = drawn(chart(AVERAGE));
  const lines = [...figure.querySelectorAll('.chart-drawing [aria-label="line"]')];
  assert.equal(new Set(lines.map((line) => line.getAttribute("stroke"))).size, 2);
  assert.equal(new Set(lines.map((line) => line.getAttribute("stroke-dasharray"))).size, 2);
  const symbols = [...figure.querySelectorAll('.chart-drawing [aria-label="dot"]')];
  const shapes = symbols.map((group) => group.firstElementChild.tagName);
  assert.deepEqual(shapes, ["circle", "path"]);
});

test("the arrow keys move along a series and between series, and the read-out says where", () => {
  const figure = drawn(chart(AVERAGE));
  assert.deepEqual(
    read(figure, "ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "End", "Home"),
    [
      "average, time -30 ms: 0.42 mV (0.35 to 0.49)",
      "average, time -20 ms: 0.1 mV (0 to 0.2)",
      "truth, time -20 ms: 0.2 mV",
      "truth, time -30 ms: 0.4 mV",
      "average, time -30 ms: 0.42 mV (0.35 to 0.49)",
      "average, time -10 ms: 0.3 mV (0.2 to 0.4)",
      "average, time -30 ms: 0.42 mV (0.35 to 0.49)",
    ],
  );
  assert.equal(figure.querySelector(".chart-read-out").getAttribute("aria-live"), "polite");
});

test("the cursor stops at the ends, stands on the point, and Escape takes it away", () => {
  const figure = drawn(chart(AVERAGE));
  const [first] = read(figure, "ArrowRight");
  assert.deepEqual(read(figure, "ArrowLeft", "ArrowUp"), [first, first]);
  const circle = figure.querySelector(".chart-cursor circle");
  const point = figure.querySelector('.chart-drawing [aria-label="dot"] circle');
  assert.ok(Math.abs(Number(circle.getAttribute("cx")) - Number(point.getAttribute("cx"))) < 0.01);
  assert.ok(Math.abs(Number(circle.getAttribute("cy")) - Number(point.getAttribute("cy"))) < 0.01);
  read(figure, "Escape");
  assert.equal(figure.querySelector(".chart-cursor"), null);
});

test("a chart that takes another's place keeps the open table, the focus and the cursor", async () => {
  const observed = new Map();
  globalThis.HTMLElement = window.HTMLElement;
  globalThis.ResizeObserver = class {
    constructor(callback) {
      this.observe = (box) => observed.set(box, callback);
    }
  };
  const resize = (figure, width) =>
    observed.get(figure.querySelector(".chart-drawing"))([{ contentRect: { width } }]);
  const place = document.createElement("div");
  document.body.replaceChildren(place);
  const first = chart(AVERAGE);
  place.replaceChildren(first);
  resize(first, 500.4);
  assert.equal(first.querySelector(".chart-drawing > svg").getAttribute("width"), "500");
  first.querySelector("details").open = true;
  first.querySelector(".chart-drawing").focus();
  const [, words] = read(first, "ArrowRight", "ArrowRight");
  const second = chart(AVERAGE);
  place.replaceChildren(second);
  await Promise.resolve();
  resize(second, 360);
  assert.equal(second.querySelector("details").open, true);
  assert.equal(document.activeElement, second.querySelector(".chart-drawing"));
  assert.equal(second.querySelector(".chart-read-out").textContent, words);
  assert.ok(second.querySelector(".chart-cursor"));
  resize(second, 700);
  assert.ok(second.querySelector(".chart-cursor"), "it follows a new width");
  second.querySelector(".chart-drawing").blur();
  await Promise.resolve();
  assert.equal(second.querySelector(".chart-cursor"), null);
  Reflect.deleteProperty(globalThis, "ResizeObserver");
});

test("keys that do not belong to the cursor keep their meaning", () => {
  const figure = drawn(chart(AVERAGE));
  const press = (init) => {
    const event = new window.KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init });
    figure.querySelector(".chart-drawing").dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.equal(press({ key: "Tab" }), false);
  assert.equal(press({ key: "ArrowLeft", altKey: true }), false);
  assert.equal(press({ key: "ArrowRight" }), true);
});

test("the pointer reads the nearest point, silently", () => {
  const figure = drawn(chart(AVERAGE));
  const svg = figure.querySelector(".chart-drawing > svg");
  svg.getBoundingClientRect = () => ({
    left: 0,
    top: 0,
    width: Number(svg.getAttribute("width")),
    height: 300,
  });
  const point = figure.querySelectorAll('.chart-drawing [aria-label="dot"] circle')[1];
  const event = new window.MouseEvent("pointermove", {
    clientX: Number(point.getAttribute("cx")) + 4,
    clientY: Number(point.getAttribute("cy")) + 2,
    bubbles: true,
  });
  figure.querySelector(".chart-drawing").dispatchEvent(event);
  const readOut = figure.querySelector(".chart-read-out");
  assert.equal(readOut.textContent, "average, time -20 ms: 0.1 mV (0 to 0.2)");
  assert.equal(readOut.getAttribute("aria-live"), "off");
});

test("a missing value leaves a gap that the cursor skips", () => {
  const series = [{ name: "a", x: [0, 1, 2, 3, 4], y: [1, 2, null, Number.NaN, 5] }];
  const figure = drawn(chart({ title: "Gap", x: { label: "x" }, y: { label: "y" }, series }));
  const path = figure.querySelector('.chart-drawing [aria-label="line"] path').getAttribute("d");
  assert.equal(path.match(/M/g).length, 2);
  const [, , third] = read(figure, "ArrowRight", "ArrowRight", "ArrowRight");
  assert.equal(third, "a, x 4: 5");
  assert.deepEqual(tableRows(figure)[3], ["2", ""]);
});

test("the table has the numbers of all series", () => {
  assert.deepEqual(tableRows(drawn(chart(AVERAGE))), [
    ["time (ms)", "average", "average, low", "average, high", "truth"],
    ["-30", "0.42", "0.35", "0.49", "0.4"],
    ["-20", "0.1", "0", "0.2", "0.2"],
    ["-10", "0.3", "0.2", "0.4", "0.25"],
  ]);
});

test("a long table shows a hundred rows, and says so", () => {
  const x = Float64Array.from({ length: 5001 }, (_, index) => index);
  const figure = drawn(chart({ title: "Long", x: TIME, y: VALUE, series: [{ name: "a", x, y: x }] }));
  const rows = tableRows(figure);
  assert.equal(rows.length, 101);
  assert.deepEqual([rows[1][0], rows[100][0]], ["0", "5,000"]);
  assert.match(figure.querySelector("details p").textContent, /^100 of 5,001 rows/);
});

test("the CSV keeps every digit of every row", () => {
  const values = [0.1 + 0.2, 1 / 3, -0, 5e-324, 123456789.12345679];
  const spec = { ...AVERAGE, series: [{ name: 'a, "b"', x: [1, 2, 3, 4, 5], y: values }] };
  const [head, ...lines] = csvOf(tableOf(spec)).trimEnd().split("\r\n");
  assert.equal(head, 'time (ms),"a, ""b"""');
  const numbers = lines.map((line) => Number(line.split(",")[1]));
  assert.deepEqual(
    numbers,
    values.map((value) => value + 0),
  );
});

test("series with other x values become rows that name their series", () => {
  const series = [
    { name: "a", x: [1, 2], y: [3, 4] },
    { name: "=b", x: [5], y: [6], low: [5.5], high: [7] },
    { name: "none", x: [], y: [] },
  ];
  const text = csvOf(tableOf({ title: "", x: { label: "x" }, y: { label: "y" }, series }));
  assert.equal(text, "series,x,y,low,high\r\na,1,3,,\r\na,2,4,,\r\n'=b,5,6,5.5,7\r\n");
});

test("600,000 points are thinned to their extremes in each column of pixels", () => {
  const x = Float64Array.from({ length: 600_000 }, (_, index) => index);
  const y = x.map((index) => Math.sin(index / 1000));
  y[123_456] = 9;
  y[123_457] = -9;
  y[400_000] = Number.NaN;
  const kept = thinLine(x, [y], { columns: 600, at: share("linear", [0, 599_999]) });
  assert.ok(kept.length <= 5 * 602, `${kept.length}`);
  for (const index of [0, 123_456, 123_457, 400_000, 599_999]) assert.ok(kept.includes(index), `${index}`);
  assert.deepEqual(
    [...kept],
    [...kept].sort((a, b) => a - b),
  );
  const figure = drawn(chart({ title: "Large", x: TIME, y: VALUE, series: [{ name: "v", x, y }] }));
  assert.ok(figure.outerHTML.length < 60_000, `${figure.outerHTML.length}`);
});

test("thinning follows the columns of the scale, also where x is not sorted", () => {
  const x = Float64Array.from({ length: 9000 }, (_, index) => 10 ** (index / 1500));
  const columns = 60;
  const kept = thinLine(x, [x], { columns, at: share("log", [1, 1e6]) });
  const at = share("log", [1, 1e6]);
  assert.equal(new Set(Array.from(kept, (index) => Math.floor(at(x[index]) * columns))).size, columns);
  const circle = Float64Array.from({ length: 9000 }, (_, index) => Math.cos(index / 100));
  const some = thinLine(circle, [circle], { columns, at: share("linear", [-1, 1]) });
  assert.ok(some.length <= 4 * columns && some.includes(0) && some.includes(8999));
});

test("few points are all kept, and many dots become thousands", () => {
  const options = { width: 600, height: 300, atX: share("linear", [0, 1]), atY: share("linear", [0, 1]) };
  assert.equal(thinPoints([0, 1], [0, 1], options).length, 2);
  const x = Float64Array.from({ length: 200_000 }, (_, index) => (index * 0.618034) % 1);
  const y = Float64Array.from({ length: 200_000 }, (_, index) => (index * 0.7548777) % 1);
  const kept = thinPoints(x, y, options);
  assert.ok(kept.length > 500 && kept.length <= 4000, `${kept.length}`);
});

test("extents skip what is missing, and what a logarithm cannot show", () => {
  assert.deepEqual(
    extent([
      [3, null, Number.NaN, -1],
      [Infinity, 2],
    ]),
    [-1, 3],
  );
  assert.deepEqual(extent([[0, -1, 5, 100]], "log"), [5, 100]);
  assert.equal(extent([[], [null]]), null);
});

test("bars stand on names, sideways and upright, and on numbers", () => {
  const names = ["a", "b"];
  const bars = (x, y, more = {}) => [{ name: "n", kind: "bars", x, y, ...more }];
  const axes = { x: { label: "x" }, y: { label: "y" } };
  for (const [series, words] of [
    [bars(names, [1, 2]), "n, x a: 1"],
    [bars([1, 2], names), "n, y a: 1"],
    [bars([10, 20], [1, 2]), "n, x 10: 1"],
  ]) {
    const figure = drawn(chart({ title: "Bars", ...axes, series }));
    assert.equal(figure.querySelectorAll(".chart-drawing .series rect").length, 2);
    assert.deepEqual(read(figure, "ArrowRight"), [words]);
  }
});

test("names below each other are rows of the table, and Up and Down move along a single series", () => {
  const axes = { x: { label: "error" }, y: { label: "method" } };
  const one = { name: "mean", kind: "points", x: [0.1, 0.2], y: ["a", "b"], low: [0, 0.1], high: [0.2, 0.3] };
  const figure = drawn(chart({ title: "Names", ...axes, series: [one] }));
  assert.deepEqual(tableRows(figure), [
    ["method", "mean", "mean, low", "mean, high"],
    ["a", "0.1", "0", "0.2"],
    ["b", "0.2", "0.1", "0.3"],
  ]);
  assert.deepEqual(read(figure, "ArrowDown", "ArrowDown", "ArrowUp", "ArrowRight"), [
    "mean, method a: 0.1 (0 to 0.2)",
    "mean, method b: 0.2 (0.1 to 0.3)",
    "mean, method a: 0.1 (0 to 0.2)",
    "mean, method b: 0.2 (0.1 to 0.3)",
  ]);
});

test("bars of several series stand side by side", () => {
  const series = ["one", "two"].map((name) => ({ name, kind: "bars", x: ["a", "b"], y: [1, 2] }));
  const figure = drawn(chart({ title: "Bars", x: { label: "" }, y: { label: "" }, series }));
  const boxes = [...figure.querySelectorAll(".chart-drawing .series rect")].map((rect) => {
    const left = Number(rect.getAttribute("x"));
    return [left, left + Number(rect.getAttribute("width"))];
  });
  boxes.sort((a, b) => a[0] - b[0]);
  for (let index = 1; index < boxes.length; index++) assert.ok(boxes[index][0] >= boxes[index - 1][1] - 0.5);
});

test("labels of neighboring rules stand in rows of their own", () => {
  const rules = [1, 1.01, 3].map((x) => ({ x, label: `a long label at ${x}` }));
  const figure = drawn(chart({ ...AVERAGE, series: [{ name: "a", x: [0, 4], y: [0, 1] }], rules }));
  const tops = [...figure.querySelectorAll(".rule-name")].map((group) => group.getAttribute("transform"));
  assert.equal(tops.length, 3);
  assert.notEqual(tops[0], tops[1]);
});

test("a given domain cuts off what is outside, without ids", () => {
  const x = { label: "x", domain: [0, 1] };
  const series = [{ name: "a", x: [0, 1, 2], y: [1, 2, 3] }];
  const figure = drawn(chart({ title: "Cut", x, y: { label: "y", domain: [0, 2] }, series }));
  const inner = figure.querySelector(".chart-drawing > svg > svg");
  assert.ok(inner.querySelector('[aria-label="line"]'));
  assert.equal(figure.querySelectorAll("[id], [clip-path]").length, 0);
  const whole = drawn(
    chart({ title: "Whole", x: { label: "x", domain: [0, 2] }, y: { label: "y" }, series }),
  );
  assert.equal(whole.querySelector(".chart-drawing > svg > svg"), null, "symbols at the edge stay whole");
});

test("logarithmic, time and empty charts can be drawn", () => {
  const axes = { x: { label: "x", scale: "log" }, y: { label: "y", scale: "log" } };
  const log = drawn(
    chart({ title: "Log", ...axes, series: [{ name: "a", x: [1, 10, 100], y: [0, 1, 1000] }] }),
  );
  assert.deepEqual(read(log, "ArrowRight"), ["a, x 10: 1"]); // 0 has no logarithm
  const days = [0, 1, 2].map((day) => new Date(Date.UTC(2026, 0, 1 + day)));
  const dates = {
    title: "Days",
    x: { label: "day" },
    y: { label: "y" },
    series: [{ name: "a", x: days, y: [1, 2, 3] }],
  };
  assert.deepEqual(read(drawn(chart(dates)), "End"), ["a, day 2026-01-03: 3"]);
  for (const series of [[], [{ name: "a", x: [], y: [] }], [{ name: "a", x: [1], y: [2] }]])
    assert.ok(chart({ title: "Few", x: TIME, y: VALUE, series }).querySelector("svg"));
});

test("series whose lists differ in length are refused", () => {
  const spec = { ...AVERAGE, series: [{ name: "odd", x: [1, 2], y: [1] }] };
  assert.throws(() => chart(spec), /series "odd" has 2 x and 1 other values/);
});

test("the same data gives the same drawing", () => {
  assert.equal(chart(AVERAGE).outerHTML, chart(AVERAGE).outerHTML);
});

test("numbers are short in words", () => {
  const words = [0.42, 12_345.678, 1.23456e-7, 2e9, -0.5, 0, Number.NaN, Infinity].map(shortNumber);
  assert.deepEqual(words, ["0.42", "12,350", "1.235e-7", "2e9", "-0.5", "0", "no value", "∞"]);
  assert.equal(percentage(0.12345), "12.35%");
});

const MAP = {
  title: "Kernel",
  x: { label: "column" },
  y: { label: "row" },
  values: [
    [1, -4, 0],
    [2, null, 2],
  ],
};

test("a heat map has a cell for each number, with opposite colors around zero", () => {
  const figure = drawn(heatMap(MAP));
  const paths = [...figure.querySelectorAll(".cells path")];
  const boxes = paths.map((path) => path.getAttribute("d").match(/M/g).length);
  const total = boxes.reduce((sum, count) => sum + count);
  assert.equal(total, 5);
  const colors = paths.map((path) => path.getAttribute("fill"));
  assert.ok(colors[0].includes("--chart-below) 100%") && colors.at(-1).includes("--chart-above) 50%"));
  const legend = [...figure.querySelectorAll(".chart-scale span")].map((word) => word.textContent);
  assert.deepEqual(legend, ["-4", "0", "4"]);
});

test("columns that have to be named are, and others where there is room beside them", () => {
  const values = Array.from({ length: 30 }, (_, index) => `column ${index}`);
  const names = (/** @type {number[]} */ named) => {
    const figure = drawn(heatMap({ ...MAP, x: { label: "", values, named }, values: [values.map(() => 1)] }));
    return [...figure.querySelectorAll("text")]
      .map((text) => text.textContent)
      .filter((text) => /^column/.test(text));
  };
  const regular = names([]);
  assert.ok(regular.includes("column 0") && !regular.includes("column 1") && regular.length < 30);
  const found = names([1]);
  assert.ok(found.includes("column 1") && !found.includes("column 0") && found.length > 1);
});

test("the arrow keys read a heat map by column and row", () => {
  const figure = drawn(heatMap(MAP));
  assert.deepEqual(read(figure, "ArrowRight", "ArrowRight", "ArrowDown", "Home", "End", "ArrowUp"), [
    "column 0, row 0: 1",
    "column 1, row 0: -4",
    "column 1, row 1: no value",
    "column 0, row 1: 2",
    "column 2, row 1: 2",
    "column 2, row 0: 0",
  ]);
});

test("the rows of a heat map can go upward, and its table has them in their order", () => {
  const figure = drawn(heatMap({ ...MAP, y: { label: "row", upward: true } }));
  assert.deepEqual(read(figure, "ArrowRight"), ["column 0, row 1: 2"]);
  assert.deepEqual(tableRows(figure), [
    ["row / column", "0", "1", "2"],
    ["0", "1", "-4", "0"],
    ["1", "2", "", "2"],
  ]);
});

test("a cell of a heat map is chosen with Enter or a click, whichever way its rows go", () => {
  for (const upward of [false, true]) {
    const chosen = [];
    const spec = {
      title: "Map",
      x: { label: "column" },
      y: { label: "row", upward },
      values: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    };
    const figure = drawn(heatMap({ ...spec, onChoose: (...cell) => chosen.push(cell) }));
    const drawing = figure.querySelector(".chart-drawing");
    drawing.click(); // no cell is under the cursor
    read(figure, "ArrowRight", "ArrowRight", "Enter", "ArrowDown");
    drawing.click();
    const rows = upward ? [1, 0] : [0, 1];
    assert.deepEqual(
      chosen,
      rows.map((row) => [1, row]),
    );
    assert.match(drawing.getAttribute("aria-label"), /choose with Enter/);
  }
});

test("a heat map of many cells is few shapes", () => {
  const values = Array.from({ length: 300 }, (_, row) =>
    Array.from({ length: 300 }, (_none, x) => Math.sin(x * row)),
  );
  assert.ok(heatMap({ ...MAP, values }).querySelectorAll(".cells path").length <= 41);
  assert.throws(() => heatMap({ ...MAP, values: [[1], [1, 2]] }), /differ in length/);
});

test("a drawing of your own gets the same table and buttons", () => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const table = { columns: ["a", "b"], rows: [[1, "x"]] };
  const tools = figureTools(svg, { title: "Own drawing", table });
  assert.deepEqual(textsOf(tools.querySelectorAll("button")), ["SVG", "PNG", "CSV"]);
  assert.deepEqual(tableRows(drawn(tools)), [
    ["a", "b"],
    ["1", "x"],
  ]);
});
