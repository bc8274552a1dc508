/**
 * The playground's page: creates its parts and connects them. It fetches three small descriptions when it
 * opens (the decoder, and how large the engine and the model are), and the engine and the model only when the
 * visitor asks. Model text reaches the page as text nodes only.
 */

import { ROOT } from "../engine/root.js";
import { copyText } from "../ui/clipboard.js";
import { byId, debounce } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { ProgressView } from "../ui/progress.js";
import { problem, StatusLine } from "../ui/status.js";
import { BranchTree } from "./branches.js";
import { Chat } from "./chat.js";
import { DecoderControls } from "./decoder-controls.js";
import { ExamplePrompts } from "./example-prompts.js";
import { Inspector } from "./inspector.js";
import { ModelPanel } from "./model-panel.js";
import { PageState } from "./page-state.js";
import { PresetChooser } from "./preset-chooser.js";
import { Rail } from "./rail.js";
import { PANELS } from "./rail-panels.js";
import { saveText } from "./saving.js";
import { Session } from "./session.js";
import { listenToKeys } from "./shortcuts.js";
import { StyleChooser } from "./style-chooser.js";
import { TextView } from "./text-view.js";
import { Texts } from "./texts.js";
import { Writer } from "./writer.js";

/** @typedef {import("./texts.js").Text} Text */

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
  output: byId("output", "div"),
  measures: byId("measures", "p"),
  reading: byId("reading", "div"),
  tableBox: byId("table-box", "details"),
  saveBox: byId("save-box", "div"),
  ideas: byId("ideas", "div"),
  reset: byId("reset", "button"),
};

/** @typedef {import("./decoder-controls.js").Part} Part */
/** @typedef {import("./decoder-controls.js").Preset} Preset */
/**
 * Without it nothing is generated: the settings would not be what they seem.
 * @type {{parts?: Part[], presets?: Preset[], templates?: import("./chat-form.js").Template[]}}
 */
const decoding = await fetchDescription(new URL("ui/decoding.json", ROOT));
const available = decoding.presets ?? [];

const texts = new Texts();
const { say, complain } = new StatusLine(byId("status", "p"));
const progress = new ProgressView(
  {
    box: byId("progress-box", "div"),
    bar: byId("progress", "progress"),
    label: byId("progress-label", "p"),
  },
  say,
);
const session = new Session({
  text: () => texts.current,
  model: () => panel.model,
  ensureModel: () => panel.ensure(),
  busy: () => panel.loading || writer.writing,
  changed: showButtons,
  say,
  complain,
  progress,
});
const busy = () => session.busy;
const rail = new Rail(byId("rail", "aside"), { session, panels: PANELS });
const store = () => state.store();
const storeSoon = debounce(store, 300);

const controls = new DecoderControls(
  byId("decoder-controls", "div"),
  decoding.parts ?? [],
  available[0]?.settings ?? {}, // the first preset is the page's default
  () => {
    presets.show();
    storeSoon();
  },
);
const presets = new PresetChooser({
  select: byId("preset", "select"),
  source: byId("preset-source", "p"),
  presets: available,
  controls,
  onChoose: store,
});
const style = new StyleChooser({
  box: byId("style-box", "div"),
  select: byId("style", "select"),
  prompt: page.prompt,
});
const examples = new ExamplePrompts({
  box: byId("examples", "div"),
  prompt: page.prompt,
  onChoose: () => {
    style.show();
    store();
  },
});
const panel = new ModelPanel({
  busy: () => writer.writing || session.working,
  changed: showButtons,
  chosen: store,
  reveal: () => rail.open("model"),
  say,
  complain,
  progress,
  hint: "Generate, Send or Load now",
  described: (description) => {
    examples.offer(description.prompts ?? []);
    style.offer(description.registers);
    if (!panel.model) return;
    chat.describe(description);
    session.announce("model");
  },
});
const inspector = new Inspector({
  session,
  branch: (parent, index, candidate) => writer.branch(parent, index, candidate),
  reveal: () => rail.open("token"),
});
const branches = new BranchTree(byId("branches", "ul"), (text) => view.choose(text));
const view = new TextView({
  texts,
  prompt: page.prompt,
  output: page.output,
  measures: page.measures,
  style,
  inspector,
  branches,
  busy,
  changed: showButtons,
  store,
  say,
  session,
});
const writer = new Writer({
  model: () => panel.ensure(),
  begin: (start) => view.begin({ ...start, settings: controls.settings(), seed: controls.seed }),
  beforeText: () => controls.drawSeedIfFresh(),
  busy,
  changed: showButtons,
  ended: () => {
    view.refresh();
    session.announce("end");
  },
  added: () => session.announce("token"),
  output: inspector.output,
  measures: page.measures,
  progress,
  say,
  complain,
});
const chat = new Chat(
  {
    ready: () => panel.ensure(),
    settings: () => {
      controls.drawSeedIfFresh();
      store();
      return { ...controls.settings(), seed: controls.seed };
    },
    busy,
    track: (writing) => writer.track(writing),
    progress,
    say,
    complain,
    changed: store,
  },
  decoding.templates ?? [],
);
const state = new PageState({ prompt: page.prompt, controls, parts: [chat, panel], onRestore: restored });

/** Enables the buttons that can be used now. */
function showButtons() {
  const isBusy = busy();
  const written = page.output.textContent !== "";
  page.generate.disabled = isBusy || !decoding.parts;
  panel.showButtons();
  for (const button of [page.stop, page.chatStop]) button.disabled = !isBusy;
  swapFocus(isBusy ? [page.generate, page.stop] : [page.stop, page.generate]);
  for (const button of [page.append, page.copy, page.clear]) button.disabled = isBusy || !written;
  page.undo.disabled = isBusy || !texts.canUndo;
  page.redo.disabled = isBusy || !texts.canRedo;
  for (const part of [page.tableBox, page.saveBox]) part.hidden = isBusy || !written;
  page.ideas.hidden = isBusy || written;
  page.reading.hidden = !written;
  page.output.toggleAttribute("data-writing", writer.writing);
  page.output.setAttribute("aria-busy", String(isBusy));
  chat.showButtons();
}

/** Only one of Generate and Stop is shown: the focus goes from the hidden one to the other. */
function swapFocus(/** @type {HTMLElement[]} */ [from, to]) {
  if (document.activeElement === from) to.focus();
}

function generate() {
  if (page.generate.disabled) return;
  const prompt = page.prompt.value;
  if (prompt.trim()) {
    writer.write(prompt);
    return;
  }
  complain(problem("The prompt is empty.", "Type a few words for the model to continue."));
  page.prompt.focus();
}

function stop() {
  panel.stop();
  writer.stop();
  session.stop();
}

function restored() {
  presets.show();
  style.show();
}

page.generate.addEventListener("click", generate);
page.stop.addEventListener("click", stop);
page.chatStop.addEventListener("click", stop);
page.copy.addEventListener("click", () =>
  copyText(page.output.textContent ?? "", { say, fallbackElement: page.output }),
);
page.clear.addEventListener("click", () => view.clear());
page.append.addEventListener("click", () => view.append());
page.prompt.addEventListener("input", storeSoon);
page.undo.addEventListener("click", () => view.travel("undo"));
page.redo.addEventListener("click", () => view.travel("redo"));
page.saveBox.addEventListener("click", ({ target }) => {
  const kind = target instanceof HTMLElement ? target.dataset.save : undefined;
  if (kind && texts.current) saveText(kind, texts.current, panel.title);
});
page.reset.addEventListener("click", () => {
  controls.restore(new Map());
  presets.show();
  store();
  say("The decoder has its default settings again.");
});
byId("copy-link", "button").addEventListener("click", () => state.share(say));
listenToKeys({
  generate: () => {
    if (!chat.active) generate();
  },
  stop: () => {
    if (busy()) stop();
  },
  travel: (way) => {
    if (chat.active) return false;
    view.travel(way);
    return true;
  },
  skip: () => (chat.active ? byId("message", "textarea") : page.prompt).focus(),
});

page.ideas.append(byId("load-size", "p")); // where it is read before the first text
state.restore();
showButtons();
if (!decoding.parts) complain(problem("The decoder's settings could not be loaded.", "Reload the page."));
panel.describe();
