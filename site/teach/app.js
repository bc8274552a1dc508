/**
 * The page on which a model is taught: what it learns from, learning, and what it came to. The state is in
 * session.js; views listen to it, and what a visitor does goes through here.
 */

import { ModelPanel } from "../decoder/model-panel.js";
import { adapterFileName } from "../ui/adapters.js";
import { readAddress } from "../ui/address.js";
import { fileBytes } from "../ui/bounded-file.js";
import { byId, download } from "../ui/dom.js";
import { EngineHolder } from "../ui/engine.js";
import { focusIfLost } from "../ui/keep-focus.js";
import { Memory } from "../ui/memory.js";
import { ProgressView, timeLeft } from "../ui/progress.js";
import { drawSeed } from "../ui/seeded.js";
import { showStartOrStop } from "../ui/start-stop.js";
import { StatusLine } from "../ui/status.js";
import { TabState } from "../ui/tab-state.js";
import { t } from "../ui/words.js";
import { CourseView } from "./course.js";
import { Doors } from "./doors.js";
import { KeptView } from "./kept-view.js";
import { ResultView, SETTINGS } from "./result.js";
import { TeachSession } from "./session.js";
import { readSets } from "./sets.js";
import { openInComparer, reportsOf } from "./to-comparer.js";

/** @import { Model } from "../engine/client.js" */
/** @import { TuningStep } from "../engine/tuning.js" */

/** Bytes of an adapter (goosequill.tuning.adapter). */
const LARGEST_ADAPTER = 256_000_000;

const page = {
  start: byId("start", "button"),
  stop: byId("stop", "button"),
  method: byId("method", "select"),
  needs: byId("needs", "span"),
  try: byId("try", "input"),
  setup: byId("setup", "details"),
  file: byId("adapter-file", "input"),
};

const { say, complain } = new StatusLine(byId("status", "p"));
const progress = new ProgressView(
  { box: byId("progress-box", "div"), bar: byId("progress", "progress"), label: byId("progress-label", "p") },
  say,
);
const session = new TeachSession();
/** Parameters of the chosen model; 0 if they are unknown. */
let size = 0;
/** How often the time that learning takes was asked for. */
let turns = 0;
const engine = new EngineHolder();
const memory = new Memory("teach");
const panel = new ModelPanel({
  engine,
  manner: false,
  takesDrops: false,
  busy: () => session.busy,
  changed: showButtons,
  chosen: () => memory.write(panel.values()),
  reveal: () => {
    page.setup.open = true;
  },
  say,
  complain,
  progress,
  hint: t("Nothing is downloaded until you press Teach or Load now."),
  described: ({ parameters }) => {
    byId("setup-model", "span").textContent = panel.title;
    size = parameters;
    showNeeds();
    byId("setup-facts", "span").textContent = byId("model-facts", "p").textContent;
  },
});
const doors = new Doors(session, { complain });
const result = new ResultView(session);
new CourseView(session);
new KeptView(session, {
  say,
  complain,
  show,
});
/** Ends learning with the best so far, or ends whatever else runs. @type {AbortController | null} */
let running = null;

const tab = new TabState("teach", {
  source: {
    toValue: () => ({ door: session.door, text: session.text, pairs: session.pairs, try: page.try.value }),
    fromValue: ({ door, text, pairs, try: prompt }) => {
      session.change({ door, text: String(text), pairs: [...pairs] });
      page.try.value = String(prompt ?? "");
    },
  },
});
session.on("source", () => tab.changed());
session.on(["source", "busy"], showButtons);
session.on("source", showNeeds);

/** Shows an adapter that was kept. @param {import("../ui/adapters.js").Kept} kept */
async function show(kept) {
  const file = await session.fileOf(kept);
  session.show({ kept, file, heldBack: [], harm: null, chats: session.door !== "text" });
}

/** Says how long learning will take. */
async function showNeeds() {
  const turn = ++turns;
  const { extent } = doors;
  const words = extent?.examples ? await forecastOf(extent).catch(() => "") : ""; // without a connection
  if (turn === turns) page.needs.textContent = words;
}

/** @param {{examples: number, bytes: number}} extent */
async function forecastOf(extent) {
  const { learningWords } = await import("../ui/forecast.js"); // later, as it measures
  return await learningWords(extent, size);
}

function showButtons() {
  panel.showButtons();
  showStartOrStop({ start: page.start, stop: page.stop }, { busy: session.busy || panel.loading });
  page.file.disabled = session.busy;
}

/**
 * Runs something that can be stopped.
 * @param {(signal: AbortSignal) => Promise<void>} job
 */
async function run(job) {
  if (session.busy) return;
  const { activeElement: before } = document;
  session.busy = true;
  running = new AbortController();
  try {
    await job(running.signal);
  } catch (error) {
    complain(error);
  } finally {
    progress.hide();
    session.busy = false;
    if (before instanceof HTMLElement) focusIfLost(before); // it was disabled meanwhile
  }
}

function teach() {
  if (session.busy || !doors.check()) return;
  return run(async (signal) => {
    const examples = await doors.examples((work) => engine.use(work));
    const model = await panel.ensure();
    session.begin();
    say(t("Learning…"));
    const tuned = await model.tune(examples.data, {
      method: /** @type {"vectors" | "state"} */ (page.method.value),
      name: examples.name,
      stop: signal,
      onStep: showStep,
    });
    progress.hide();
    const { data: file, about, heldBack } = tuned;
    const kept = await session.keep(file, about).catch((error) => {
      download(adapterFileName(about.name, file), file, "application/octet-stream"); // nothing is lost
      throw error;
    });
    say(t("Measuring its effect on other text…"));
    const chats = session.door !== "text";
    session.show({ kept, file, heldBack, harm: await harmOf(model, file), chats });
    page.try.value ||= session.door === "pairs" ? (session.pairs[0]?.prompt ?? "") : t("It was");
    say(signal.aborted ? t("Stopped. The best version so far is kept.") : t("Finished learning."));
    byId("result", "section").focus();
  });
}

/** @param {TuningStep} step */
function showStep(step) {
  session.add(step);
  if (!step.done) return;
  const { bar, label, box } = progress.parts;
  box.hidden = false;
  bar.max = step.total;
  bar.value = step.done;
  const words = t("Step {step} of at most {total}", { step: step.done, total: step.total });
  label.textContent = step.secondsLeft > 1 ? `${words} · ${timeLeft(step.secondsLeft)}` : words;
}

/**
 * By what share other English costs more bits; null if that text cannot be fetched.
 * @param {Model} model
 * @param {Uint8Array} bytes
 */
async function harmOf(model, bytes) {
  const text = await readSets().then(
    ({ neutral }) => neutral,
    () => null,
  );
  if (text === null) return null;
  const taught = await model.withAdapter(bytes);
  const [before, after] = [await costOf(model, text), await costOf(taught, text)];
  await taught.unload();
  return after / before - 1;
}

/** @param {Model} model @param {string} text */
async function costOf(model, text) {
  const tokens = await model.logprobs(text);
  return tokens.reduce((sum, { logprob }) => sum - (logprob ?? 0), 0);
}

/**
 * Uses the model without and with the result.
 * @param {(before: Model, after: Model, signal: AbortSignal) => Promise<void>} job
 */
function withBoth(job) {
  return run(async (signal) => {
    if (!session.taught) return;
    const model = await panel.ensure();
    const after = await model.withAdapter(session.taught.file);
    try {
      await job(model, after, signal);
    } finally {
      await after.unload();
    }
  });
}

byId("write", "button").addEventListener("click", () => {
  const prompt = page.try.value;
  if (!prompt.trim()) return page.try.focus();
  const settings = { ...SETTINGS, seed: drawSeed() };
  const chats = session.taught?.chats;
  return withBoth(async (before, after, signal) => {
    for (const [side, model] of /** @type {const} */ ([
      ["before", before],
      ["after", after],
    ])) {
      say(side === "before" ? t("Writing without it…") : t("Writing with it…"));
      const pieces = chats
        ? model.chat([{ role: "user", content: prompt }], { ...settings, signal })
        : model.generate(prompt, { ...settings, signal });
      await result.write(side, chats ? `${prompt}\n` : prompt, pieces);
    }
    say("");
  });
});
byId("words-box", "details").addEventListener("toggle", ({ target }) => {
  if (!(target instanceof HTMLDetailsElement) || !target.open) return;
  if (session.busy) {
    target.open = false; // nothing could be measured now
    return;
  }
  const texts = (session.taught?.heldBack ?? []).slice(0, 5).map(({ prompt, text }) => prompt + text);
  withBoth(async (before, after, signal) => {
    say(t("Measuring words…"));
    const both = [];
    for (const model of [before, after]) {
      const scored = [];
      for (const text of texts) scored.push(await model.logprobs(text, { signal }));
      both.push(scored);
    }
    result.showWords(both[0], both[1]);
    say("");
  });
});
byId("judge", "button").addEventListener("click", () =>
  withBoth(async (before, after, signal) => {
    const { kept, heldBack } = /** @type {NonNullable<TeachSession["taught"]>} */ (session.taught);
    const writers = [
      { name: panel.title, model: before },
      { name: kept.name, model: after },
    ];
    say(t("Writing for the texts that were held back…"));
    const onText = (/** @type {number} */ done, /** @type {number} */ total) =>
      say(t("Writing text {number} of {of}…", { number: done + 1, of: total }));
    await openInComparer(await reportsOf(writers, heldBack, { signal, onText }));
  }),
);
page.file.addEventListener("change", () => {
  const [file] = page.file.files ?? [];
  page.file.value = "";
  if (!file) return;
  run(async () => {
    const remedy = t("Choose an adapter file, or a state-tuned .pth file.");
    const bytes = await fileBytes(file, LARGEST_ADAPTER, remedy);
    const model = await panel.ensure();
    const adapted = await model.withAdapter(file);
    const facts = /** @type {import("../engine/protocol.js").AdapterFacts} */ (adapted.info.adapter);
    await adapted.unload();
    const kept = await session.keep(bytes, {
      ...facts,
      name: facts.name || file.name.replace(/\.(safetensors|pth)$/i, ""),
    });
    const chats = session.door !== "text";
    session.show({ kept, file: bytes, heldBack: [], harm: await harmOf(model, bytes), chats });
    say(t("Opened {name}.", { name: file.name }));
  });
});
page.start.addEventListener("click", teach);
page.stop.addEventListener("click", () => {
  panel.stop();
  running?.abort();
});
page.try.addEventListener("input", () => tab.changed());
addEventListener("keydown", ({ key }) => {
  if (key === "Escape" && (session.busy || panel.loading)) page.stop.click();
});

panel.restore(memory.complete(readAddress({ search: location.search, hash: location.hash })));
await tab.restore();
doors.restore();
await session.refresh();
panel.describe();
showButtons();
