/**
 * The recorded texts that the page replays before the engine is loaded: one file a style, made by
 * scripts/recordings.py, with a run for each temperature.
 */

import { FILES } from "../engine/root.js";
import { t } from "../ui/words.js";

/** Candidates of a token. */
export const ROWS = 5;

/**
 * One chosen token. The candidates are ordered by probability; `model` is the model's own, `decoder` the one
 * after the temperature; `chosen` is the token's index among them.
 * @typedef {{text: string, model: number, decoder: number}} Candidate
 * @typedef {{text: string, chosen: number, candidates: Candidate[]}} Step
 * @typedef {{tag: string, prompt: string, seed: number, runs: Map<number, Step[]>}} Recording
 */

/** The file's thousandths are rounded: none is certain or impossible. @param {number} thousandths */
const rounded = (thousandths) => Math.min(Math.max(thousandths / 1000, 0.0004), 0.9996);

/** @param {any} file @returns {Recording} */
export function readRecording({ tag, prompt, seed, runs }) {
  const steps = (/** @type {any} */ run) =>
    run.steps.map((/** @type {[string, number, [string, number, number][]]} */ [text, chosen, rows]) => ({
      text,
      chosen,
      candidates: rows.map(([text, model, decoder]) => ({
        text,
        model: rounded(model),
        decoder: run.temperature ? rounded(decoder) : decoder / 1000,
      })),
    }));
  return {
    tag,
    prompt,
    seed,
    runs: new Map(runs.map((/** @type {any} */ run) => [run.temperature, steps(run)])),
  };
}

/** @type {Map<string, Promise<Recording>>} */
const kept = new Map();

/** @param {string} style @returns {Promise<Recording>} */
export function fetchRecording(style) {
  let recording = kept.get(style);
  if (!recording) {
    recording = fetch(new URL(`home/recordings/${style}.json`, FILES)).then(async (response) => {
      if (!response.ok) {
        const { status } = response;
        throw new Error(t("The recording could not be fetched ({status}).", { status }));
      }
      return readRecording(await response.json());
    });
    recording.catch(() => kept.delete(style)); // it can be tried again
    kept.set(style, recording);
  }
  return recording;
}

/**
 * What the page shows of an explanation: the likeliest candidates, and the chosen one in any case.
 * @param {string} text
 * @param {{token: number, candidates: {token: number, text: string, probabilities: number[]}[]}} explanation
 * @returns {Step}
 */
export function stepOf(text, { token, candidates }) {
  const listed = candidates.map((one) => ({
    token: one.token,
    text: one.text,
    model: one.probabilities[0],
    decoder: one.probabilities[one.probabilities.length - 1],
  }));
  const shown = listed.slice(0, ROWS);
  const taken = listed.find((one) => one.token === token);
  if (taken && !shown.includes(taken)) shown[shown.length - 1] = taken;
  return { text, chosen: taken ? shown.indexOf(taken) : -1, candidates: shown };
}
