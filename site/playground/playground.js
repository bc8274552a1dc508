// The playground's page: a prompt, a stream of text, and the controls of model and decoder.
// It fetches two small descriptions when it opens (how large the engine and the model are), and the
// engine and the model only when the visitor asks. Model text reaches the page as text nodes only.

import { readAddress, writeAddress } from "../ui/address.js";
import { copyText } from "../ui/clipboard.js";
import { byId, debounce, download, element } from "../ui/dom.js";
import { Memory } from "../ui/memory.js";
import { PHASES, ProgressView } from "../ui/progress.js";
import { BranchTree } from "./branches.js";
import { Chat } from "./chat.js";
import { Inspector } from "./inspector.js";
import { Knobs, sameSettings } from "./knobs.js";
import { fetchDescription, ModelPanel } from "./model-panel.js";
import { Pace } from "./pace.js";
import { offerRegisters, showRegister } from "./registers.js";
import { Texts, writtenText } from "./texts.js";

/** @typedef {import("../engine/client.js").Progress} Progress */
/** @typedef {import("../engine/client.js").Writing} Writing */
/** @typedef {import("./texts.js").Text} Text */

const ADDRESS_LIMIT = 4000; // characters of a prompt that an address still carries

const page = {
  prompt: byId("prompt", "textarea"),
  generate: byId("generate", "button"),
  stop: byId("stop", "button"),
  chatStop: byId("chat-stop", "button"),
  append: byId("append", "button"),
  copy: byId("copy", "button"),
  clear: byId("clear", "button"),
  undo: byId("undo-text", "button"),
  redo: byId("redo-text", "button"),
  status: byId("status", "p"),
  progressBox: byId("progress-box", "div"),
  progress: byId("progress", "progress"),
  progressLabel: byId("progress-label", "p"),
  output: byId("output", "div"),
  measures: byId("measures", "p"),
  outputHint: byId("output-hint", "p"),
  tableBox: byId("table-box", "details"),
  saveBox: byId("save-box", "div"),
  examples: byId("examples", "div"),
  reset: byId("reset", "button"),
  preset: byId("preset", "select"),
  presetSource: byId("preset-source", "p"),
};

const texts = new Texts();
const branches = new BranchTree(byId("branches", "ul"), chooseText);
const inspector = new Inspector({
  text: () => texts.current,
  model: () => panel.model,
  busy: () => panel.loading || Boolean(writing),
  branch,
  say,
  complain: fail,
});
const memory = new Memory("playground");
const remember = debounce(store, 300);
/** @type {{parts?: import("./knobs.js").Part[], presets?: import("./knobs.js").Preset[]}} without it nothing is written: the settings would be others than they seem */
const decoding = await fetchDescription(new URL("../ui/decoding.json", import.meta.url).href);
const presets = decoding.presets ?? [];
/** The first preset is the default. */
const initial = presets[0]?.settings ?? {};
const knobs = new Knobs(byId("knobs", "div"), decoding.parts ?? [], initial, settingsChanged);

/** @type {Writing | null} while something is being written */
let writing = null;

// ---- Status, progress, errors ------------------------------------------------------------------

/** One line, politely announced. @param {string} text */
function say(text) {
  page.status.classList.remove("error-box");
  if (page.status.textContent !== text) page.status.textContent = text;
}

const progressView = new ProgressView(
  { box: page.progressBox, bar: page.progress, label: page.progressLabel },
  say,
);
const showProgress = (/** @type {Progress} */ progress) => progressView.show(progress);
const hideProgress = () => progressView.hide();

const panel = new ModelPanel({
  busy: () => Boolean(writing),
  changed: showButtons,
  chosen: store,
  say,
  complain: fail,
  progress: progressView,
  hint: "Generate, Send or Load now",
  described: (description) => {
    offerPrompts(description.prompts ?? []);
    offerRegisters(description.registers);
    if (panel.model) chat.describe(description);
  },
});

const chat = new Chat({
  ready: () => panel.ensure(),
  settings: () => {
    knobs.drawIfFresh();
    store();
    return { ...knobs.settings(), seed: knobs.seed };
  },
  busy: () => panel.loading || Boolean(writing),
  track: (now) => {
    writing = now;
    showButtons();
  },
  onProgress: showProgress,
  hideProgress,
  say,
  complain: fail,
  changed: () => store(),
});

/** @param {{message: string, remedy?: string}} error */
function showError({ message, remedy = "" }) {
  page.status.replaceChildren(element("strong", {}, message), remedy ? ` ${remedy}` : "");
  page.status.classList.add("error-box");
}

/** @param {unknown} error */
function fail(error) {
  if (error instanceof Error && error.name === "AbortError") return say("Stopped.");
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof Error && "remedy" in error ? String(error.remedy) : "";
  showError({ message, remedy });
}

/** Which buttons can be pressed now. */
function showButtons() {
  const busy = panel.loading || Boolean(writing);
  const written = page.output.textContent !== "";
  page.generate.disabled = busy || !decoding.parts;
  panel.showButtons();
  for (const button of [page.stop, page.chatStop]) button.disabled = !busy;
  for (const button of [page.append, page.copy, page.clear]) button.disabled = busy || !written;
  page.undo.disabled = busy || !texts.canUndo;
  page.redo.disabled = busy || !texts.canRedo;
  for (const part of [page.outputHint, page.tableBox, page.saveBox]) part.hidden = busy || !written;
  page.output.toggleAttribute("data-writing", Boolean(writing));
  page.output.setAttribute("aria-busy", String(busy));
  chat.showButtons();
}

// ---- Model -------------------------------------------------------------------------------------

/** @param {{title: string, text: string}[]} prompts */
function offerPrompts(prompts) {
  page.examples.hidden = prompts.length === 0;
  page.examples.replaceChildren(
    ...prompts.map(({ title, text }) => {
      const button = element("button", { type: "button" }, title);
      button.addEventListener("click", () => {
        page.prompt.value = text;
        page.prompt.focus();
        showRegister();
        store();
      });
      return button;
    }),
  );
  // Whoever is in the field already is about to write something else there.
  if (prompts.length && page.prompt.value === "" && document.activeElement !== page.prompt)
    page.prompt.value = prompts[0].text;
}

// ---- Writing -----------------------------------------------------------------------------------

async function write() {
  if (page.generate.disabled) return;
  const prompt = page.prompt.value;
  if (prompt.trim() === "") {
    showError({ message: "The prompt is empty.", remedy: "Type a few words for the model to go on from." });
    page.prompt.focus();
    return;
  }
  await run(() => {
    knobs.drawIfFresh();
    return texts.begin({ prompt, settings: knobs.settings(), seed: knobs.seed });
  });
}

/**
 * Writes on from another candidate than the one that was taken.
 * @param {Text} parent
 * @param {number} index
 * @param {import("./explanation.js").Candidate} candidate
 */
async function branch(parent, index, candidate) {
  if (panel.loading || writing) return;
  const { token, text, probabilities } = candidate;
  const tokens = [...parent.tokens.slice(0, index), { token, text, logprob: Math.log(probabilities[0]) }];
  await run(() => {
    knobs.drawIfFresh();
    const { prompt } = parent;
    return texts.begin({ prompt, settings: knobs.settings(), seed: knobs.seed, parent, tokens });
  });
}

/** Loads if need be, then writes the text that `begin` makes. @param {() => Text} begin */
async function run(begin) {
  try {
    const model = await panel.ensure();
    texts.remember(page.prompt.value);
    const text = begin();
    store();
    showText(text);
    say(`${PHASES.prompt}…`);
    const given = text.tokens.map(({ token }) => token);
    const options = { ...text.settings, seed: text.seed, ...(given.length ? { given } : {}) };
    await stream(model.generate(text.prompt, { ...options, onProgress: showProgress }), text);
  } catch (error) {
    fail(error);
  } finally {
    writing = null;
    hideProgress();
    showTexts();
  }
}

/** @param {Writing} chunks @param {Text} text */
async function stream(chunks, text) {
  writing = chunks;
  showButtons();
  const pace = new Pace(page.measures);
  for await (const chunk of chunks) {
    if ("finish_reason" in chunk) {
      text.tail = chunk.text;
      inspector.output.addText(chunk.text);
      return showEnd(chunk, pace, text);
    }
    if (pace.tokens === 0) {
      hideProgress();
      say("Writing…");
    }
    const { token, text: written, logprob } = chunk;
    text.tokens.push({ token, text: written, logprob });
    inspector.output.add({ token, text: written, logprob });
    pace.add();
  }
}

const REASONS = { stop: "Finished", length: "Length reached", abort: "Stopped" };

/**
 * @param {import("../engine/client.js").End} end
 * @param {Pace} pace
 * @param {Text} text
 */
function showEnd({ finish_reason, usage, seed }, pace, text) {
  const count = usage.completion_tokens;
  text.finish = finish_reason;
  say(`${REASONS[finish_reason]} after ${count} ${count === 1 ? "token" : "tokens"}.`);
  pace.show(
    ` · prompt ${usage.prompt_tokens.toLocaleString("en")} tokens${seed === null ? "" : ` · seed ${seed}`}`,
  );
}

function stop() {
  panel.stop();
  writing?.cancel();
}

// ---- Tokens, branches --------------------------------------------------------------------------

/** Shows a text, or none, and the prompt that it was written for. @param {Text | null} text @param {string} [prompt] */
function showText(text, prompt = text?.prompt) {
  texts.current = text;
  if (prompt !== undefined && page.prompt.value !== prompt) {
    page.prompt.value = prompt;
    showRegister();
  }
  inspector.show(text);
  page.measures.textContent = "";
  showTexts();
}

function showTexts() {
  branches.show(texts.current ? texts.tree() : [], texts.current);
  showButtons();
}

/** @param {Text} text */
function chooseText(text) {
  if (panel.loading || writing || text === texts.current) return;
  texts.remember(page.prompt.value);
  showText(text);
  store();
}

/** @param {"undo" | "redo"} way */
function travel(way) {
  if (panel.loading || writing) return;
  const view = texts[way](page.prompt.value);
  if (!view) return;
  showText(view.text, view.prompt);
  store();
  say(way === "undo" ? "Undone." : "Done again.");
}

/** @param {string} kind */
function save(kind) {
  const text = texts.current;
  if (!text) return;
  const written = writtenText(text);
  const { prompt, settings, seed, finish, tokens } = text;
  const facts = { model: panel.title, settings, seed, finish_reason: finish };
  if (kind === "txt") download("goosequill.txt", prompt + written, "text/plain");
  if (kind === "md") {
    const quoted = `> ${`${prompt}**${written.trim()}`.replaceAll("\n", "\n> ")}**`;
    download(
      "goosequill.md",
      `${quoted}\n\n\`\`\`json\n${JSON.stringify(facts, null, 2)}\n\`\`\`\n`,
      "text/markdown",
    );
  }
  if (kind === "json") {
    download(
      "goosequill.json",
      JSON.stringify({ ...facts, prompt, text: written, tokens }, null, 2),
      "application/json",
    );
  }
}

// ---- Address, memory, small things -------------------------------------------------------------

/** Puts prompt and settings into the address and the memory. */
function store() {
  const values = new Map([...knobs.values(), ...chat.values(), ...panel.values()]);
  if (page.prompt.value) values.set("prompt", page.prompt.value);
  memory.write(values);
  if (page.prompt.value.length > ADDRESS_LIMIT) values.delete("prompt");
  writeAddress(values);
}

function settingsChanged() {
  showPreset();
  remember();
}

/** Says which preset the controls stand at, if any. */
function showPreset() {
  const { max_new_tokens, stop, ...settings } = knobs.settings();
  const found = presets.find((preset) => sameSettings(preset.settings, settings));
  page.preset.value = found?.name ?? "";
  page.presetSource.textContent = found?.source ?? "";
}

function takePreset() {
  const preset = presets.find(({ name }) => name === page.preset.value);
  if (!preset) return;
  const kept = Object.fromEntries(
    Object.entries(knobs.settings()).filter(([name]) => name === "max_new_tokens" || name === "stop"),
  );
  knobs.take({ ...kept, ...preset.settings });
  showPreset();
  store();
}

function restore() {
  const address = readAddress();
  const values = address.size ? address : memory.read();
  if (!address.size) values.delete("seed"); // a link repeats a text; a new visit begins another
  knobs.restore(values);
  showPreset();
  page.prompt.value = values.get("prompt") ?? page.prompt.value;
  showRegister();
  chat.restore(values);
  panel.restore(values);
}

function clear() {
  texts.remember(page.prompt.value);
  showText(null);
  say("");
  page.prompt.focus();
}

function append() {
  texts.remember(page.prompt.value);
  showText(null, page.prompt.value + page.output.textContent);
  say("");
  page.prompt.focus();
  store();
}

/** Where the browser's own undo belongs. @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
}

page.generate.addEventListener("click", write);
page.stop.addEventListener("click", stop);
page.chatStop.addEventListener("click", stop);
page.copy.addEventListener("click", () =>
  copyText(page.output.textContent ?? "", { say, fallbackElement: page.output }),
);
page.clear.addEventListener("click", clear);
page.append.addEventListener("click", append);
page.prompt.addEventListener("input", remember);
page.undo.addEventListener("click", () => travel("undo"));
page.redo.addEventListener("click", () => travel("redo"));
page.saveBox.addEventListener("click", (event) => {
  const kind = event.target instanceof HTMLElement ? event.target.dataset.save : undefined;
  if (kind) save(kind);
});
page.reset.addEventListener("click", () => {
  knobs.restore(new Map());
  showPreset();
  store();
  say("The decoder's settings are as they were at first.");
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (!chat.active) write();
  } else if (event.key === "Escape" && (panel.loading || writing)) {
    stop();
  } else if ((event.ctrlKey || event.metaKey) && !isTyping(event.target)) {
    const key = event.key.toLowerCase();
    const way = key === "y" || (key === "z" && event.shiftKey) ? "redo" : key === "z" ? "undo" : null;
    if (!way || chat.active) return;
    event.preventDefault();
    travel(way);
  }
});
document.querySelector(".skip-link")?.addEventListener("click", (event) => {
  event.preventDefault(); // its target would replace the settings in the address
  (chat.active ? byId("message", "textarea") : page.prompt).focus();
});
addEventListener("hashchange", restore);

page.preset.append(...presets.map(({ name, title }) => element("option", { value: name }, title)));
page.preset.addEventListener("change", takePreset);
restore();
showButtons();
if (!decoding.parts) {
  showError({ message: "The decoder's settings could not be loaded.", remedy: "Reload the page." });
}
panel.describe();
