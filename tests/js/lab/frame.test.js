/** An experiment in its article, with a runner that computes when a test says so. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Addresses } from "../../../site/lab/addresses.js";
import { Experiment } from "../../../site/lab/frame.js";
import { openPage, settle } from "./page.js";

const PARAMETER = { neutral: null, minimum: null, maximum: null, step: null, kind: "number", choices: [] };
const PARAMETERS = [
  { ...PARAMETER, name: "size", label: "Size", sentence: "How large.", default: 4, minimum: 1, maximum: 9 },
  { ...PARAMETER, name: "gap", label: "Gap", sentence: "How far.", default: 1, minimum: 1, maximum: 9 },
  { ...PARAMETER, name: "tight", label: "Tight", sentence: "Less.", default: false, kind: "boolean" },
  { ...PARAMETER, name: "seed", label: "Seed", sentence: "Chance.", default: 7, minimum: 0, maximum: 99999 },
].map((parameter) => ({
  ...parameter,
  step: 1,
  kind: parameter.kind === "number" ? "integer" : parameter.kind,
}));
const SETTINGS = { size: 4, gap: 1, tight: false, seed: 7 };
const FIRST = {
  description: { name: "test", label: "Test", sentence: "A test.", parameters: PARAMETERS },
  settings: SETTINGS,
  data: { settings: SETTINGS, total: 1 },
  bytes: 500_000,
};

/** Runs that the test ends: each has `settings`, `data`, `part`, `progress`, `finish` and `fail`. */
class FakeRunner {
  ready = false;
  runs = [];

  async size() {
    return 8_000_000;
  }

  async settled() {}

  run(name, { settings, data, signal, onProgress, onPart }) {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort);
      const finish = (values) => {
        this.ready = true;
        resolve({ settings: { ...SETTINGS, ...settings }, ...values });
      };
      this.runs.push({
        name,
        settings,
        data,
        signal,
        progress: onProgress,
        part: onPart,
        finish,
        fail: reject,
      });
    });
  }

  get last() {
    return this.runs.at(-1);
  }
}

let page;
let runner;
/** What was drawn: the total, and whether it is partial. */
let drawn;
let root;

beforeEach(() => {
  page = openPage("<section data-state='idle'></section>");
  runner = new FakeRunner();
  drawn = [];
  root = page.document.querySelector("section");
});

function mount(module = {}, options = {}) {
  const render = ({ data, element, partial, settings }) => {
    if (data.total === "broken") throw new Error("cannot draw this");
    drawn.push({ total: data.total, partial, size: settings.size });
    element.textContent = `total ${data.total}`;
  };
  return new Experiment({
    root,
    name: "test",
    first: FIRST,
    module: { render, ...module },
    runner,
    ...options,
  });
}

const press = (id) => root.querySelector(`[data-testid=${id}]`).click();
const state = () => root.dataset.state;
const words = () => root.querySelector(".lab-status")?.textContent;
const picture = () => root.querySelector(".lab-picture")?.textContent;
const field = (name) => root.querySelector(`#lab-test-${name}`);

function enter(name, value) {
  if (typeof value === "boolean") field(name).checked = value;
  else field(name).value = value;
  field(name).dispatchEvent(new Event("change"));
}

test("the first picture is drawn without a run, and the size of the engine and its files is said", async () => {
  const experiment = mount();
  await settle();
  assert.deepEqual(drawn, [{ total: 1, partial: false, size: 4 }]);
  assert.equal(runner.runs.length, 0, "nothing starts by itself");
  assert.match(root.querySelector(".lab-size").textContent, /8\.5 MB/);
  assert.deepEqual(experiment.data, FIRST.data);
  assert.equal(state(), "idle");
});

test("Run computes with the settings, then shows and keeps the result", async () => {
  const experiment = mount();
  enter("size", "6");
  assert.match(words() ?? "", /Settings changed/);
  press("run");
  assert.equal(state(), "running");
  assert.deepEqual(runner.last.settings, { size: 6 });
  press("run");
  assert.equal(runner.runs.length, 1, "while it runs, Run does nothing");
  runner.last.finish({ total: 2 });
  await settle();
  assert.equal(state(), "done");
  assert.equal(picture(), "total 2");
  assert.equal(experiment.data.total, 2);
  assert.equal(words(), "");
  assert.equal(root.querySelector(".lab-size")?.textContent, "", "the next run downloads nothing");
});

test("partial results are drawn once a frame, the newest, and complete each other", async () => {
  const seen = [];
  mount({ render: ({ data, partial }) => seen.push([{ ...data, settings: 0 }, partial]) });
  press("run");
  await settle();
  runner.last.part({ total: 1 });
  runner.last.part({ step: 5 });
  assert.equal(seen.length, 1);
  page.drawFrame();
  assert.deepEqual(seen[1], [{ total: 1, step: 5, settings: 0 }, true]);
  runner.last.part({ total: 3 });
  runner.last.finish({ total: 9 });
  await settle();
  page.drawFrame();
  assert.equal(seen.length, 3, "a part that arrived before the result is not drawn after it");
  assert.deepEqual(seen[2], [{ total: 9, settings: 0 }, false]);
});

test("Cancel stops the run and shows the last complete picture", async () => {
  mount();
  press("run");
  await settle();
  runner.last.part({ total: 5 });
  page.drawFrame();
  assert.equal(picture(), "total 5");
  const cancel = root.querySelector("[data-testid=cancel]");
  assert.equal(cancel.hidden, false);
  cancel.focus();
  press("cancel");
  await settle();
  assert.ok(runner.last.signal.aborted);
  assert.equal(state(), "idle");
  assert.equal(picture(), "total 1");
  assert.equal(words(), "Stopped.");
  assert.equal(document.activeElement?.textContent, "Run", "the focus does not fall to the page");
});

test("an error is shown with its remedy, the last picture stays, and Run tries again", async () => {
  const experiment = mount();
  press("run");
  await settle();
  runner.last.part({ total: 5 });
  page.drawFrame();
  runner.last.fail(Object.assign(new Error("It does not fit."), { remedy: "Choose less.", code: "x" }));
  await settle();
  assert.equal(state(), "error");
  assert.equal(words(), "It does not fit. Choose less.");
  assert.equal(picture(), "total 1");
  assert.equal(experiment.data.total, 1);
  press("run");
  runner.last.finish({ total: 3 });
  await settle();
  assert.equal(state(), "done");
  assert.equal(words(), "");
});

test("an engine that died is restarted by Run", async () => {
  mount();
  press("run");
  await settle();
  const died = Object.assign(new Error("The engine stopped."), {
    code: "worker-died",
    remedy: "The text so far",
  });
  runner.last.fail(died);
  await settle();
  assert.equal(words(), "The engine stopped. The last picture is kept. Press Run to start the engine again.");
});

test("a picture that cannot be drawn is an error of the run", async () => {
  const experiment = mount();
  press("run");
  await settle();
  runner.last.part({ total: "broken" });
  page.drawFrame();
  await settle();
  assert.equal(state(), "error");
  assert.equal(words(), "cannot draw this");
  press("run");
  await settle();
  runner.last.finish({ total: "broken" });
  await settle();
  assert.equal(state(), "error");
  assert.equal(picture(), "total 1");
  assert.equal(experiment.data.total, 1);
});

test("a live experiment follows every change once the engine runs, and drops superseded runs", async () => {
  mount({ live: true });
  enter("size", "5");
  await settle();
  assert.equal(runner.runs.length, 0, "the engine is not loaded unasked");
  press("run");
  runner.last.finish({ total: 2 });
  await settle();
  enter("size", "6");
  await settle();
  const first = runner.last;
  enter("size", "7");
  enter("size", "8");
  await settle();
  assert.ok(first.signal.aborted);
  const sizes = runner.runs.map(({ settings }) => settings.size);
  assert.deepEqual(sizes, [5, 6, 8], "what changed before Python was told is not run");
  first.finish({ total: "old" });
  runner.last.finish({ total: 8 });
  await settle();
  assert.equal(picture(), "total 8");
  assert.equal(state(), "done");
});

test("what the page computes whole is shown at once, and Python is not asked", async () => {
  const experiment = mount({
    live: true,
    instant: ({ settings, own }) =>
      settings.size < 9 ? { data: { total: own?.y ?? settings.size }, isWhole: true } : null,
  });
  enter("size", "6");
  assert.equal(picture(), "total 6");
  assert.equal(experiment.data.settings.size, 6);
  assert.equal(words(), "");
  enter("size", "9");
  assert.equal(picture(), "total 6");
  assert.match(words() ?? "", /Settings changed/, "it cannot compute this");
  press("run");
  runner.last.finish({ total: 90 });
  await settle();
  enter("size", "8");
  assert.equal(picture(), "total 8");
  assert.equal(runner.runs.length, 1);
  press("run");
  await settle();
  const superseded = runner.last;
  enter("size", "7");
  await settle();
  assert.ok(superseded.signal.aborted);
  assert.equal(picture(), "total 7");
  assert.equal(state(), "done");
  assert.equal(words(), "");
});

test("a result of Python comes back with its settings, and is whole", () => {
  const instant = ({ settings }) => ({ data: { total: settings.size }, isWhole: settings.size > 5 });
  mount({ instant });
  enter("size", "6");
  assert.deepEqual(drawn.at(-1), { total: 6, partial: false, size: 6 });
  enter("size", "4");
  assert.deepEqual(drawn.at(-1), { total: 1, partial: false, size: 4 }, "the build's");
  assert.equal(words(), "");
});

test("a part that the page computes is drawn at once, and the rest is left to Run", async () => {
  const experiment = mount({
    instant: ({ settings }) => ({ data: { total: settings.size }, isWhole: false }),
  });
  enter("size", "6");
  assert.deepEqual(drawn.at(-1), { total: 6, partial: true, size: 6 });
  assert.equal(experiment.data.total, 1);
  assert.match(words() ?? "", /follows at once. Press Run/);
  enter("size", "4");
  assert.deepEqual(drawn.at(-1), { total: 1, partial: false, size: 4 }, "the last result is whole");
  assert.equal(words(), "");
});

test("what the page computes waits for the code that draws it", async () => {
  let loaded;
  const prepare = () => new Promise((resolve) => (loaded = resolve));
  mount({ prepare, instant: ({ settings }) => ({ data: { total: settings.size }, isWhole: true }) });
  enter("size", "6");
  enter("size", "5");
  assert.deepEqual(drawn, []);
  loaded();
  await settle();
  assert.deepEqual(
    drawn.filter(({ total }) => total !== 1),
    [{ total: 5, partial: false, size: 5 }],
  );
});

test("no control reaches an invalid setting", async () => {
  const ranges = ({ size, gap, tight }) => {
    const most = tight ? 6 : 12; // size * gap is at most this
    return { size: [1, Math.min(9, Math.floor(most / gap))], gap: [1, Math.min(9, Math.floor(most / size))] };
  };
  const experiment = mount({ ranges });
  enter("gap", "9");
  assert.equal(field("gap").value, "3", "4 times 3 is 12");
  assert.equal(field("gap").max, "3");
  assert.equal(field("size").max, "4");
  enter("tight", true);
  assert.ok(Number(field("size").value) * Number(field("gap").value) <= 6, "others follow a choice");
  experiment.restore(
    new Map([
      ["size", "9"],
      ["gap", "9"],
      ["tight", "true"],
    ]),
  );
  assert.ok(Number(field("size").value) * Number(field("gap").value) <= 6, "and an address");
  enter("tight", false);
  experiment.restore(new Map());
  assert.equal(field("size").value, "4");
});

test("rarely used settings are folded unless one is set, and those without effect are not shown", () => {
  const experiment = mount({ folded: ["gap", "seed"], unused: ({ tight }) => (tight ? ["size"] : []) });
  const more = root.querySelector("details");
  const isShown = (name) => !field(name).closest("[hidden]");
  assert.ok(more?.contains(field("gap")) && more.contains(field("seed")) && !more.contains(field("size")));
  assert.equal(more.open, false);
  enter("tight", true);
  assert.deepEqual([isShown("size"), isShown("gap")], [false, true]);
  experiment.restore(new Map([["size", "6"]]));
  assert.deepEqual([more.open, isShown("size")], [false, true]);
  experiment.restore(new Map([["gap", "2"]]));
  assert.equal(more.open, true);
});

test("Reset brings back the defaults, and New seed another seed", () => {
  mount();
  enter("size", "6");
  const seeds = new Set();
  for (let count = 0; count < 20; count++) {
    press("new-seed");
    seeds.add(field("seed").value);
  }
  assert.ok(seeds.size > 10);
  press("reset");
  assert.equal(field("size").value, "4");
  assert.equal(field("seed").value, "7");
  assert.equal(words(), "");
});

test("inputs are told all settings, at first and after each change", () => {
  const told = [];
  mount({ inputs: () => ({ changed: (settings) => told.push(settings.size) }) });
  assert.deepEqual(told, [4]);
  field("size").value = "2";
  field("size").dispatchEvent(new Event("input", { bubbles: true }));
  field("size").dispatchEvent(new Event("change", { bubbles: true }));
  assert.equal(told.at(-1), 2);
});

test("the visitor's own data is computed with until it is taken back", async () => {
  let own;
  const experiment = mount({
    inputs: (options) => {
      own = options;
      options.element.textContent = "Drop a file";
    },
  });
  assert.match(root.querySelector(".lab-inputs").textContent, /Drop a file/);
  own.problem("No numbers.", "Choose a CSV file.");
  assert.match(root.querySelector(".lab-inputs").textContent, /No numbers\. Choose a CSV file\./);
  const values = Float64Array.of(1, 2);
  own.run({ data: { values }, settings: { size: 2 } });
  assert.equal(runner.runs.length, 0, "a file does not load the engine unasked");
  assert.equal(words(), "Data changed. Press Run to update.");
  assert.doesNotMatch(root.querySelector(".lab-inputs").textContent, /No numbers/);
  press("run");
  assert.deepEqual(runner.last.data, { values });
  assert.deepEqual(runner.last.settings, { size: 2 });
  runner.last.finish({ total: 2 });
  await settle();
  own.run({ data: null });
  await settle();
  assert.equal(runner.last.data, null);
  runner.last.finish({ total: 3 });
  await settle();
  assert.equal(experiment.data.total, 3);
});

test("other figures show the same result", async () => {
  const part = ({ data, element }) => (element.textContent = `part ${data.total}`);
  const experiment = mount({ figures: { part } });
  const place = document.createElement("div");
  experiment.addFigure(place, "part");
  assert.equal(place.textContent, "part 1");
  press("run");
  runner.last.finish({ total: 4 });
  await settle();
  assert.equal(place.textContent, "part 4");
  assert.throws(() => experiment.addFigure(place, "nothing"), /no figure named nothing/);
});

/** An experiment that must prepare before it draws, on a page on which the build has drawn. */
function mountPrepared() {
  root.innerHTML = "<div class='lab-picture'><details><summary>built</summary></details></div>";
  const prepared = { count: 0, fail: false };
  const experiment = mount({
    prepare: async () => {
      prepared.count++;
      if (prepared.fail) throw new Error("no network");
    },
    render: ({ data, element }) => {
      assert.ok(prepared.count, "it was prepared before it draws");
      element.innerHTML = `<details><summary>drawn ${data.total}</summary></details>`;
    },
    figures: { part: ({ data, element }) => (element.textContent = `part ${data.total}`) },
  });
  return { experiment, prepared };
}

test("what the build has drawn stays until it is used; then it is drawn here", async () => {
  const { experiment, prepared } = mountPrepared();
  const place = document.createElement("div");
  place.textContent = "built part";
  experiment.addFigure(place, "part");
  await settle();
  assert.deepEqual([prepared.count, picture(), place.textContent], [0, "built", "built part"]);
  assert.deepEqual(experiment.data, FIRST.data);
  prepared.fail = true;
  place.dispatchEvent(new Event("pointerover"));
  await settle();
  assert.deepEqual([prepared.count, picture()], [1, "built"], "it stays if there is no network");
  prepared.fail = false;
  const summary = root.querySelector("summary");
  summary.tabIndex = 0;
  const details = root.querySelector("details");
  details.open = true;
  summary.focus();
  await settle();
  assert.deepEqual([prepared.count, picture(), place.textContent], [2, "drawn 1", "part 1"]);
  assert.ok(root.querySelector("details")?.open, "an open table stays open");
  place.dispatchEvent(new Event("pointerover"));
  await settle();
  assert.equal(prepared.count, 2);
});

test("a run prepares what draws its result, and says if that fails", async () => {
  const { prepared } = mountPrepared();
  prepared.fail = true;
  press("run");
  runner.last.part({ total: 3 });
  page.drawFrame();
  runner.last.finish({ total: 4 });
  await settle();
  assert.deepEqual(
    [state(), words(), picture()],
    ["error", "The chart code could not be loaded. Check the connection and press Run again.", "built"],
  );
  prepared.fail = false;
  press("run");
  await settle();
  runner.last.finish({ total: 5 });
  await settle();
  assert.deepEqual([state(), picture()], ["done", "drawn 5"]);
});

test("an address brings the settings, of several experiments too", () => {
  const addresses = new Addresses();
  const one = mount();
  addresses.add("test", one);
  const other = document.createElement("section");
  document.body.append(other);
  const module = { render: () => {} };
  const two = new Experiment({
    root: other,
    name: "test",
    first: FIRST,
    module,
    runner,
    prefix: "lab-test-2",
  });
  addresses.add("test-2", two);
  location.hash = "#size=6&seed=3&test-2.gap=5&unknown=1&tight=maybe";
  addresses.apply(location.hash);
  assert.deepEqual(
    one.values(),
    new Map([
      ["size", "6"],
      ["seed", "3"],
    ]),
  );
  assert.deepEqual(two.values(), new Map([["gap", "5"]]));
  location.hash = "#what-is-true";
  addresses.apply(location.hash);
  assert.equal(one.values().size, 2, "a heading's address changes nothing");
  location.hash = "#size=1e99&seed=-5&gap=NaN&constructor=3&__proto__=1";
  addresses.apply(location.hash);
  assert.deepEqual(
    one.values(),
    new Map([
      ["size", "9"],
      ["seed", "0"],
    ]),
  );
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, "ids are unique");
});

test("the address is written with what differs from the defaults", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const addresses = new Addresses();
  addresses.add("test", mount({}, { onChange: addresses.write }));
  enter("size", "6");
  enter("gap", "2");
  context.mock.timers.tick(1000);
  assert.equal(location.hash, "#size=6&gap=2");
  press("reset");
  context.mock.timers.tick(1000);
  assert.equal(location.hash, "");
});

test("a link followed while the address is about to be written counts more", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const addresses = new Addresses();
  const one = mount({}, { onChange: addresses.write });
  addresses.add("test", one);
  enter("size", "6");
  location.hash = "#size=7"; // the browser reports it later
  context.mock.timers.tick(1000);
  addresses.apply("#size=7");
  context.mock.timers.tick(1000);
  assert.deepEqual([one.values().get("size"), location.hash], ["7", "#size=7"]);
});
