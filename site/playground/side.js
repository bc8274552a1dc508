// Two to four decoders on one prompt or a list of them, one after the other by one model, each with its
// measures. Votes can be blind: the columns are then shuffled and nameless until one is chosen. All of
// it saves as a sampling report, which the comparer opens. The build makes the example at the beginning.

import { readAddress, writeAddress } from "../ui/address.js";
import { byId, debounce, download, element } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { Memory } from "../ui/memory.js";
import { ProgressView } from "../ui/progress.js";
import { DecoderColumn } from "./decoder-column.js";
import { ModelPanel } from "./model-panel.js";
import { promptsOf, readPrompts, textOf } from "./prompts.js";

/** @typedef {import("./decoder-column.js").Result} Result */

const MOST = 4;
const FIRST = ["greedy", "greedy-penalty", "top-p-0.8"]; // they show most
const LETTERS = "ABCD";
const ADDRESS_LIMIT = 4000; // characters of the prompts that an address still carries

const page = {
  prompt: byId("prompt", "textarea"),
  list: byId("list", "input"),
  promptFile: byId("prompt-file", "input"),
  examples: byId("examples", "div"),
  length: byId("length", "input"),
  seed: byId("seed", "input"),
  draw: byId("draw", "button"),
  ownSeeds: byId("own-seeds", "input"),
  generate: byId("generate", "button"),
  stop: byId("stop", "button"),
  blind: byId("blind", "input"),
  add: byId("add", "button"),
  reset: byId("reset", "button"),
  saveBox: byId("save-box", "div"),
  shownBox: byId("shown-box", "div"),
  shown: byId("shown", "select"),
  status: byId("status", "p"),
  columns: byId("columns", "div"),
  vote: byId("vote", "div"),
  tally: byId("tally", "p"),
};

const votes = new Memory("side.votes");
const memory = new Memory("side");
const progress = new ProgressView(
  {
    box: byId("progress-box", "div"),
    bar: byId("progress", "progress"),
    label: byId("progress-label", "p"),
  },
  say,
);
const remember = debounce(store, 300);
const [decoding, example] = await Promise.all(
  ["../ui/decoding.json", "example.json"].map((name) =>
    fetchDescription(new URL(name, import.meta.url).href),
  ),
);
/** @type {import("./decoder-controls.js").Preset[]} */
const presets = decoding.presets ?? [];
const panel = new ModelPanel({
  busy: () => writing !== null,
  changed: show,
  chosen: store,
  say,
  complain,
  progress,
  described: ({ prompts }) => offerPrompts(prompts ?? []),
  hint: "Write or Load now",
});

/** @type {DecoderColumn[]} */
let columns = [];
let lastId = 0;
/** What was written on, and which of it is shown. */
/** @type {string[]} */
let prompts = [];
let shown = 0;
/** The name of the model that wrote; another may have been chosen since. */
let writer = "";
/** @type {AbortController | null} while something is written */
let writing = null;
/** Whether the columns stand shuffled and nameless. */
let veiled = false;
/** The prompts that wait for a blind vote. @type {Set<number>} */
const unjudged = new Set();

/** @param {string} text */
function say(text) {
  page.status.classList.remove("error-box");
  if (page.status.textContent !== text) page.status.textContent = text;
}

/** @param {unknown} error */
function complain(error) {
  if (error instanceof Error && error.name === "AbortError") return say("Stopped.");
  const remedy = error instanceof Error && "remedy" in error ? ` ${error.remedy}` : "";
  page.status.textContent = `${error instanceof Error ? error.message : error}${remedy}`;
  page.status.classList.add("error-box");
}

// ---- Columns -----------------------------------------------------------------------------------

/** @param {string} value */
function addColumn(value) {
  const column = new DecoderColumn({
    id: ++lastId,
    parts: decoding.parts ?? [],
    presets,
    onChange: (changed) => {
      changed.results.clear();
      show();
      remember();
    },
    onRemove: (removed) => {
      columns = columns.filter((other) => other !== removed);
      removed.box.remove();
      show();
      store();
    },
  });
  column.value = value;
  columns.push(column);
  page.columns.append(column.box);
}

/** @param {string[]} values */
function setColumns(values) {
  columns = [];
  page.columns.replaceChildren();
  const wanted = values.filter(Boolean).slice(0, MOST);
  for (const value of wanted.length >= 2 ? wanted : FIRST) addColumn(value);
}

/** Whether every column has written on a prompt. @param {number} prompt */
function isWritten(prompt) {
  return columns.every(({ results }) => results.get(prompt)?.finish);
}

/** Shows everything as it is now. */
function show() {
  const busy = panel.loading || writing !== null;
  const written = prompts.length > 0 && prompts.some((_, at) => isWritten(at));
  page.generate.disabled = busy || !decoding.parts;
  page.stop.disabled = !busy;
  page.add.disabled = busy || veiled || columns.length >= MOST;
  page.reset.disabled = busy;
  page.promptFile.disabled = busy;
  page.saveBox.hidden = busy || !written;
  page.vote.hidden = busy || !isWritten(shown) || prompts.length === 0;
  page.shownBox.hidden = prompts.length < 2;
  const fewest = columns.length <= 2;
  for (const [at, column] of columns.entries()) column.show({ at, prompt: shown, veiled, busy, fewest });
  panel.showButtons();
  showVote();
}

/** @param {string[]} list */
function setPrompts(list) {
  prompts = list;
  shown = 0;
  for (const { results } of columns) results.clear();
  page.shown.replaceChildren(
    ...list.map((prompt, at) => element("option", { value: at }, `${at + 1} · ${prompt.slice(0, 60)}`)),
  );
}

/** @param {number} at */
function showPrompt(at) {
  shown = at;
  page.shown.value = String(at);
  show();
}

// ---- Writing -----------------------------------------------------------------------------------

/** What stands in the field. */
function typedPrompts() {
  if (page.list.checked) return promptsOf(page.prompt.value);
  return page.prompt.value.trim() ? [page.prompt.value] : [];
}

async function write() {
  if (page.generate.disabled) return;
  const list = typedPrompts();
  if (!list.length) {
    complain("The prompt is empty. Type a few words for the model to go on from.");
    return page.prompt.focus();
  }
  store();
  try {
    const loaded = await panel.ensure();
    writing = new AbortController();
    setPrompts(list);
    writer = panel.title;
    unjudged.clear();
    veiled = page.blind.checked;
    if (veiled) shuffle();
    for (let at = 0; at < list.length; at++) {
      showPrompt(at);
      for (const column of columns) await writeOne(loaded, column, at, writing.signal);
      if (veiled) unjudged.add(at);
    }
    say(["Written. Which reads best?", ...(loaded.info.notices ?? [])].join(" "));
  } catch (error) {
    complain(error);
    if (!unjudged.size) veiled = false; // there is nothing to vote on
  } finally {
    writing = null;
    progress.hide();
    showPrompt(unjudged.size ? Math.min(...unjudged) : shown);
  }
}

/**
 * @param {import("../engine/client.js").Model} loaded
 * @param {DecoderColumn} column
 * @param {number} at which prompt
 * @param {AbortSignal} signal
 */
async function writeOne(loaded, column, at, signal) {
  const place = columns.indexOf(column);
  const which = prompts.length > 1 ? ` on prompt ${at + 1} of ${prompts.length}` : "";
  say(`Writing text ${LETTERS[place]}${which}…`);
  const own = page.ownSeeds.checked ? columnOrder().indexOf(column) : 0;
  const seed = page.seed.valueAsNumber + own;
  const settings = { ...column.settings, max_new_tokens: page.length.valueAsNumber, seed };
  /** @type {Result} */
  const result = { text: "", logprobs: [], seconds: 0, seed, finish: "", settings };
  column.results.set(at, result);
  let started = 0;
  const onProgress = (/** @type {any} */ step) => progress.show(step);
  for await (const chunk of loaded.generate(prompts[at], { ...settings, signal, onProgress })) {
    progress.hide();
    result.text += chunk.text;
    column.append(chunk.text);
    if ("finish_reason" in chunk) result.finish = chunk.finish_reason;
    else {
      if (started) result.seconds = (performance.now() - started) / 1000;
      else started = performance.now();
      result.logprobs.push(chunk.logprob);
    }
  }
  show();
}

/** The columns as they were added: a shuffle changes no seed. */
function columnOrder() {
  return [...columns].sort((one, other) => one.id - other.id);
}

// ---- Voting ------------------------------------------------------------------------------------

/** Blind columns change places, so that a place tells nothing. */
function shuffle() {
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

/** @param {DecoderColumn | null} best */
function vote(best) {
  const kept = votes.read();
  for (const { label } of columns) add(kept, `${label} seen`);
  if (best) add(kept, `${best.label} best`);
  votes.write(kept);
  unjudged.delete(shown);
  if (veiled && unjudged.size) {
    shuffle();
    showPrompt(Math.min(...unjudged));
    say(`Your vote is kept. ${unjudged.size} more to judge.`);
    return;
  }
  veiled = false;
  say(best ? `Your vote: ${best.label}.` : "Your vote: no difference.");
  show();
  page.vote.hidden = true;
  showTally();
}

/** @param {Map<string, string>} counts @param {string} name */
function add(counts, name) {
  counts.set(name, String(Number(counts.get(name) ?? 0) + 1));
}

function showTally() {
  const kept = votes.read();
  const lines = [...kept.keys()]
    .filter((name) => name.endsWith(" seen"))
    .map((name) => name.slice(0, -" seen".length))
    .map((label) => `${label}: ${kept.get(`${label} best`) ?? 0} of ${kept.get(`${label} seen`)}`);
  page.tally.textContent = lines.length ? `Votes in this browser. ${lines.join(" · ")}` : "";
}

// ---- Report, address, beginning ----------------------------------------------------------------

/** A sampling report of what is written; two columns of the same settings are told apart by a number. */
function report() {
  const order = columnOrder();
  const names = order.map(({ name }, at) => {
    const before = order.slice(0, at).filter((other) => other.name === name).length;
    return before ? `${name} (${before + 1})` : name;
  });
  const written = prompts.map((prompt, number) => ({
    prompt,
    results: order.flatMap(({ results }, at) => {
      const result = results.get(number);
      if (!result) return [];
      const params = Object.entries({ ...result.settings, finish_reason: result.finish });
      return [{ sampling_config: names[at], sampling_params: flat(params), outputs: [result.text] }];
    }),
  }));
  return {
    model_name: writer,
    date: new Date().toISOString(),
    args: { generator: "goosequill", seed: page.seed.valueAsNumber },
    prompts: written.filter(({ results }) => results.length > 0),
  };
}

/** Numbers, booleans and texts, as the format has them; the rest as JSON. @param {[string, any][]} params */
function flat(params) {
  return Object.fromEntries(
    params.map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : value]),
  );
}

/** @param {string} kind */
async function save(kind) {
  const found = report();
  const markdown = found.prompts
    .map(({ prompt, results }) => {
      const texts = results.map(({ sampling_config, outputs }) => `## ${sampling_config}\n\n${outputs[0]}\n`);
      return `# ${prompt}\n\n${texts.join("\n")}`;
    })
    .join("\n");
  if (kind === "report") {
    download("goosequill-report.json", `${JSON.stringify(found, null, 2)}\n`, "application/json");
  } else if (kind === "md") download("goosequill-decoders.md", markdown, "text/markdown");
  else if (kind === "txt") download("goosequill-decoders.txt", markdown, "text/plain");
  else {
    try {
      await navigator.clipboard.writeText(markdown);
      say("Copied.");
    } catch {
      say("This browser does not let the page copy; save it as Markdown.");
    }
  }
}

function store() {
  const values = new Map([
    [
      "decoders",
      columnOrder()
        .map(({ value }) => value)
        .join("|"),
    ],
    ["prompt", page.prompt.value],
    ["length", page.length.value],
    ["seed", page.seed.value],
    ...panel.values(),
  ]);
  if (page.list.checked) values.set("list", "1");
  if (page.ownSeeds.checked) values.set("own_seeds", "1");
  memory.write(values);
  if (page.prompt.value.length > ADDRESS_LIMIT) values.delete("prompt");
  writeAddress(values);
}

/** @param {HTMLInputElement} field @param {string | number | undefined} text */
function takeNumber(field, text) {
  const value = Number.parseInt(String(text ?? field.defaultValue), 10);
  if (value >= Number(field.min) && value <= Number(field.max)) field.value = String(value);
}

/** @param {Map<string, string>} values */
function restore(values) {
  const [prompt] = example.prompts ?? [];
  const settings = prompt?.results[0].sampling_params ?? {};
  takeNumber(page.length, values.get("length") ?? settings.max_new_tokens);
  takeNumber(page.seed, values.get("seed") ?? settings.seed);
  page.ownSeeds.checked = values.has("own_seeds");
  page.list.checked = values.has("list");
  page.prompt.value = values.get("prompt") ?? prompt?.prompt ?? "";
  veiled = false;
  unjudged.clear();
  setColumns((values.get("decoders") ?? "").split(/[|,]/));
  setPrompts([]);
  panel.restore(values);
  if (!values.size && prompt) showExample(prompt);
  show();
}

/** @param {{prompt: string, results: {sampling_config: string, sampling_params: any, outputs: string[]}[]}} example */
function showExample({ prompt, results }) {
  setPrompts([prompt]);
  writer = example.model_name;
  for (const { sampling_config, sampling_params, outputs } of results) {
    const column = columns.find(({ value }) => value === sampling_config);
    const { logprobs, finish_reason, ...settings } = sampling_params;
    const facts = { text: outputs[0], logprobs, seconds: 0, seed: settings.seed, settings };
    column?.results.set(0, { ...facts, finish: finish_reason });
  }
}

/** @param {{title: string, text: string}[]} list */
function offerPrompts(list) {
  page.examples.hidden = !list.length;
  page.examples.replaceChildren(
    ...list.map(({ title, text }) => {
      const button = element("button", { type: "button" }, title);
      button.addEventListener("click", () => {
        page.prompt.value = page.list.checked ? textOf([...typedPrompts(), text]) : text;
        store();
      });
      return button;
    }),
  );
}

async function openList() {
  const [file] = page.promptFile.files ?? [];
  if (!file) return;
  try {
    const list = readPrompts(file.name, await file.text());
    page.list.checked = true;
    page.prompt.value = textOf(list);
    say(`${file.name} has ${list.length} ${list.length === 1 ? "prompt" : "prompts"}.`);
    store();
  } catch (error) {
    complain(error);
  }
  page.promptFile.value = "";
}

page.generate.addEventListener("click", write);
page.stop.addEventListener("click", stop);
page.promptFile.addEventListener("change", openList);
page.shown.addEventListener("change", () => showPrompt(Number(page.shown.value)));
page.saveBox.addEventListener("click", ({ target }) => {
  const kind = target instanceof HTMLElement ? target.dataset.save : undefined;
  if (kind) save(kind);
});
page.add.addEventListener("click", () => {
  const unused = presets.find(({ name }) => !columns.some(({ value }) => value === name));
  addColumn((unused ?? presets[0]).name);
  show();
  store();
});
page.reset.addEventListener("click", () => {
  restore(new Map());
  store();
  say("Everything is as it was at first.");
});
page.draw.addEventListener("click", () => {
  page.seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
  store();
});
for (const field of [page.prompt, page.list, page.length, page.seed, page.ownSeeds]) {
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
  } else if (event.key === "Escape") stop();
});

function stop() {
  panel.stop();
  writing?.abort();
}

document.querySelector(".skip-link")?.addEventListener("click", (event) => {
  event.preventDefault(); // its target would replace the settings in the address
  page.prompt.focus();
});
addEventListener("hashchange", () => restore(readAddress()));

const address = readAddress();
restore(address.size ? address : memory.read());
if (!decoding.parts) complain("The decoders could not be loaded. Reload the page.");
panel.describe();
showTally();
