/**
 * The home page: a recording replays token by token until the visitor presses Generate; then the same area
 * shows what the engine generates. The engine is fetched only then.
 */

import { ROOT } from "../engine/root.js";
import { copyButton } from "../ui/clipboard.js";
import { defaultNeeds } from "../ui/default-model.js";
import { byId, debounce } from "../ui/dom.js";
import { ProgressView } from "../ui/progress.js";
import { problem, StatusLine } from "../ui/status.js";
import { TabState } from "../ui/tab-state.js";
import { decimal, megabytes, t, tn } from "../ui/words.js";
import { Player } from "./player.js";
import { fetchRecording } from "./recording.js";
import { shareWords, shownToken, TextView } from "./text-view.js";

/** Milliseconds a token: of a recording, which one should be able to follow, and of the engine's texts. */
const REPLAY_DELAY = 320;
const LIVE_DELAY = 90;
/** Tokens of a text that the engine generates. */
const LENGTH = 60;

const WORDS = new Map([
  [0, t("Always the most likely word: the text soon repeats itself.")],
  [0.3, t("Careful: likely words only.")],
  [0.6, t("Balanced: mostly likely words, now and then a surprise.")],
  [0.9, t("Bold: unlikely words get a chance.")],
  [1.2, t("Wild: anything goes, even nonsense.")],
]);

const page = {
  styles: byId("demo-styles", "fieldset"),
  prompt: byId("demo-prompt", "textarea"),
  generate: byId("demo-generate", "button"),
  play: byId("demo-play", "button"),
  temperature: byId("demo-temperature", "input"),
  temperatureValue: byId("demo-temperature-value", "span"),
  temperatureWords: byId("demo-temperature-words", "p"),
  costs: byId("demo-costs", "p"),
};
const isStill = matchMedia("(prefers-reduced-motion: reduce)");
const { say, complain } = new StatusLine(byId("demo-status", "p"));
const progress = new ProgressView(
  {
    box: byId("demo-progress-box", "div"),
    bar: byId("demo-progress", "progress"),
    label: byId("demo-progress-label", "p"),
  },
  say,
);
const view = new TextView({
  box: byId("demo-output", "div"),
  list: byId("demo-candidates", "ol"),
  onSelect: (index, step) => {
    player.pause();
    const { decoder } = step.candidates[step.chosen] ?? { decoder: 0 };
    const values = { number: index + 1, token: shownToken(step.text), share: shareWords(decoder) };
    say(t("Token {number}, “{token}”: {share} likely at this temperature.", values));
  },
});
const player = new Player(view, { changed: showButtons });

/** The recording that is shown, or null while the engine's text or nothing is. @type {string | null} */
let replayed = null;
/** @type {import("./recording.js").Recording | null} */
let recording = null;
/** Whether the engine has a model: a changed setting then generates at once. */
let isLoaded = false;
/** @type {AbortController | null} while the engine works */
let work = null;
let size = "";
let seed = 0;
/**
 * The engine's text that is shown, with what it was made from; null while a recording or nothing is.
 * @typedef {{prompt: string, settings: {temperature: number, max_new_tokens: number}, seed: number,
 *   steps: import("./recording.js").Step[]}} Made
 * @type {Made | null}
 */
let made = null;

/**
 * What the page keeps for its tab: Back and a reload bring it back, and the playground continues it
 * (playground/from-home.js). The prompt is without the tag of its style.
 * @typedef {{style: string, tag: string, prompt: string, temperature: number, made: Made | null}} KeptDemo
 * @type {KeptDemo | null} what was kept by the last visit
 */
let kept = null;
const tab = new TabState("home", {
  demo: {
    toValue: () => (isUntouched() ? undefined : currentDemo()),
    fromValue: (/** @type {KeptDemo} */ value) => {
      kept = value;
    },
  },
});

function showButtons() {
  const start = isLoaded || !size ? t("Generate") : t("Generate ({size})", { size });
  page.generate.textContent = work ? t("Stop") : start;
  page.play.textContent = player.playing ? t("Pause") : player.ended ? t("Replay") : t("Play");
  page.play.disabled = player.steps.length === 0;
  if (isLoaded) page.costs.textContent = "";
}

const temperature = () => Number(page.temperature.value);

function showTemperature() {
  const value = decimal(temperature(), 1);
  page.temperatureValue.textContent = value;
  page.temperature.setAttribute("aria-valuetext", value);
  page.temperatureWords.textContent = WORDS.get(temperature()) ?? "";
}

function chosenStyle() {
  const checked = page.styles.querySelector("input:checked");
  return checked instanceof HTMLInputElement ? checked.value : "novel";
}

/**
 * Shows the recording of the chosen style and temperature.
 * @param {{shown?: number, play?: boolean}} options
 */
function replay({ shown = 0, play = true } = {}) {
  const steps = recording?.runs.get(temperature()) ?? [];
  replayed = recording && chosenStyle();
  made = null;
  player.show(steps, { delay: REPLAY_DELAY, shown: isStill.matches ? steps.length : shown });
  if (recording)
    say(
      t("A recording, the best of {count}. Press Generate to run it live.", {
        count: 20, // scripts/recordings.py
      }),
    );
  if (play && !isStill.matches) player.play();
}

async function chooseStyle() {
  const style = chosenStyle();
  try {
    const found = await fetchRecording(style);
    if (style !== chosenStyle()) return;
    const isOwn = recording !== null && page.prompt.value !== recording.prompt;
    recording = found;
    if (!isOwn) page.prompt.value = found.prompt;
    if (isLoaded) return generate();
    if (isOwn) expectGenerate();
    else replay();
  } catch (error) {
    complain(
      problem(
        error instanceof Error ? error.message : String(error),
        t("Check the network, or press Generate."),
      ),
    );
  }
}

const generateSoon = debounce(() => generate({ sameSeed: true }), 200);

function chooseTemperature() {
  showTemperature();
  if (isLoaded) return generateSoon();
  if (replayed === null) return;
  const { shown, ended, playing } = player;
  replay({ shown: ended ? Number.POSITIVE_INFINITY : shown, play: playing });
}

function editPrompt() {
  if (replayed !== null) expectGenerate();
}

/** The visitor's own words have no recording. */
function expectGenerate() {
  replayed = null;
  made = null;
  player.show([]);
  say(t("Press Generate: the model continues your words."));
}

function stop() {
  work?.abort();
}

/** Clears the text for what the engine is about to generate. */
function expectSteps() {
  replayed = null;
  player.show([], { delay: isStill.matches ? 0 : LIVE_DELAY, complete: false });
  player.play();
  say(t("Generating…"));
}

/** @param {{sameSeed?: boolean}} [options] */
async function generate({ sameSeed = false } = {}) {
  if (!page.prompt.value.trim()) {
    complain(problem(t("The prompt is empty."), t("Type a few words for the model to continue.")));
    return page.prompt.focus();
  }
  stop();
  const own = new AbortController();
  work = own;
  if (!sameSeed) seed = Math.floor(Math.random() * 1e6);
  if (!isLoaded) say(t("Loading the model…")); // the recording plays on meanwhile
  showButtons();
  try {
    await stream(own.signal);
  } catch (error) {
    if (work === own || !own.signal.aborted) complain(error);
  } finally {
    if (work === own) {
      work = null;
      progress.hide();
      player.finish();
      showButtons();
    }
  }
}

/** @param {AbortSignal} signal */
async function stream(signal) {
  const live = await import("./live.js");
  await live.load({ signal, onProgress: progress.show });
  progress.hide();
  isLoaded = true;
  // What is chosen now counts: loading takes long enough to change one's mind.
  const { tag, prompt, temperature } = currentDemo();
  const settings = { temperature, max_new_tokens: LENGTH };
  expectSteps();
  made = { prompt: tag + prompt, settings, seed, steps: player.steps };
  for await (const step of live.generate(made.prompt, { ...settings, seed }, signal)) {
    signal.throwIfAborted(); // a newer text may have begun
    player.add(step);
  }
  sayGenerated();
}

function sayGenerated() {
  say(
    tn(
      player.steps.length,
      "{n} token, generated in this page. Seed {seed}. Select a token to see what the model considered.",
      "{n} tokens, generated in this page. Seed {seed}. Select a token to see what the model considered.",
      { seed: String(seed) },
    ),
  );
}

/** @returns {KeptDemo} */
function currentDemo() {
  const tag = recording?.tag ?? "";
  return { style: chosenStyle(), tag, prompt: page.prompt.value, temperature: temperature(), made };
}

/** Whether everything is as the page began. */
function isUntouched() {
  const { styles, temperature, prompt } = page;
  const isFirst = styles.querySelector("input:checked")?.hasAttribute("checked");
  const isSame = temperature.value === temperature.defaultValue && prompt.value === recording?.prompt;
  return isFirst && isSame && !made;
}

/** Shows what this tab had before the page was left. @param {KeptDemo} demo */
async function restore({ style, prompt, temperature, made: text }) {
  for (const radio of page.styles.querySelectorAll("input")) radio.checked = radio.value === style;
  page.temperature.value = String(temperature);
  showTemperature();
  await chooseStyle();
  page.prompt.value = prompt;
  if (!text) return prompt === recording?.prompt ? undefined : editPrompt();
  [made, seed, replayed] = [text, text.seed, null];
  player.show(text.steps, { delay: isStill.matches ? 0 : LIVE_DELAY, shown: text.steps.length });
  sayGenerated();
}

function togglePlay() {
  if (player.playing) player.pause();
  else player.play();
}

/** Puts this site's address into the tag, and a button to copy it. */
function offerTag() {
  const box = byId("home-tag", "div");
  const code = box.querySelector("code");
  if (!code) return;
  code.textContent = code.textContent?.replace("https://YOUR-HOST/", ROOT) ?? "";
  const text = () => code.textContent ?? "";
  box.append(
    copyButton(text, {
      name: t("Copy the tag"),
      fallbackElement: /** @type {HTMLElement} */ (code.parentElement),
    }),
  );
}

/** Fetches each picture shortly before it comes into view. */
function fetchPicturesInTime() {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        for (const image of target.querySelectorAll("img")) image.src = image.dataset.src ?? "";
      }
    },
    { rootMargin: "20%" },
  );
  for (const figure of document.querySelectorAll("[data-picture]")) observer.observe(figure);
}

/** Shows what the first text downloads, what it takes, and how fast it would be here. */
async function showCosts() {
  const needs = await defaultNeeds();
  if (!needs) return;
  size = megabytes(needs.download);
  showButtons();
  const { forecastWords } = await import("../ui/forecast.js"); // later, as it measures
  page.costs.textContent = await forecastWords(needs);
}

page.styles.addEventListener("change", chooseStyle);
page.temperature.addEventListener("input", chooseTemperature);
page.prompt.addEventListener("input", editPrompt);
page.generate.addEventListener("click", () => (work ? stop() : generate()));
page.play.addEventListener("click", togglePlay);
offerTag();
fetchPicturesInTime();
showTemperature();
await tab.restore();
await (kept ? restore(kept) : chooseStyle());
for (const control of [page.styles, page.prompt, page.temperature, page.generate]) control.disabled = false;
showButtons();
await showCosts();
