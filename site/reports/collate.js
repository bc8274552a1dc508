/**
 * Puts reports side by side. The exact prompt is the key. Prompts that more reports share come first;
 * otherwise rows are in order of first appearance, also for prompts that look like numbers. A prompt that
 * occurs twice in a file is one row with the outputs of both.
 */

import { listed, t } from "../ui/words.js";

/** @import { Output, Report, Result } from "./report.js" */

/**
 * @typedef {Object} Column one report of one file
 * @property {string} id stable while the page is open
 * @property {string} letter "A", "B", ... "Z", "A2"
 * @property {string} label unique enough to read: the model, and the file where two columns share a model
 * @property {string} model
 * @property {string} source the file's name or address
 * @property {Report} report
 *
 * @typedef {Object} Row
 * @property {number} number from 1, in the order of the table
 * @property {string} prompt
 * @property {Map<string, Result[]>} cells by column id
 *
 * @typedef {{columns: Column[], rows: Row[], configs: string[], mostOutputs: number}} Table
 */

/** @typedef {readonly {id: string, source: string, report: Report}[]} Loaded */

/** @param {Loaded} loaded @returns {Table} */
export function collate(loaded) {
  const steps = collating(loaded);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * The same in steps, each of which does the work of one prompt of one report.
 * @param {Loaded} loaded
 * @returns {Generator<void, Table, void>}
 */
export function* collating(loaded) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  /** @type {Set<string>} */
  const configs = new Set();
  let mostOutputs = 0;
  for (const { id, report } of loaded) {
    for (const [prompt, results] of yield* byPrompt(report)) {
      yield;
      let row = rows.get(prompt);
      if (!row) {
        row = { number: 0, prompt, cells: new Map() };
        rows.set(prompt, row);
      }
      const cell = joinResults(results);
      row.cells.set(id, cell);
      for (const result of cell) {
        configs.add(result.config);
        mostOutputs = Math.max(mostOutputs, result.outputs.length);
      }
    }
  }
  const sorted = [...rows.values()].sort((a, b) => b.cells.size - a.cells.size);
  for (const [at, row] of sorted.entries()) row.number = at + 1;
  return { columns: labelled(loaded), rows: sorted, configs: [...configs], mostOutputs };
}

/** The results of each prompt, of all entries that have it. @param {Report} report */
function* byPrompt({ entries }) {
  /** @type {Map<string, Result[]>} */
  const found = new Map();
  for (const { prompt, results } of entries) {
    const known = found.get(prompt);
    if (known) for (const result of results) known.push(result);
    else found.set(prompt, [...results]);
    yield;
  }
  return found;
}

/**
 * Joins results of the same configuration. The reports themselves are not changed.
 * @param {Result[]} results
 * @returns {Result[]}
 */
function joinResults(results) {
  /** @type {Map<string, Result[]>} */
  const parts = new Map();
  for (const result of results) {
    const known = parts.get(result.config);
    if (known) known.push(result);
    else parts.set(result.config, [result]);
  }
  return [...parts.values()].map((same) => {
    const [first] = /** @type {[Result, ...Result[]]} */ (same);
    return same.length === 1 ? first : { ...first, outputs: same.flatMap(({ outputs }) => outputs) };
  });
}

/** @param {Loaded} loaded @returns {Column[]} */
function labelled(loaded) {
  const short = loaded.map(({ report }) => report.model.split("/").at(-1) ?? report.model);
  return loaded.map(({ id, source, report }, index) => {
    const twin = short.some((name, other) => other !== index && name === short[index]);
    const letter = letterOf(index);
    return {
      id,
      letter,
      label: twin ? `${short[index]} · ${fileOf(source)}` : (short[index] ?? ""),
      model: report.model,
      source,
      report,
    };
  });
}

/** @param {number} index */
export function letterOf(index) {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : `${letter}${Math.floor(index / 26) + 1}`;
}

/** @param {string} source */
export function fileOf(source) {
  return source.split(/[?#]/)[0]?.split("/").filter(Boolean).at(-1) || source;
}

/**
 * @typedef {{text: Output, config: string, index: number, count: number, params: Result["params"]}} Sample
 * index counts from 1; count is how many identical samples it represents
 */

/**
 * The samples of one cell that the view selects.
 * @param {Result[]} results
 * @param {{config: string, sample: number, group: boolean}} view config "" and sample 0 mean all
 * @returns {{samples: Sample[], missing: string}} missing is a sentence for the visitor if there are none
 */
export function samplesOf(results, { config, sample, group }) {
  const chosen = config === "" ? results : results.filter((result) => result.config === config);
  if (results.length === 0) return { samples: [], missing: t("The file has no results for this prompt.") };
  if (chosen.length === 0) {
    const others = listed(results.map((result) => t("“{name}”", { name: result.config })));
    return { samples: [], missing: t("There is no “{config}” here, only {others}.", { config, others }) };
  }
  const samples = chosen.flatMap((result) => pick(result, { sample, group }));
  if (samples.length > 0) return { samples, missing: "" };
  const most = Math.max(...chosen.map((result) => result.outputs.length));
  if (most === 0) return { samples, missing: t("No outputs.") };
  return { samples, missing: t("There is no sample {sample} here, only {most}.", { sample, most }) };
}

/** @param {Result} result @param {{sample: number, group: boolean}} view @returns {Sample[]} */
function pick({ config, params, outputs }, { sample, group }) {
  if (sample > 0) {
    const text = outputs[sample - 1];
    return text === undefined ? [] : [{ text, config, index: sample, count: 1, params }];
  }
  if (!group) return outputs.map((text, at) => ({ text, config, index: at + 1, count: 1, params }));
  /** @type {Map<Output, Sample>} */
  const groups = new Map();
  outputs.forEach((text, at) => {
    const seen = groups.get(text);
    if (seen) seen.count++;
    else groups.set(text, { text, config, index: at + 1, count: 1, params });
  });
  return [...groups.values()];
}

/**
 * Whether the columns' selected texts for a prompt differ. Columns without the prompt do not count.
 * @param {Row} row
 * @param {string[]} columnIds
 * @param {{config: string, sample: number}} view
 */
export function differs(row, columnIds, { config, sample }) {
  const sides = columnIds.flatMap((id) => {
    const results = row.cells.get(id);
    if (!results) return [];
    const { samples } = samplesOf(results, { config, sample, group: true });
    return samples.length === 0
      ? []
      : [JSON.stringify([...new Set(samples.map(({ text }) => text?.trim() ?? null))].sort())];
  });
  return new Set(sides).size > 1;
}

/**
 * @param {Table} table
 * @returns {{columnId: string, prompts: number, only: number, outputs: number}[]} only: prompts that no other
 *   column has
 */
export function coverage({ columns, rows }) {
  return columns.map(({ id }) => {
    const held = rows.filter((row) => row.cells.has(id));
    const outputs = held.reduce(
      (sum, row) => sum + (row.cells.get(id) ?? []).reduce((n, result) => n + result.outputs.length, 0),
      0,
    );
    return {
      columnId: id,
      prompts: held.length,
      only: held.filter((row) => row.cells.size === 1).length,
      outputs,
    };
  });
}
