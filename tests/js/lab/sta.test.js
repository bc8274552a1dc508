import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { openPage, settle } from "./page.js";

openPage(); // the charts need a document when they are loaded
const sta = await import("../../../site/lab/sta.js");
const { dataOf, readFiles } = await import("../../../site/lab/sta-recording.js");

let place;

before(sta.prepare);
beforeEach(() => {
  const { window, document } = openPage();
  globalThis.SVGElement = window.SVGElement;
  globalThis.HTMLTableCellElement = window.HTMLTableCellElement;
  place = document.body.appendChild(document.createElement("div"));
});

const SETTINGS = { gain: 2 };
const TIME = [-4, -2, 0];

/** A result as Python returns it, smaller. */
function result(changes = {}) {
  const filter = [0, 0.6, 0.8];
  return {
    source: { neuron: "lnp", dt: 2, samples: 9000, spikes: 1600, rate: 88.88, disagreement: 2.22e-16 },
    time: TIME,
    average: [0, 0.5, 1],
    baseline: 0,
    deviation: [2, 2, 2],
    error: [0.05, 0.05, 0.05],
    null: 0.25,
    filter,
    predicted: [0, 0.55, 0.95],
    convergence: { counts: [10, 100, 1600], cosines: [0.3, 0.7, 0.99], expected: [0.25, 0.72, 0.98] },
    prediction: {
      output: [-1, 0, 1],
      first: [0, 0.1, 0.5],
      second: [0.01, 0.11, 0.4],
      rate: 0.2,
      bits: 1.2345,
    },
    whitening: {
      neuron: "lnp-correlated",
      time: TIME,
      average: [0.1, 0.5, 0.8],
      full: [-0.4, 0.5, 0.9],
      ridged: [0, 0.6, 0.8],
      ridge: 2,
      filter,
      correlation: 0.5,
      ridges: [0, 1, 10],
      cosine: 0.96,
      cosines: [0.91, 0.98, 0.97],
      average_bits: 1.4,
      bits: [1.1, 1.6, 1.5],
    },
    covariance: {
      neuron: "squaring",
      time: TIME,
      eigenvalues: [1.25, 0.1, -0.2],
      low: -0.3,
      high: 0.4,
      value: 1.25,
      feature: [0, 0.59, 0.81],
      average: [1, 0, 0],
      filter,
    },
    membranes: {
      tau: 20,
      time: TIME,
      leaky: { drives: [0.5, 0.3], rates: [5, 2], decays: [9.1449, 12], average: [0.4, 0.9, 2] },
      perfect: { drives: [0.38, 0.2], rates: [17, 9], decays: [8.15, 18], average: [0.3, 0.5, 1.8] },
    },
    ...changes,
  };
}

/** Draws the main figure. */
const render = (data, options = {}) =>
  sta.render({ data, element: place, settings: SETTINGS, run() {}, partial: false, ...options });

/** Draws another figure. */
const drawFigure = (name, data = result()) =>
  sta.figures[name]({ data, element: place, settings: SETTINGS, run() {}, partial: false });

/** The table behind the nth figure, as rows of text. */
function rows(index = 0) {
  const figure = place.querySelectorAll("figure")[index];
  const details = figure.querySelector("details");
  details.open = true;
  details.dispatchEvent(new Event("toggle"));
  return [...figure.querySelectorAll("tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => cell.textContent),
  );
}

const titles = () => [...place.querySelectorAll("figcaption")].map((title) => title.textContent);
const legend = () => [...place.querySelectorAll(".chart-legend li")].map((item) => item.textContent);

// ---- The main figure ----

test("the average is drawn with its standard error, the null band and the filter, and with the article's band", () => {
  render(result());
  assert.deepEqual(titles(), [
    "Average before a spike: simulated neuron",
    "The same average with the article's band, one standard deviation of the stimuli",
  ]);
  assert.deepEqual(legend(), ["95% of shifted trains", "average ± standard error", "true filter × gain"]);
  assert.deepEqual(rows(0)[1], ["-4", "0", "-0.25", "0.25", "0", "-0.05", "0.05", "0"]);
  assert.deepEqual(rows(0)[3], ["0", "0", "-0.25", "0.25", "1", "0.95", "1.05", "0.95"]);
  assert.deepEqual(rows(1)[3], ["0", "1", "-1", "3"]);
});

test("the numbers beside it are in a sentence", () => {
  render(result());
  const summary = place.querySelector("[data-testid=sta-summary]")?.textContent;
  assert.equal(
    summary,
    "1,600 spikes, 88.9 per second. The standard deviation is 40 times the standard error. Three " +
      "implementations of the average differ by 2.22e-16 at most. Held out, the average is worth 1.23 bits per spike.",
  );
});

test("implementations that agree exactly are not said to differ", () => {
  render(result({ source: { ...result().source, disagreement: 0 } }));
  assert.match(place.textContent, /agree to the last bit\./);
});

test("a partial result is drawn without what it lacks", () => {
  const { prediction: _, whitening: __, covariance: ___, membranes: ____, ...part } = result({ null: null });
  render(part, { partial: true });
  assert.deepEqual(legend(), ["average ± standard error", "true filter × gain"]);
  assert.doesNotMatch(String(place.textContent), /bits/);
  render(part, { partial: true, settings: { gain: 2, shifts: 100 } });
  assert.equal(legend().length, 3, "what follows later has its place");
});

test("a result of the page says nothing of other implementations", () => {
  const { disagreement: _, ...source } = result().source;
  render(result({ source }));
  assert.doesNotMatch(place.textContent, /implementations/);
});

const handle = () => place.querySelector('[role="slider"]');

test("the gain is a handle at the filter's peak, moved by keys, which keeps the focus in the next picture", async () => {
  const asked = [];
  const run = (request) => asked.push(request);
  render(result(), { settings: { gain: 1.2 }, run });
  assert.equal(handle().getAttribute("aria-valuetext"), "gain 1.2");
  assert.equal(handle().closest("[aria-hidden]"), null);
  const height = () =>
    Number(
      handle()
        .getAttribute("transform")
        .match(/,([-\d.]+)\)/)[1],
    );
  const before = height();
  handle().focus();
  handle().dispatchEvent(new window.KeyboardEvent("keydown", { key: "PageUp", bubbles: true }));
  assert.deepEqual(asked, [{ settings: { gain: 1.7 } }]);
  render(result(), { settings: { gain: 1.7 }, run });
  await settle();
  assert.equal(document.activeElement, handle());
  assert.ok(height() < before);
  handle().dispatchEvent(new window.KeyboardEvent("keydown", { key: "End", bubbles: true }));
  render(result(), { settings: { gain: 2 }, run });
  assert.ok(height() > 0, "there is room for every gain");
});

test("the gain is dragged over several pictures", () => {
  const asked = [];
  const run = (request) => {
    asked.push(request.settings.gain);
    render(result(), { settings: request.settings, run });
  };
  render(result(), { settings: { gain: 1.2 }, run });
  const point = (name, clientY) =>
    (name === "pointerdown" ? handle() : document).dispatchEvent(
      Object.assign(new window.MouseEvent(name, { clientY, bubbles: true }), { pointerId: 7 }),
    );
  const svg = () => handle().closest("svg");
  const measure = () => {
    const width = Number(svg().getAttribute("viewBox").split(" ")[2]);
    svg().getBoundingClientRect = () => ({ left: 0, top: 0, width });
  };
  measure();
  point("pointerdown", 100);
  point("pointermove", -1000);
  measure();
  point("pointermove", 1000);
  assert.deepEqual(asked, [2, 0]);
  point("pointerup", 1000);
  point("pointermove", -1000);
  assert.equal(asked.length, 2);
});

test("without a filter there is no handle", () => {
  render(result({ filter: null, predicted: null }));
  assert.equal(handle(), null);
});

test("a filter without a prediction is scaled by the gain, and an unknown one is left out", () => {
  render(result({ predicted: null }));
  assert.equal(rows(0)[2].at(-1), "1.2");
  render(result({ predicted: null, filter: null, source: { ...result().source, neuron: "own" } }));
  assert.deepEqual(legend(), ["95% of shifted trains", "average ± standard error"]);
  assert.match(titles()[0] ?? "", /your recording/);
});

// ---- The other figures ----

test("convergence is drawn beside its closed form where there is one", () => {
  drawFigure("convergence");
  assert.deepEqual(rows()[2], ["100", "0.7", "0.72"]);
  drawFigure("convergence", result({ convergence: { ...result().convergence, expected: null } }));
  assert.deepEqual(rows()[2], ["100", "0.7"]);
  drawFigure("convergence", result({ convergence: null }));
  assert.equal(place.querySelector("figure"), null);
  assert.match(place.textContent, /Nobody knows this neuron's filter/);
});

test("ridges are compared by the filter, or by prediction if it is unknown", () => {
  drawFigure("ridges");
  assert.deepEqual(rows().slice(1), [
    ["0", "0.91", "0.96"],
    ["1", "0.98", "0.96"],
    ["10", "0.97", "0.96"],
  ]);
  drawFigure("ridges", result({ whitening: { ...result().whitening, cosine: null, cosines: null } }));
  assert.equal(titles()[0], "Which ridge predicts held-out spikes best");
  assert.deepEqual(rows()[1], ["0", "1.1", "1.4"]);
  drawFigure("ridges", result({ whitening: { ...result().whitening, cosines: null, bits: null } }));
  assert.match(place.textContent, /too few spikes/);
});

test("every other figure shows its numbers", () => {
  drawFigure("whitening");
  assert.deepEqual(legend(), ["whitened in full", "average", "whitened with a ridge of 2", "true filter"]);
  drawFigure("covariance");
  assert.deepEqual(rows()[1], ["1", "0", "-0.3", "0.4", "1.25"]);
  drawFigure("feature");
  assert.match(titles()[0] ?? "", /eigenvalue 1.25, .* simulated squaring neuron/);
  drawFigure("prediction");
  assert.match(titles()[0] ?? "", /1.23 bits per spike/);
  assert.deepEqual(rows()[3], ["1", "0.5", "0.4"]);
  drawFigure("prediction", result({ prediction: null }));
  assert.match(place.textContent, /too few spikes/);
  drawFigure("membranes");
  assert.deepEqual(legend().slice(0, 2), ["leaky cell: decays in 9.14 ms", "cell without a leak: 8.15 ms"]);
  assert.deepEqual(rows()[1].slice(0, 3), ["-4", "0.4", "0.3"]);
  assert.deepEqual(rows()[2].slice(1, 4), ["0.9", "0.5", "0.9"], "averages are not scaled, the membrane is");
  drawFigure("decays");
  assert.deepEqual(
    rows()
      .slice(1)
      .map((row) => row.slice(0, 3)),
    [
      ["leaky", "2", "12"],
      ["leaky", "5", "9.145"],
      ["without a leak", "9", "18"],
      ["without a leak", "17", "8.15"],
    ],
  );
});

// ---- The visitor's recording ----

/** The inputs, and what they ask for. */
function openInputs() {
  const runs = [];
  const problems = [];
  const handle = sta.inputs({
    element: place,
    run: (request) => runs.push(request),
    problem: (error, remedy) => problems.push([error, remedy]),
  });
  return { runs, problems, handle, note: place.querySelector("[data-testid=own-recording]") };
}

function drop(target, files) {
  const event = new Event("drop", { bubbles: true });
  Object.assign(event, { dataTransfer: { types: ["Files"], files } });
  target.dispatchEvent(event);
}

test("dropped files are given to Python as bytes with their names", async () => {
  const { runs, note, handle } = openInputs();
  drop(place, [new File(["1,0\n2,1\n"], "mine.csv")]);
  await settle();
  await settle();
  assert.equal(new TextDecoder().decode(runs[0].data.stimulus), "1,0\n2,1\n");
  assert.equal(runs[0].data.stimulus_name, "mine.csv");
  assert.ok(!("spikes" in runs[0].data));
  assert.match(String(note?.textContent), /mine.csv\. It stays/);
  handle?.reset?.();
  assert.equal(note?.textContent, "");
});

test("two files are a stimulus and spikes, and three are refused", async () => {
  const files = ["1\n2\n", "0\n1\n"].map((text, index) => new File([text], `${index}.csv`));
  const data = dataOf(await readFiles(files));
  assert.deepEqual([data.stimulus_name, data.spikes_name], ["0.csv", "1.csv"]);
  await assert.rejects(readFiles([...files, ...files]), /These are 4 files/);
  const large = { name: "large.npy", size: 64_000_001 };
  await assert.rejects(readFiles([large]), /large\.npy is too large: the limit is 64 MB/);
});

test("pasted rows are used, and nothing pasted is a problem", () => {
  const { runs, problems } = openInputs();
  const button = [...place.querySelectorAll("button")].find(
    ({ textContent }) => textContent === "Use pasted rows",
  );
  button?.click();
  assert.match(problems[0][0], /Nothing is pasted/);
  const field = place.querySelector("textarea");
  field.value = "1,0\n2,1";
  button?.click();
  assert.equal(new TextDecoder().decode(runs[0].data.stimulus), "1,0\n2,1");
  [...place.querySelectorAll("button")].find(({ textContent }) => textContent?.startsWith("Back"))?.click();
  assert.deepEqual(runs[1], { data: null });
  assert.equal(field.value, "");
});

// ---- Ranges ----

test("a filter needs a window longer than its latency, a membrane time to fire", () => {
  const chosen = { neuron: "lnp", samples: 200_000, window: 150, dt: 2 };
  assert.deepEqual(sta.ranges(chosen).window, [12, 300]);
  assert.deepEqual(sta.ranges({ ...chosen, neuron: "grasshopper" }).window, [2, 300]);
  assert.deepEqual(sta.ranges({ ...chosen, neuron: "lif", dt: 0.1 }).samples, [100_000, 600_000]);
});
