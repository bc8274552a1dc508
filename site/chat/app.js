/**
 * The chat page: creates its parts and connects them. Views listen to the session (session.js); what is
 * written goes through replies.js. It fetches small descriptions when it opens, and the engine and the model
 * only when the visitor sends something. Model text reaches the page through ui/render or as text nodes only.
 */

import { rate, ratingOf } from "../collections/conversation-tree.js";
import { droppedFiles } from "../collections/files.js";
import { DecoderControls } from "../decoder/controls.js";
import { ModelPanel } from "../decoder/model-panel.js";
import { PresetChooser } from "../decoder/preset-chooser.js";
import { FILES } from "../engine/root.js";
import { LONGEST_PROMPT, readAddress } from "../ui/address.js";
import { copyLink, copyText } from "../ui/clipboard.js";
import { isComposing } from "../ui/composing.js";
import { documentPhases } from "../ui/document-phases.js";
import { byId, debounce, element } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { EngineHolder } from "../ui/engine.js";
import { fetchDescription } from "../ui/fetch.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { Memory } from "../ui/memory.js";
import { ProgressView } from "../ui/progress.js";
import { showStartOrStop } from "../ui/start-stop.js";
import { problem, StatusLine } from "../ui/status.js";
import { isReturn, TabState } from "../ui/tab-state.js";
import { t, tn, translated } from "../ui/words.js";
import { AttachView } from "./attach-view.js";
import { DraftPresets } from "./draft-presets.js";
import { readFile, saveFile } from "./exchange.js";
import { ListView } from "./list-view.js";
import { showMap } from "./map-view.js";
import { detailsOf, whoIs } from "./message-view.js";
import { attachedTo } from "./passages.js";
import { askForRanking, rankedWith } from "./rank-view.js";
import { askForReason } from "./rating.js";
import { Replies } from "./replies.js";
import { ChatSession } from "./session.js";
import { SettingsForm } from "./settings-form.js";
import { starters } from "./starters.js";
import { readState, saveState } from "./state-file.js";
import { TasksSwitch } from "./tasks-switch.js";
import { ThreadView } from "./thread-view.js";
import { showTokens } from "./token-dialog.js";

/** @import { Message } from "../collections/conversation-tree.js" */
/** @import { RequestOptions } from "../engine/client.js" */
/** @import { Action } from "./message-view.js" */

const MOST_DRAFTS = 8;
/** Models with fewer parameters cannot answer from passages. */
const SMALL = 150e6;
/** Files that are dropped as a model; others are attached. */
const MODEL_FILE = /\.(pth|pt|safetensors|st|gguf|prefab|bin)$/i;
const page = {
  message: byId("message", "textarea"),
  send: byId("send", "button"),
  stop: byId("stop", "button"),
  drafts: byId("drafts", "input"),
  measures: byId("measures", "p"),
  editing: byId("editing", "p"),
  exportFormat: byId("export-format", "select"),
  exportWhat: byId("export-what", "select"),
  export: byId("export", "button"),
  import: byId("import", "input"),
  stateFile: byId("state-file", "input"),
  saveState: byId("save-state", "button"),
  setup: byId("setup", "details"),
};

/** @type {{parts?: any[], presets?: any[], chat?: import("./settings-form.js").ChatDescription}} */
const decoding = await fetchDescription(new URL("ui/decoding.json", FILES));
/** @type {import("./exchange.js").Format[]} */
const formats = (await fetchDescription(new URL("chat/formats.json", FILES))).formats ?? [];

const { say, complain, settle } = new StatusLine(byId("status", "p"));
const progress = new ProgressView(
  { box: byId("progress-box", "div"), bar: byId("progress", "progress"), label: byId("progress-label", "p") },
  say,
  documentPhases,
);
const session = new ChatSession(complain);
const engine = new EngineHolder();
const form = new SettingsForm(session, decoding.chat ?? { formats: [], parameters: [] });
const memory = new Memory("chat");
const remember = debounce(() => {
  const drafting = /** @type {[string, string][]} */ ([
    ["drafts", page.drafts.value],
    ["draft_presets", draftPresets.value],
  ]);
  memory.write(
    new Map([
      ...controls.values(),
      ...panel.values(),
      ...form.values(),
      ...attachments.values(),
      ...drafting,
    ]),
  );
}, 300);
const controls = new DecoderControls(
  byId("decoder-controls", "div"),
  decoding.parts ?? [],
  decoding.presets?.[0]?.settings ?? {},
  () => {
    presets.show();
    remember();
  },
);
const presets = new PresetChooser({
  select: byId("preset", "select"),
  source: byId("preset-source", "p"),
  presets: decoding.presets ?? [],
  controls,
  onChoose: remember,
});
const panel = new ModelPanel({
  engine,
  busy: () => session.busy,
  changed: showButtons,
  chosen: remember,
  reveal: () => {
    page.setup.open = true;
  },
  say,
  complain,
  progress,
  hint: t("Nothing is downloaded until you press Send or Load now."),
  described: showModel,
  takesDrops: false,
});
const attachments = new AttachView(session, { holder: engine, say, complain, changed: remember });
acceptDrops({
  onFiles: async (files, transfer) => {
    if (files.some(({ name }) => MODEL_FILE.test(name))) return panel.chooseFiles(files);
    byId("attach-box", "details").open = true;
    attachments.take(await droppedFiles(transfer));
  },
  onDrag: (dragging) => document.body.toggleAttribute("data-dragging", dragging),
});
const draftPresets = new DraftPresets(byId("draft-presets", "div"), decoding.presets ?? [], () => {
  showDrafts();
  remember();
});
const replies = new Replies(session, {
  model: () => panel.ensure(),
  settings: (at, draft) => {
    controls.drawSeedIfFresh();
    const preset = draftPresets.at(draft);
    const settings = preset ? controls.settingsOf(preset) : controls.settings();
    return { ...settings, seed: (controls.seed + at) % 2 ** 53, ...form.replySettings };
  },
  name: () => panel.title,
  onProgress: progress.show,
  measures: page.measures,
  onFirst: () => {
    progress.hide();
    say(t("Generating…"));
  },
  onEnd: showEnd,
});
const thread = new ThreadView(session, { box: byId("thread", "div"), empty: byId("empty", "div"), act });
const tasks = new TasksSwitch({
  session,
  say,
  complain,
  changed: () => tab.changed(),
  importSet: () => page.import.click(),
});
new ListView(session, {
  say,
  complain,
  create,
  tasks: () => (tasks.isOpen ? tasks.close({ focus: true }) : tasks.open()),
  chosen: () => tasks.close(),
});
/** The message that is edited: sending makes another version of it. @type {Message | null} */
let edited = null;
/** Ends what `work` runs. @type {AbortController | null} */
let working = null;

const tab = new TabState("chat", {
  place: {
    toValue: () => ({ id: session.tree.size ? session.tree.id : "", typed: page.message.value }),
    fromValue: ({ id, typed }) => {
      page.message.value ||= String(typed ?? "");
      opening = String(id ?? "");
    },
  },
  tasks,
});
let opening = "";
/** Whether a conversation is open: what was sent before would be in another one than its reply. */
let begun = false;
session.on(["open", "thread"], () => tab.changed());
session.on(["open", "thread", "busy"], showButtons);
session.on(["open", "thread", "message"], () =>
  showMap(byId("map-box", "details"), byId("map", "ul"), session),
);
session.on("open", () => {
  endEdit();
  say("");
  page.measures.textContent = "";
});

/** @param {any} description of the chosen model */
function showModel(description) {
  byId("setup-model", "span").textContent = panel.title;
  byId("setup-facts", "span").textContent = byId("model-facts", "p").textContent;
  const info = panel.model?.info;
  if (info) form.showModel(info.chat_format ?? null);
  const trained = Boolean(info ? info.chat : description?.chat);
  byId("chat-note", "p").hidden = trained && !panel.isDefault;
  byId("attach-toy", "p").hidden = (info ? info.parameters : panel.isDefault ? 0 : SMALL) >= SMALL;
  const chosen = starters({ trained: trained && !panel.isDefault });
  byId("starters", "div").replaceChildren(
    ...chosen.map((text) => element("button", { type: "button", onclick: () => start(text) }, text)),
  );
}

/** @param {string} text */
function start(text) {
  page.message.value = text;
  send();
}

/** Enables what can be used now. */
function showButtons() {
  const busy = session.busy || panel.loading;
  panel.showButtons();
  showStartOrStop({ start: page.send, stop: page.stop }, { busy, ready: begun && Boolean(decoding.parts) });
  page.export.disabled = busy || !(session.tree.size || session.list.length);
  page.import.disabled = busy;
  page.saveState.disabled = busy || !session.tree.size;
  byId("no-state", "button").hidden = !session.start;
  byId("state-name", "p").textContent = session.start
    ? t("Started from {start}.", { start: session.start.name })
    : "";
}

/** @param {import("../engine/client.js").End} end */
function showEnd({ finish_reason: reason, usage: { completion_tokens: tokens } }) {
  if (reason === "abort") say(tn(tokens, "Stopped after {n} token.", "Stopped after {n} tokens."));
  else if (reason === "stop") say(tn(tokens, "Answered after {n} token.", "Answered after {n} tokens."));
  else say(tn(tokens, "Length limit reached after {n} token.", "Length limit reached after {n} tokens."));
}

/** Sends what is typed, or the edited message as another version of it. */
async function send() {
  if (page.send.disabled) return;
  const text = page.message.value;
  if (!text.trim()) {
    const [message, remedy] = [t("The message is empty."), t("Type something to say to the model.")];
    showFieldProblem(page.message, `${message} ${remedy}`);
    return complain(problem(message, remedy));
  }
  const unusable = controls.problem();
  if (unusable) {
    page.setup.open = true;
    return complain(problem(t("{setting} has no value.", { setting: unusable.label }), unusable.words));
  }
  const parent = edited ? edited.parent : session.leaf;
  const role = edited?.role ?? "user";
  page.message.value = "";
  endEdit();
  const message = session.add(parent, role, text, role === "assistant" ? { edited: true } : {});
  const find = async (/** @type {AbortSignal} */ signal) => {
    say(t("Searching the documents…"));
    const found = await attachments.find(text, { signal, onProgress: progress.show });
    Object.assign(message.fields, found);
    if (found) await session.changed(message);
  };
  const prepare = attachedTo(session.tree).length ? find : undefined;
  if (role === "user") await write(() => replies.reply(message, drafts(), prepare));
}

/** How many replies to write: as many with each preset that is ticked. */
function drafts() {
  return Math.min(MOST_DRAFTS, typedDrafts() * Math.max(1, draftPresets.chosen.length));
}

function typedDrafts() {
  return Math.min(MOST_DRAFTS, Math.max(1, Math.round(page.drafts.valueAsNumber) || 1));
}

/** Says with how many presets drafts are written. */
function showDrafts() {
  const count = draftPresets.chosen.length;
  byId("drafts-note", "span").textContent = count ? tn(count, "by {n} preset", "by each of {n} presets") : "";
}

/** @param {() => Promise<any>} job */
async function write(job) {
  try {
    await job();
  } catch (error) {
    complain(error);
  } finally {
    progress.hide();
  }
}

/** @param {Action} action @param {Message} message */
async function act(action, message) {
  const { tree } = session;
  const siblings = tree.siblings(message);
  const at = siblings.indexOf(message);
  if (action === "copy") return copyText(message.text, { say });
  if (action === "edit") return edit(message);
  if (action === "before" || action === "after") {
    const next = siblings[at + (action === "after" ? 1 : -1)];
    session.choose(next.id);
    thread.focus(next.id, action);
    return say(t("Version {at} of {count}.", { at: siblings.indexOf(next) + 1, count: siblings.length }));
  }
  if (action === "up" || action === "down") return rateMessage(message, action === "up" ? 1 : -1);
  if (action === "details") return showDetails(message);
  if (session.busy) return;
  if (action === "tokens") return write(() => offered(message));
  const parent = tree.get(message.parent);
  if (action === "regenerate" && parent) return write(() => replies.reply(parent, drafts()));
  if (action === "continue") return write(() => replies.continueReply(message));
  if (action === "rank") {
    const spoken = siblings.filter(({ role }) => role === "assistant");
    await rank(rankedWith(spoken, message));
  }
}

/**
 * Ranks replies to one message: blind the first time, if several models or decoders wrote them.
 * @param {Message[]} replies
 */
async function rank(replies) {
  const { tree } = session;
  const { contenders, keepVotes } = await import("./blind-votes.js");
  const names = contenders(replies, decoding.presets ?? []);
  const isBlind = new Set(names).size > 1 && !replies.some(({ fields }) => fields.judged);
  const decided = (/** @type {string[][]} */ places, /** @type {Message[]} */ shown) => {
    for (const { fields } of replies) fields.judged = new Date().toISOString();
    const inOrder = shown.map((reply) => names[replies.indexOf(reply)]);
    const count = keepVotes(tree, { replies: shown, names: inOrder, places });
    if (!count) return [t("No vote was added to those in Compare.")];
    const words = tn(
      count,
      "{n} vote was added to those in Compare.",
      "{n} votes were added to those in Compare.",
    );
    const link = element("a", { href: "../compare/?page=write" }, t("See them under Judge"));
    return [words, " ", link];
  };
  const places = await askForRanking(tree, replies, isBlind ? { names, decided } : {});
  if (!places) return;
  tree.rank(replies[0], places);
  if (!places.length) for (const reply of replies) rate(reply, -1, t("None of them is good"));
  await session.changed(...tree.siblings(replies[0]));
  say(t("The ranking is saved."));
}

/** Shows what the model considered for each word. @param {Message} message */
async function offered(message) {
  say(t("Reading the reply…"));
  const found = await replies.score(message);
  say("");
  progress.hide();
  showTokens(found, { writer: whoIs(message), onClose: () => thread.focus(message.id, "tokens") });
}

/** @param {Message} message @param {number} rating */
async function rateMessage(message, rating) {
  const now = ratingOf(message) === rating ? 0 : rating;
  rate(message, now);
  await session.changed(message);
  say(now ? t("Your rating is saved.") : t("Rating removed."));
  if (!now) return;
  const found = await askForReason(message, rating);
  if (!found) return;
  rate(message, now, found.reason);
  if (found.labels) message.fields.labels = found.labels;
  await session.changed(message);
}

/** @param {Message} message */
function edit(message) {
  edited = message;
  page.editing.hidden = false;
  page.message.value = message.text;
  page.message.focus();
}

function endEdit() {
  if (edited) page.message.value = "";
  edited = null;
  page.editing.hidden = true;
}

/** @param {Message} message */
function showDetails(message) {
  const rows = detailsOf(message).flatMap(([name, value]) => [
    element("dt", {}, name),
    element("dd", {}, element("pre", {}, value)),
  ]);
  const dialog = element(
    "dialog",
    { "aria-label": t("Details"), "data-testid": "details-dialog" },
    element("h2", {}, whoIs(message)),
    element("dl", { class: "facts" }, ...rows),
    element("form", { method: "dialog" }, element("button", { class: "primary" }, t("Close"))),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function create() {
  tasks.close();
  session.create();
  page.message.focus();
}

/**
 * Runs something with the engine that is not a reply.
 * @param {string} words
 * @param {(options: RequestOptions) => Promise<void>} job
 */
async function work(words, job) {
  if (session.busy) return;
  session.busy = true;
  working = new AbortController();
  const options = { signal: working.signal, onProgress: progress.show };
  say(words);
  await write(() => job(options));
  session.busy = false;
}

page.import.addEventListener("change", () => {
  const files = [...(page.import.files ?? [])];
  page.import.value = "";
  work(t("Reading conversations…"), async (options) => {
    let count = 0;
    for (const file of files) {
      const values = await engine.use((python) => readFile(python, file, options));
      await session.adopt(values, { ...options, source: file.name });
      count += values.length;
      if (values.length && !tasks.isOpen) await session.open(values[0].id);
    }
    tasks.renew();
    say(tn(count, "{n} conversation imported.", "{n} conversations imported."));
  });
});
page.export.addEventListener("click", () => {
  const format = formats.find(({ name }) => name === page.exportFormat.value);
  if (!format) return;
  work(t("Writing a file…"), async (options) => {
    const ids = page.exportWhat.value === "all" ? session.list.map(({ id }) => id) : [session.tree.id];
    const trees = await session.valuesOf(ids);
    await engine.use((python) => saveFile(python, trees, format, options));
    say(tn(trees.length, "{n} conversation exported.", "{n} conversations exported."));
  });
});
byId("copy-link", "button").addEventListener("click", () => {
  const { tree, format, path } = session;
  const messages = JSON.stringify(path.map(({ role, text }) => ({ role, content: text })));
  const found = new Map([...controls.values(), ...panel.values(), ...form.values()]);
  if (tree.system) found.set("system", tree.system);
  if (format) found.set("format", format);
  const fits = messages.length <= LONGEST_PROMPT;
  if (fits) found.set("messages", messages);
  copyLink(found, {
    say,
    ...(!fits && { copied: t("The link is copied without the conversation, which is too long.") }),
  });
});
page.stateFile.addEventListener("change", () => {
  const file = page.stateFile.files?.[0];
  if (!file) return;
  page.stateFile.value = "";
  work(t("Reading the state…"), async () => {
    const [start, model] = [await readState(file), await panel.ensure()];
    const conversation = await model.converse({ format: session.format, state: start.bytes });
    session.begin(conversation.messages, start);
    await conversation.close();
    say(t("The conversation continues from {name}.", { name: file.name }));
  });
});
byId("no-state", "button").addEventListener("click", create);
page.saveState.addEventListener("click", () =>
  write(async () => {
    saveState(await replies.saveState());
    say(t("The state is saved, with the messages. A conversation with this model can start from it."));
  }),
);
page.send.addEventListener("click", send);
page.stop.addEventListener("click", () => {
  panel.stop();
  replies.stop();
  working?.abort();
});
byId("edit-cancel", "button").addEventListener("click", () => {
  endEdit();
  page.message.focus();
});
page.message.addEventListener("input", () => {
  settle();
  tab.changed();
});
page.message.addEventListener("keydown", (event) => {
  if (isComposing(event)) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send();
  }
  if (event.key !== "ArrowUp" || page.message.value || session.busy) return;
  const last = session.path.findLast(({ role }) => role === "user");
  if (!last) return;
  event.preventDefault();
  edit(last);
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && (session.busy || panel.loading)) page.stop.click();
  else if (event.key === "Escape" && edited) endEdit();
  if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === "o") {
    event.preventDefault();
    create();
  }
});
page.drafts.addEventListener("change", () => {
  page.drafts.value = String(typedDrafts());
  showDrafts();
  remember();
});

/** Begins with the conversation of a link. @param {string} text */
function openLinked(text) {
  try {
    if (text.length > LONGEST_PROMPT) throw new Error("no link of ours");
    session.begin(JSON.parse(text));
  } catch {
    complain(
      problem(
        t("The conversation in the link is damaged."),
        t("Ask whoever sent the link to copy it again."),
      ),
    );
  }
}

page.exportFormat.append(
  ...formats.map(({ name, title }) => element("option", { value: name }, translated(title))),
);
const address = readAddress({ search: location.search, hash: location.hash });
const view = address.get("view");
address.delete("view"); // not a setting: those of the last visit stay
const values = memory.complete(address);
controls.restore(values);
form.restore(values);
panel.restore(values);
attachments.restore(values);
page.drafts.value = values.get("drafts") ?? "1";
draftPresets.restore(values.get("draft_presets") ?? "");
showDrafts();
presets.show();
await tab.restore();
await session.refresh();
const linked = values.get("messages");
const isLinked = linked !== undefined && !isReturn(); // which counts more than what this tab had
if (isLinked || !(opening && (await session.open(opening)))) {
  session.create();
  session.set({ system: values.get("system"), format: values.get("format") });
  if (linked) openLinked(linked);
}
if (tasks.isOpen || (!isReturn() && view === "tasks")) await tasks.open({ focus: false });
panel.describe();
begun = true;
showButtons();
if (!decoding.parts)
  complain(problem(t("The decoder's settings could not be loaded."), t("Reload the page.")));
