/**
 * The playground's page: creates its parts and connects them. It fetches three small descriptions when it
 * opens (the decoder, and how large the engine and the model are), and the engine and the model only when the
 * visitor asks. Model text reaches the page as text nodes only.
 */

import { DecoderControls } from "../decoder/controls.js";
import { ExamplePrompts } from "../decoder/example-prompts.js";
import { ModelPanel } from "../decoder/model-panel.js";
import { PresetChooser } from "../decoder/preset-chooser.js";
import { StyledPrompt } from "../decoder/styled-prompt.js";
import { LONGEST_TEXT } from "../decoder/text-file.js";
import { FILES } from "../engine/root.js";
import { readAddress } from "../ui/address.js";
import { fileText } from "../ui/bounded-file.js";
import { copyText } from "../ui/clipboard.js";
import { byId, debounce } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { hasWindowsLines, unixLines } from "../ui/line-ends.js";
import { ProgressView } from "../ui/progress.js";
import { showStartOrStop } from "../ui/start-stop.js";
import { problem, StatusLine } from "../ui/status.js";
import { isReturn, TabState } from "../ui/tab-state.js";
import { t } from "../ui/words.js";
import { BranchBox } from "./branch-box.js";
import { leaveForChat, moveChat } from "./former-chat.js";
import { FromHere } from "./from-here.js";
import { fromHome } from "./from-home.js";
import { continueInline } from "./inline-text.js";
import { Inspector } from "./inspector.js";
import { ModelChoice } from "./model-choice.js";
import { PageState } from "./page-state.js";
import { Rail } from "./rail.js";
import { PANELS } from "./rail-panels.js";
import { SavedBox } from "./saved-box.js";
import { saveText } from "./saving.js";
import { PlaygroundSession } from "./session.js";
import { listenToKeys } from "./shortcuts.js";
import { TextView } from "./text-view.js";
import { TextWriter } from "./writer.js";

leaveForChat();

const paper = byId("paper", "div");
const field = byId("prompt", "textarea");
const page = {
  prompt: new StyledPrompt({
    field,
    box: byId("style-box", "div"),
    select: byId("style", "select"),
    onChange: () => changed(),
    onText: () => continueInline(paper, field),
  }),
  generate: byId("generate", "button"),
  stop: byId("stop", "button"),
  append: byId("append", "button"),
  copy: byId("copy", "button"),
  clear: byId("clear", "button"),
  undo: byId("undo-text", "button"),
  redo: byId("redo-text", "button"),
  output: byId("output", "div"),
  measures: byId("measures", "p"),
  reading: byId("reading", "div"),
  count: byId("count", "input"),
  tableBox: byId("table-box", "details"),
  saveBox: byId("save-box", "div"),
  ideas: byId("ideas", "div"),
  reset: byId("reset", "button"),
};

/** @import { Part, Preset } from "../decoder/controls.js" */
/**
 * Without it nothing is generated: the settings would not be what they seem.
 * @type {{parts?: Part[], presets?: Preset[]}}
 */
const decoding = await fetchDescription(new URL("ui/decoding.json", FILES));
const available = decoding.presets ?? [];

const { say, complain: showError, settle } = new StatusLine(byId("status", "p"));
/** Shows an error, also at the setting that it names. */
const complain = (/** @type {unknown} */ error) => {
  showError(error);
  if (error instanceof Error && controls.blame(error.message)) rail.open("decoder");
};
const progress = new ProgressView(
  {
    box: byId("progress-box", "div"),
    bar: byId("progress", "progress"),
    label: byId("progress-label", "p"),
  },
  say,
);
const session = new PlaygroundSession({ panel: () => panel, say, complain, progress });
const { texts } = session;
const changed = () => session.announce("settings");
const changedSoon = debounce(changed, 300);
const rail = new Rail(byId("rail", "aside"), { session, panels: PANELS });
const controls = new DecoderControls(
  byId("decoder-controls", "div"),
  decoding.parts ?? [],
  available[0]?.settings ?? {}, // the first preset is the page's default
  () => {
    presets.show();
    changedSoon();
  },
);
const presets = new PresetChooser({
  select: byId("preset", "select"),
  source: byId("preset-source", "p"),
  presets: available,
  controls,
  onChoose: changed,
});
const examples = new ExamplePrompts({
  box: byId("examples", "div"),
  prompt: page.prompt,
  onChoose: (text) => view.replacePrompt(text),
});
const panel = new ModelPanel({
  busy: () => session.busy,
  changed: () => session.announce("busy"),
  chosen: changed,
  reveal: () => rail.open("model"),
  takeText: (file) => takeText(file).catch(complain),
  say,
  complain,
  progress,
  hint: t("Nothing is downloaded until you press Generate or Load now."),
  described: (description) => {
    examples.offer(description.prompts ?? []);
    page.prompt.offer(description.registers);
    choice.show(session.busy);
    if (panel.model) session.announce("model");
  },
});
const choice = new ModelChoice(byId("model-choice", "select"), panel);
const view = new TextView(session, page);
const inspector = new Inspector(session, {
  branch: (parent, index, candidate) => {
    leaveRail();
    writer.branch(parent, index, candidate);
  },
  continueAfter: (text, index, prompt) => {
    leaveRail();
    writer.continueAfter(text, index, prompt);
  },
  reveal: () => rail.openForToken("token"),
});
new BranchBox(session, (text) => view.choose(text));
const writer = new TextWriter(session, {
  count: () => page.count.valueAsNumber,
  begin: (start, nth) =>
    view.begin({ ...start, settings: controls.settings(), seed: (controls.seed + nth) % 2 ** 53 }),
  beforeText: () => controls.drawSeedIfFresh(),
  output: inspector.output,
  measures: page.measures,
});
const fromHere = new FromHere(session, {
  prompt: page.prompt,
  inspector,
  write: (prompt, rest) => {
    if (!checkSettings()) return;
    leaveRail();
    writer.write(prompt, rest);
  },
});
const state = new PageState(session, {
  prompt: page.prompt,
  controls,
  parts: [panel],
  onRestore: () => presets.show(),
});
const packed = () => ({ ...texts.toValue(), prompt: page.prompt.value });
new SavedBox(session, {
  toValue: packed,
  fromValue: (value) => {
    texts.fromValue(value);
    view.restore(String(value.prompt));
    session.announce("texts");
    changed();
  },
  prompt: () => field.value.trim(),
});
const tab = new TabState("playground", {
  texts: {
    toValue: packed,
    fromValue: (value) => {
      texts.fromValue(value);
      if (isFresh()) return view.restore(String(value.prompt));
      texts.current = null; // another prompt is there already; the texts are in the tree
      session.announce("texts");
    },
  },
  chat: { toValue: () => undefined, fromValue: moveChat },
});
session.on(["settings", "texts", "token", "end"], () => tab.changed());
session.on(["text", "texts", "busy"], showButtons);
session.on(["text", "settings"], () => page.prompt.isEmpty || showFieldProblem(page.prompt.field, ""));

/** Enables the buttons that can be used now. */
function showButtons() {
  const { busy: isBusy, writing } = session;
  const written = page.output.textContent !== "";
  panel.showButtons();
  choice.show(isBusy || panel.loading);
  const ready = Boolean(decoding.parts);
  showStartOrStop({ start: page.generate, stop: page.stop }, { busy: isBusy, ready });
  for (const button of [page.append, page.copy, page.clear]) {
    button.disabled = isBusy || !written;
    button.hidden = !written;
  }
  page.undo.disabled = isBusy || !texts.canUndo;
  page.redo.disabled = isBusy || !texts.canRedo;
  for (const part of [page.tableBox, page.saveBox]) part.hidden = isBusy || !written;
  page.ideas.hidden = isBusy || written;
  page.reading.hidden = !written;
  page.output.toggleAttribute("data-writing", writing);
  page.output.setAttribute("aria-busy", String(isBusy));
}

/** Whether every setting can be used; otherwise the first that cannot is shown. */
function checkSettings() {
  const found = controls.problem();
  if (!found) return true;
  rail.open("decoder");
  showError(problem(t("{setting} has no value.", { setting: found.label }), found.words));
  return false;
}

async function generate() {
  if (page.generate.disabled || !checkSettings()) return;
  if (page.prompt.isEmpty) await described; // the first of its examples may be about to fill the prompt
  if (page.generate.disabled) return;
  if (!page.prompt.isEmpty) {
    writer.write(page.prompt.value);
    return;
  }
  const words = `${t("The prompt is empty.")} ${t("Type a few words for the model to continue.")}`;
  showFieldProblem(page.prompt.field, words);
  page.prompt.focus();
}

/** Whether the prompt is still what the page began with, so that the tab's may replace it. */
function isFresh() {
  return !linked && !typedEarly && page.prompt.value === atFirst;
}

/** The focus goes to the text that is about to be written, since the button that was pressed disappears. */
function leaveRail() {
  page.output.focus({ preventScroll: true });
  rail.fold();
}

/** Makes a dropped text the prompt. @param {File} file */
async function takeText(file) {
  const text = await fileText(file, LONGEST_TEXT, t("Choose a text of at most 4 MB."));
  view.replacePrompt(page.prompt.styled(unixLines(text)));
  const taken = t("{name} is now the prompt. Undo restores the earlier one.", { name: file.name });
  say(hasWindowsLines(text) ? `${taken} ${t("Windows line endings were replaced.")}` : taken);
}

page.generate.addEventListener("click", generate);
page.stop.addEventListener("click", () => session.stop());
page.copy.addEventListener("click", () =>
  copyText(page.output.textContent ?? "", { say, fallbackElement: page.output }),
);
page.clear.addEventListener("click", () => view.clear());
page.append.addEventListener("click", () => view.append());
page.prompt.field.addEventListener("input", changedSoon);
paper.addEventListener("click", ({ target }) => target === paper && field.focus());
page.count.addEventListener("change", () => {
  const { min, max, valueAsNumber } = page.count;
  page.count.value = String(Math.min(Number(max), Math.max(Number(min), Math.round(valueAsNumber) || 1)));
});
for (const part of [byId("sheet", "section"), byId("rail", "aside")]) part.addEventListener("input", settle);
page.undo.addEventListener("click", () => view.travel("undo"));
page.redo.addEventListener("click", () => view.travel("redo"));
page.saveBox.addEventListener("click", ({ target }) => {
  const kind = target instanceof HTMLElement ? target.dataset.save : undefined;
  if (kind && texts.current) saveText(kind, texts.current, panel.title);
});
page.reset.addEventListener("click", () => {
  controls.restore(new Map());
  presets.show();
  changed();
  say(t("The decoder has its default settings again."));
});
byId("copy-link", "button").addEventListener("click", () => state.share(say));
listenToKeys({
  generate,
  fromHere: () => {
    if (!fromHere.run()) generate();
  },
  stop: () => {
    if (session.busy) session.stop();
  },
  travel: (way) => view.travel(way),
  skip: () => page.prompt.focus(),
});

page.ideas.append(byId("load-size", "p")); // where it is read before the first text
const carried = await fromHome();
/** Whether a link brings a prompt, which counts more than what this tab had; not after a reload. */
const linked =
  (carried?.values ?? readAddress({ search: location.search, hash: location.hash })).has("prompt") &&
  !isReturn();
const typedEarly = page.prompt.value !== "";
state.restore(carried?.values);
const atFirst = page.prompt.value;
await tab.restore();
if (carried?.text && !typedEarly) view.bring(carried.text);
const described = panel.describe();
session.announce("busy"); // so that every view shows what can be done now
if (!decoding.parts)
  complain(problem(t("The decoder's settings could not be loaded."), t("Reload the page.")));
