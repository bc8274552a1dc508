/** What Python computes here: kernels against numpy, tokenizers, the default model's texts, threads. */

import { loadModel } from "../engine/client.js";
import { FILES, ROOT } from "../engine/root.js";
import { english } from "../ui/english.js";
import { check, ensure, Unavailable } from "./finding.js";

/** @import { Context } from "./finding.js" */
/** @typedef {{prompt: string, max_new_tokens: number, text: string}} Case */

export const MODEL = new URL("models/default/", ROOT).href;

/** @param {Context} context */
export async function checkKernels(context) {
  await findings(context, context.engine().stream("check_kernels", {}, optionsOf(context)));
}

/** @param {Context} context */
export async function checkTokenizers(context) {
  const model = await context.model();
  const parts = (/** @type {any} */ part) => context.report(named(part));
  await model.call("check_tokenizers", {}, { ...optionsOf(context), onPart: parts });
}

/** @param {Context} context */
const optionsOf = ({ signal, onProgress }) => ({ signal, onProgress });

/** @param {Context} context @param {AsyncGenerator<any>} stream */
async function findings({ report }, stream) {
  for await (const found of stream) if (found?.outcome) report(named(found));
}

/** A finding of Python's, with its group in its title. @param {any} found @returns {any} */
function named({ group, title, ...found }) {
  return { title: group ? `${group}: ${title}` : title, ...found };
}

/** @returns {Promise<Case[]>} */
async function cases() {
  const response = await fetch(new URL("selftest/golden.json", FILES));
  const words = english(`The expected texts could not be fetched: the server answered ${response.status}.`);
  ensure(response.ok, words);
  return (await response.json()).cases;
}

/**
 * The default model must write, letter by letter, what it writes natively.
 * @param {Context} context
 */
export async function checkTexts(context) {
  const model = await context.model();
  const all = await cases();
  for (const [index, each] of all.entries()) {
    const number = index + 1;
    await check(context, english(`text ${number}`), () => write(model, each, context.signal));
    context.onProgress({
      status: /** @type {any} */ ("texts"),
      file: "",
      loaded: number,
      total: all.length,
    });
  }
}

/**
 * @param {import("../engine/client.js").LoadedModel} model
 * @param {Case} wanted
 * @param {AbortSignal} signal
 */
async function write(model, { prompt, max_new_tokens, text }, signal) {
  let found = "";
  let tokens = 0;
  const started = performance.now();
  for await (const item of model.generate(prompt, { max_new_tokens, temperature: 0, signal })) {
    found += item.text ?? "";
    if ("token" in item) tokens++;
  }
  const rate = (1000 * tokens) / (performance.now() - started);
  ensure(found === text, english(`The model wrote “${found}” instead of “${text}”.`));
  const { kernel, threads } = model.info;
  return english(`as expected, ${rate.toFixed(0)} tokens a second; kernel: ${kernel}, threads: ${threads}`);
}

/** @param {Context} context */
export async function checkThreads(context) {
  await check(context, english("isolated page"), () => {
    const words = english(
      "The page is not isolated, so models use one thread. You can turn threads on under Storage.",
    );
    if (!globalThis.crossOriginIsolated) throw new Unavailable(words);
    return english(`${navigator.hardwareConcurrency} processor cores`);
  });
  await check(context, english("helper threads"), () => divided(context));
}

/** @param {Context} context */
async function divided({ engine, signal }) {
  if (!globalThis.crossOriginIsolated) throw new Unavailable(english("They need an isolated page."));
  const model = await loadModel({ model: MODEL, threads: 2, engine: engine(), signal });
  try {
    const { threads, notices = [] } = model.info;
    ensure(threads === 2, notices.join(" ") || english("No helper thread started."));
    return await write(model, (await cases())[0], signal);
  } finally {
    await model.unload();
  }
}
