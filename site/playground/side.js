// Two to four decoders on one prompt, one after the other by one model, each with its measures. Votes can
// be blind: the columns are then shuffled and nameless until one is chosen. All of it saves as a
// sampling report, which the comparer opens. The example at the beginning is made by the build.

import { byId, element, later } from "../common/dom.js";
import { Memory, readAddress, writeAddress } from "../common/memory.js";
import { download } from "../compare/export.js";
import { distinct, longestRepeat, meanSurprise } from "./measures.js";
import { ProgressView } from "./progress.js";
import { Session } from "./session.js";

/** @typedef {import("./knobs.js").Preset} Preset */
/**
 * @typedef {{preset: string, text: string, logprobs: number[], seconds: number, seed: number, finish: string}} Result
 * @typedef {{box: HTMLElement, title: HTMLElement, choice: HTMLSelectElement, remove: HTMLButtonElement, output: HTMLElement, measured: HTMLElement, result: Result | null}} Column
 */

const MOST = 4;
const FIRST = ["greedy", "greedy-penalty", "top-p-0.8"]; // the article's three
const LETTERS = "ABCD";

const page = {
  prompt: byId("prompt", "textarea"),
  examples: byId("examples", "div"),
  length: byId("length", "input"),
  seed: byId("seed", "input"),
  draw: byId("draw", "button"),
  ownSeeds: byId("own-seeds", "input"),
  generate: byId("generate", "button"),
  stop: byId("stop", "button"),
  blind: byId("blind", "input"),
  add: byId("add", "button"),
  save: byId("export", "button"),
  status: byId("status", "p"),
  columns: byId("columns", "div"),
  vote: byId("vote", "div"),
  tally: byId("tally", "p"),
};

/** The numpy kernel rounds as it does natively, so that the example comes out again to the letter.
 * @type {import("./session.js").Source} */
const source = {
  title: "default",
  model: new URL("../models/default/", import.meta.url).href,
  kernel: "numpy",
};
const session = new Session();
const votes = new Memory("side.votes");
const progress = new ProgressView(
  {
    box: byId("progress-box", "div"),
    bar: byId("progress", "progress"),
    label: byId("progress-label", "p"),
  },
  say,
);
const remember = later(store, 300);

/** @param {string} name @returns {Promise<any>} */
async function fetchJson(name) {
  const response = await fetch(new URL(name, import.meta.url));
  return response.ok ? response.json() : {};
}

const [decoding, example, model] = await Promise.all(
  ["decoding.json", "example.json", "../models/default/config.json"].map(fetchJson),
);
/** @type {Preset[]} */
const presets = decoding.presets ?? [];
/** @type {Column[]} */
let columns = [];
/** @type {AbortController | null} while something is loaded or written */
let busy = null;
/** Whether the columns stand shuffled and nameless. */
let veiled = false;

/** @param {string} text */
function say(text) {
  page.status.classList.remove("error-box");
  if (page.status.textContent !== text) page.status.textContent = text;
}

/** @param {string} name */
function titleOf(name) {
  return presets.find((preset) => preset.name === name)?.title ?? name;
}

// ---- Columns -----------------------------------------------------------------------------------

/** @param {string} preset */
function addColumn(preset) {
  const number = columns.length + 1;
  const id = `decoder-${number}`;
  const options = presets.map(({ name, title }) => element("option", { value: name }, title));
  const title = element("h2", {}, `Decoder ${LETTERS[number - 1]}`);
  /** @type {Column} */
  const column = {
    title,
    choice: element("select", { id, "aria-label": `Decoder ${LETTERS[number - 1]}` }, ...options),
    remove: element("button", { type: "button", class: "quiet" }, "Remove"),
    output: element("div", {
      class: "output",
      "data-testid": "output",
      role: "region",
      "aria-label": `Text ${LETTERS[number - 1]}`,
      tabindex: 0,
    }),
    measured: element("dl", { class: "measured" }),
    box: element("section", { class: "panel column" }),
    result: null,
  };
  column.choice.value = preset;
  const head = element("div", { class: "row" }, title, element("span", { class: "grow" }), column.remove);
  column.box.append(head, column.choice, column.output, column.measured);
  column.choice.addEventListener("change", () => {
    show(column, null);
    store();
  });
  column.remove.addEventListener("click", () => {
    setColumns(columns.filter((other) => other !== column).map((other) => other.choice.value));
    store();
  });
  columns.push(column);
  page.columns.append(column.box);
}

/** @param {string[]} names */
function setColumns(names) {
  const known = names.filter((name) => presets.some((preset) => preset.name === name)).slice(0, MOST);
  columns = [];
  page.columns.replaceChildren();
  for (const name of known.length >= 2 ? known : FIRST) addColumn(name);
  showButtons();
}

/** @param {Column} column @param {Result | null} result */
function show(column, result) {
  column.result = result;
  column.output.textContent = result?.text ?? "";
  column.measured.replaceChildren(...(result ? measures(result) : []));
  showButtons();
}

/** @param {Result} result */
function measures({ text, logprobs, seconds }) {
  const share = distinct(text, 2);
  const surprise = meanSurprise(logprobs);
  /** @type {[string, string][]} */
  const rows = [["Tokens", String(logprobs.length)]];
  if (share !== null) rows.push(["Different pairs of words", `${Math.round(100 * share)}%`]);
  rows.push(["Longest repeated run", `${longestRepeat(text)} words`]);
  if (surprise !== null) rows.push(["Mean surprise", `${surprise.toFixed(2)} bits`]);
  if (seconds > 0) rows.push(["Speed", `${(logprobs.length / seconds).toFixed(0)} tokens a second`]);
  return rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
}

function showButtons() {
  const written = columns.length > 0 && columns.every(({ result }) => result);
  page.generate.disabled = Boolean(busy);
  page.stop.disabled = !busy;
  page.add.disabled = Boolean(busy) || columns.length >= MOST;
  page.save.disabled = Boolean(busy) || !written;
  page.vote.hidden = Boolean(busy) || !written;
  for (const [at, column] of columns.entries()) {
    column.choice.disabled = Boolean(busy);
    column.choice.hidden = veiled;
    column.measured.hidden = veiled; // a measure would tell who is who
    column.remove.hidden = veiled || columns.length <= 2;
    column.remove.disabled = Boolean(busy);
    column.output.setAttribute("aria-label", `Text ${LETTERS[at]}`);
    column.title.textContent = `${veiled ? "Text" : "Decoder"} ${LETTERS[at]}`;
  }
  showVote();
}

// ---- Writing -----------------------------------------------------------------------------------

async function write() {
  if (busy) return;
  if (page.prompt.value.trim() === "") {
    page.status.textContent = "The prompt is empty. Type a few words for the model to go on from.";
    page.status.classList.add("error-box");
    return page.prompt.focus();
  }
  busy = new AbortController();
  store();
  shuffle();
  for (const column of columns) show(column, null);
  try {
    const onProgress = (/** @type {any} */ step) => progress.show(step);
    const loaded = await session.load(source, { signal: busy.signal, onProgress });
    progress.hide();
    for (const [at, column] of columns.entries()) await writeOne(loaded, column, at, busy.signal);
    say(["Written. Which reads best?", ...(loaded.info.notices ?? [])].join(" "));
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") say("Stopped.");
    else {
      const remedy = error instanceof Error && "remedy" in error ? ` ${error.remedy}` : "";
      page.status.textContent = `${error instanceof Error ? error.message : error}${remedy}`;
      page.status.classList.add("error-box");
    }
  } finally {
    busy = null;
    progress.hide();
    showButtons();
  }
}

/**
 * @param {import("../engine/client.js").Model} loaded
 * @param {Column} column
 * @param {number} at
 * @param {AbortSignal} signal
 */
async function writeOne(loaded, column, at, signal) {
  say(`Writing text ${LETTERS[at]}…`);
  const preset = presets.find(({ name }) => name === column.choice.value);
  const seed = page.seed.valueAsNumber + (page.ownSeeds.checked ? at : 0);
  const options = { ...preset?.settings, max_new_tokens: page.length.valueAsNumber, seed };
  /** @type {Result} */
  const result = { preset: column.choice.value, text: "", logprobs: [], seconds: 0, seed, finish: "" };
  let started = 0;
  for await (const chunk of loaded.generate(page.prompt.value, { ...options, signal })) {
    result.text += chunk.text;
    column.output.append(chunk.text);
    if ("finish_reason" in chunk) result.finish = chunk.finish_reason;
    else {
      if (started) result.seconds = (performance.now() - started) / 1000;
      else started = performance.now();
      result.logprobs.push(chunk.logprob);
    }
  }
  show(column, result);
}

// ---- Voting ------------------------------------------------------------------------------------

/** Blind columns change places, so that a place tells nothing. */
function shuffle() {
  veiled = page.blind.checked;
  if (!veiled) return;
  for (let at = columns.length - 1; at > 0; at--) {
    const other = crypto.getRandomValues(new Uint32Array(1))[0] % (at + 1);
    [columns[at], columns[other]] = [columns[other], columns[at]];
  }
  page.columns.replaceChildren(...columns.map(({ box }) => box));
}

function showVote() {
  const buttons = columns.map((column, at) => {
    const button = element("button", { type: "button" }, `Text ${LETTERS[at]}`);
    button.addEventListener("click", () => vote(column));
    return button;
  });
  const none = element("button", { type: "button" }, "No difference");
  none.addEventListener("click", () => vote(null));
  page.vote.replaceChildren(element("strong", {}, "Which reads best?"), ...buttons, none);
}

/** @param {Column | null} best */
function vote(best) {
  const kept = votes.read();
  for (const { choice } of columns) add(kept, `${choice.value} seen`);
  if (best) add(kept, `${best.choice.value} best`);
  votes.write(kept);
  veiled = false;
  say(best ? `Your vote: ${titleOf(best.choice.value)}.` : "Your vote: no difference.");
  showButtons();
  page.vote.hidden = true;
  showTally();
}

/** @param {Map<string, string>} counts @param {string} name */
function add(counts, name) {
  counts.set(name, String(Number(counts.get(name) ?? 0) + 1));
}

function showTally() {
  const kept = votes.read();
  const lines = presets
    .filter(({ name }) => kept.has(`${name} seen`))
    .map(({ name, title }) => `${title}: ${kept.get(`${name} best`) ?? 0} of ${kept.get(`${name} seen`)}`);
  page.tally.textContent = lines.length ? `Votes in this browser. ${lines.join(" · ")}` : "";
}

// ---- Report, address, beginning ----------------------------------------------------------------

function save() {
  const results = columns.flatMap(({ result }) => {
    if (!result) return [];
    const { preset, text, seed, finish } = result;
    const settings = presets.find(({ name }) => name === preset)?.settings ?? {};
    const params = { ...settings, max_new_tokens: page.length.valueAsNumber, seed, finish_reason: finish };
    return [{ sampling_config: preset, sampling_params: params, outputs: [text] }];
  });
  const report = {
    model_name: model.title ?? "Goosequill's default model",
    date: new Date().toISOString(),
    args: {},
    prompts: [{ prompt: page.prompt.value, results }],
  };
  download("goosequill-report.json", `${JSON.stringify(report, null, 2)}\n`, "application/json");
}

function store() {
  const values = new Map([
    ["decoders", columns.map(({ choice }) => choice.value).join(",")],
    ["prompt", page.prompt.value.slice(0, 4000)],
    ["length", page.length.value],
    ["seed", page.seed.value],
  ]);
  if (page.ownSeeds.checked) values.set("own_seeds", "1");
  writeAddress(values);
}

/** @param {HTMLInputElement} field @param {string | undefined} text */
function takeNumber(field, text) {
  const value = Number.parseInt(text ?? "", 10);
  if (value >= Number(field.min) && value <= Number(field.max)) field.value = String(value);
}

function restore() {
  const values = readAddress();
  const [prompt] = example.prompts ?? [];
  takeNumber(page.length, values.get("length"));
  takeNumber(page.seed, values.get("seed"));
  page.ownSeeds.checked = values.has("own_seeds");
  page.prompt.value = values.get("prompt") ?? prompt?.prompt ?? "";
  setColumns((values.get("decoders") ?? "").split(","));
  if (!values.size && prompt) showExample(prompt);
}

/** @param {{results: {sampling_config: string, sampling_params: any, outputs: string[]}[]}} prompt */
function showExample({ results }) {
  for (const { sampling_config, sampling_params, outputs } of results) {
    const column = columns.find(({ choice }) => choice.value === sampling_config);
    const { logprobs, seed, finish_reason } = sampling_params;
    if (!column) continue;
    const text = outputs[0];
    show(column, { preset: sampling_config, text, logprobs, seconds: 0, seed, finish: finish_reason });
  }
}

function offerPrompts() {
  page.examples.hidden = !model.prompts?.length;
  for (const { title, text } of model.prompts ?? []) {
    const button = element("button", { type: "button" }, title);
    button.addEventListener("click", () => {
      page.prompt.value = text;
      store();
    });
    page.examples.append(button);
  }
}

page.generate.addEventListener("click", write);
page.stop.addEventListener("click", () => busy?.abort());
page.save.addEventListener("click", save);
page.add.addEventListener("click", () => {
  const unused = presets.find(({ name }) => !columns.some(({ choice }) => choice.value === name));
  addColumn((unused ?? presets[0]).name);
  showButtons();
  store();
});
page.draw.addEventListener("click", () => {
  page.seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
  store();
});
for (const field of [page.prompt, page.length, page.seed, page.ownSeeds]) {
  field.addEventListener("input", remember);
}
for (const field of [page.length, page.seed]) {
  field.addEventListener("change", () => {
    if (!field.validity.valid) field.value = field.defaultValue;
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    write();
  } else if (event.key === "Escape") busy?.abort();
});
document.querySelector(".skip-link")?.addEventListener("click", (event) => {
  event.preventDefault(); // its target would replace the settings in the address
  page.prompt.focus();
});
addEventListener("hashchange", restore);

offerPrompts();
restore();
showTally();
