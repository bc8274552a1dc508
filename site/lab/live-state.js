/**
 * The state of the default model while it reads a visitor's sentence: a heat map of what some channels of one
 * layer remember after each token. It is not an experiment of the laboratory: it needs a model, and it uses
 * the library as any page would. Nothing is loaded before the visitor presses the button.
 */

import { ROOT } from "../engine/root.js";
import { heatMap, loadPlot } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { EngineHolder } from "../ui/engine.js";
import { ProgressView } from "../ui/progress.js";
import { StatusLine } from "../ui/status.js";

/** @import { Model } from "../engine/client.js" */
/** @typedef {{layers: number, width: number, values: Float32Array}} Memory [layers, 3, width] */

const CHOICE = { model: new URL("models/default/", ROOT).href };
const MOST_TOKENS = 40; // so that the picture stays readable
const CHANNELS = 16;

/**
 * What a saved state contains of the time mix; see goosequill.chat.saved_state.
 * @param {Uint8Array} file in the safetensors format
 * @returns {Memory}
 */
export function memoryOf(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, start)));
  const { shape, data_offsets } = header.wkv;
  const [layers, parts, width] = shape;
  if (parts !== 3) throw new Error("this picture shows the state of RWKV-4 only");
  const [from, to] = data_offsets;
  return { layers, width, values: new Float32Array(file.slice(start + from, start + to).buffer) };
}

/**
 * The weighted averages of one layer's channels: numerators divided by denominators.
 * @param {Memory} memory
 * @param {number} layer
 */
export function averages({ width, values }, layer) {
  const first = layer * 3 * width;
  return Array.from({ length: width }, (_, at) => values[first + at] / values[first + width + at]);
}

/**
 * Some channels, from those that change most with each token to those that change least, each divided by its
 * largest magnitude.
 * @param {number[][]} columns [tokens][channels]
 * @returns {number[][]} [channels][tokens]
 */
export function chosenChannels(columns) {
  const rows = columns[0].map((_, channel) => {
    const row = columns.map((column) => column[channel]);
    const largest = Math.max(...row.map(Math.abs)) || 1;
    return row.map((value) => value / largest);
  });
  const change = (/** @type {number[]} */ row) =>
    row.slice(1).reduce((sum, value, at) => sum + Math.abs(value - row[at]), 0);
  const sorted = rows.sort((a, b) => change(b) - change(a));
  const step = (sorted.length - 1) / (CHANNELS - 1);
  return Array.from({ length: CHANNELS }, (_, at) => sorted[Math.round(at * step)]);
}

/** Reads a sentence token by token. @param {Model} model @param {string} text @param {AbortSignal} signal */
async function read(model, text, signal) {
  const tokens = (await model.tokenize(text)).slice(0, MOST_TOKENS);
  if (tokens.length < 2) throw Object.assign(new Error("Type a few words."), { remedy: "" });
  /** @type {Memory[]} */
  const memories = [];
  let before = "";
  for (const token of tokens) {
    signal.throwIfAborted();
    before += token.text;
    memories.push(memoryOf(await model.state.save(before)));
  }
  return { names: tokens.map(({ text }) => text), memories };
}

/** The controls and the picture in one element of the article. */
class LiveState {
  #holder = new EngineHolder();
  #lease = this.#holder.lease(CHOICE);
  /** @type {AbortController | null} */
  #running = null;
  /** @type {Awaited<ReturnType<typeof read>> | null} */
  #found = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.text = element("input", {
      id: "live-state-text",
      type: "text",
      maxlength: "300",
      value: root.dataset.text,
    });
    this.layer = element("select", { id: "live-state-layer" });
    for (const layer of [1, 2, 3, 4, 5, 6])
      this.layer.append(element("option", { value: layer - 1 }, String(layer)));
    this.layer.value = "2";
    this.layer.onchange = () => this.#draw();
    this.button = element("button", { class: "primary" }, "Read it");
    this.stop = element(
      "button",
      { type: "button", hidden: true, onclick: () => this.#running?.abort() },
      "Stop",
    );
    this.picture = element("div", { "data-testid": "live-state-picture" });
    const line = element("p", { role: "status", class: "note" });
    const bar = element("progress", { "aria-labelledby": "live-state-progress" });
    const label = element("p", { id: "live-state-progress", class: "note" });
    const box = element("div", { hidden: true }, bar, label);
    this.status = new StatusLine(line);
    this.progress = new ProgressView({ box, bar, label }, this.status.say);
    const form = element(
      "form",
      { class: "live-state", onsubmit: (/** @type {Event} */ event) => this.#submit(event) },
      element("label", { for: "live-state-text" }, "Sentence"),
      this.text,
      element("label", { for: "live-state-layer" }, "Layer"),
      this.layer,
      this.button,
      this.stop,
    );
    root.replaceChildren(form, line, box, this.picture);
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#running) return;
    this.#running = new AbortController();
    const { signal } = this.#running;
    this.stop.hidden = false;
    try {
      const onProgress = this.progress.show;
      const [model] = await Promise.all([this.#lease.load({ signal, onProgress }), loadPlot()]);
      this.progress.hide();
      this.status.say("Reading the sentence");
      this.#found = await read(model, this.text.value.trim(), signal);
      this.#draw();
      this.status.say(`The state after each of ${this.#found.names.length} tokens.`);
    } catch (error) {
      this.status.complain(error);
    } finally {
      this.progress.hide();
      this.stop.hidden = true;
      this.#running = null;
    }
  }

  #draw() {
    if (!this.#found) return;
    const { names, memories } = this.#found;
    const layer = Number(this.layer.value);
    const values = chosenChannels(memories.map((memory) => averages(memory, layer)));
    const title = `What ${CHANNELS} channels of layer ${layer + 1} remember after each token`;
    const x = { label: "token", values: names.map((name, at) => `${at + 1} ${name.trim()}`) };
    const y = { label: "channel", values: values.map((_, at) => String(at + 1)) };
    this.picture.replaceChildren(heatMap({ title, x, y, values, colors: "diverging" }));
  }
}

if (globalThis.document) {
  for (const root of document.querySelectorAll("[data-engine=state]"))
    new LiveState(/** @type {HTMLElement} */ (root));
}
