/** Writes for the texts held back, without and with what was learned, and hands both to the comparer. */

import { TabStore } from "../ui/tab-store.js";

/** @import { Model } from "../engine/client.js" */
/** @import { HeldBack } from "../engine/tuning.js" */

/** Texts that are judged, and tokens of each. */
const MOST = 12;
const LENGTH = 60;
/** What is the prompt of a text without one: so many characters, and the rest of a word. */
const BEGINNING = /^.{40}\S{0,40}/su;

/**
 * @param {{name: string, model: Model}[]} writers
 * @param {HeldBack[]} texts
 * @param {{signal: AbortSignal, onText: (done: number, total: number) => void}} options
 * @returns {Promise<{name: string, text: string}[]>} sampling reports, as files
 */
export async function reportsOf(writers, texts, { signal, onText }) {
  const prompts = [...new Set(texts.map(promptOf))].slice(0, MOST);
  const total = prompts.length * writers.length;
  let loaded = 0;
  const reports = [];
  for (const { name, model } of writers) {
    const params = { max_new_tokens: LENGTH, temperature: 0.7, top_p: 0.9, seed: 1 };
    const results = [];
    for (const prompt of prompts) {
      onText(loaded++, total);
      let text = "";
      for await (const piece of model.generate(prompt, { ...params, signal })) text += piece.text;
      const result = { sampling_config: "default", sampling_params: params, outputs: [text] };
      results.push({ prompt, results: [result] });
    }
    const report = { model_name: name, date: new Date().toISOString(), args: {}, prompts: results };
    reports.push({ name: `${name}.json`, text: JSON.stringify(report) });
  }
  return reports;
}

/** @param {HeldBack} one */
function promptOf({ prompt, text }) {
  return prompt || (text.match(BEGINNING)?.[0] ?? text);
}

/** @param {{name: string, text: string}[]} reports */
export async function openInComparer(reports) {
  await new TabStore("reports").writeNow({ reports });
  location.assign("../compare/#page=vote");
}
