// The engine's worker: starts Python (Pyodide) and hands each message to goosequill.browser.bridge.
// It only dispatches: no numerics, no decoding, nothing of a page. Messages are in protocol.js.
//
// The engine goes idle -> loading -> ready or error, and never back: after an error the page starts
// a new worker. A model that cannot be read is no error of the engine, only of that request.

import { EngineError, errorFields, PROGRESS_INTERVAL, TOKEN_INTERVAL } from "./protocol.js";
import { Python } from "./python.js";
import { partSources, wholeSources } from "./sources.js";
import { startHelpers } from "./threads.js";
import { checkWebAssembly, hasSimd, NO_SIMD } from "./webassembly.js";

/** @typedef {import("./protocol.js").Request} Request */
/** @typedef {import("./protocol.js").Reply} Reply */
/** @typedef {import("./protocol.js").Progress} Progress */
/** @typedef {(progress: Progress) => void} Tell */

const BASE = new URL("../", import.meta.url);
/** GiB that WebAssembly can address, and bytes of them that Python itself takes. */
const MOST_MEMORY = 4;
const OWN_MEMORY = 150_000_000;
/** What is no fault of a copy. */
const NO_MEMORY = ["out-of-memory", "model-too-large"];
/** Milliseconds between looks whether the engine is at rest. */
const IDLE = 100;
const ALONE = { threads: 1, shared_bytes: 0 };
const LOCK = `goosequill-engine-${Math.random().toString(36).slice(2)}`;
const scope = /** @type {any} */ (globalThis);

/** @type {import("./protocol.js").EngineState} */
let state = "idle";
/** @type {Promise<any> | null} Python's bridge, once started */
let engine = null;
const python = new Python(BASE);
/** @type {Map<number, AbortController>} */
const running = new Map();
/** What ends the helper threads of a model, by its number. @type {Map<number, () => void>} */
const divided = new Map();
/** Models that were rounded and are being kept. @type {Set<number>} */
const keeping = new Set();

/** @param {Reply} reply @param {ArrayBuffer[]} [transfer] */
function post(reply, transfer = []) {
  scope.postMessage(reply, transfer);
}

/** Lets waiting messages in, as setTimeout(0) would, but without its 4 ms. @returns {Promise<void>} */
function breathe() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

// ---- Python ----------------------------------------------------------------------------------

/** @param {Tell} tell @param {(error: unknown) => void} onLost */
async function startPython(tell, onLost) {
  await checkWebAssembly();
  const pyodide = await python.start(tell, onLost);
  return pyodide.pyimport("goosequill.browser.bridge").Bridge(available());
}

/** @param {Tell} tell @returns {Promise<any>} */
function ready(tell) {
  if (engine) return engine;
  state = "loading";
  /** @type {Promise<any>} */
  const started = new Promise((resolve, reject) => {
    startPython(tell, reject).then(resolve, reject);
  });
  engine = started.then(
    (bridge) => {
      state = "ready";
      return bridge;
    },
    (error) => {
      state = "error";
      setTimeout(() => leave("it could not start")); // when those who wait have been told why
      if (error instanceof EngineError) throw error;
      const { message } = errorFields(error);
      throw new EngineError({
        code: "engine-start",
        message: `The engine could not start. ${message}`,
        remedy: "Reload the page; an up-to-date browser with WebAssembly is needed.",
      });
    },
  );
  return engine;
}

/** What a function of the bridge answers: its value, or the error that it tells. @param {any} answer */
function value(answer) {
  if (answer.error) throw new EngineError(answer.error);
  return answer.value;
}

// ---- Requests --------------------------------------------------------------------------------

/** Bytes that a model may take. */
function available() {
  const device = /** @type {any} */ (globalThis.navigator)?.deviceMemory ?? MOST_MEMORY;
  return Math.min(MOST_MEMORY, device) * 2 ** 30 - OWN_MEMORY;
}

/**
 * Lets helpers take a part of a model's products, if that is faster here or was asked for.
 * @param {number} handle
 * @param {import("./threads.js").Helpers} helpers
 * @param {boolean} forced
 */
async function divide(handle, helpers, forced) {
  const bridge = await engine;
  const division = value(bridge.division(handle));
  if (!division) {
    helpers.end();
    return ALONE;
  }
  const heap = python.pyodide._module;
  const room = available() + OWN_MEMORY - heap.HEAPU8.length;
  const team = await helpers.join(new WebAssembly.Module(division.module), division.matrices, heap, room);
  const share = heap.addFunction((/** @type {number} */ step) => team.share(step), "ii");
  divided.set(handle, () => {
    helpers.end();
    heap.removeFunction(share);
  });
  if (value(bridge.divide(handle, share, forced))) {
    return { threads: helpers.count + 1, shared_bytes: team.memory.buffer.byteLength };
  }
  reunite(handle);
  return ALONE;
}

/** @param {number} handle */
function reunite(handle) {
  divided.get(handle)?.();
  divided.delete(handle);
}

/** @param {import("./protocol.js").LoadMessage} request @param {AbortSignal} signal */
async function load({ id, model }, signal) {
  const helpers = startHelpers(model); // now, to be there when the weights are
  try {
    await loadWith(helpers, { id, model }, signal);
  } catch (error) {
    helpers?.end();
    throw error;
  }
}

/**
 * @param {import("./threads.js").Helpers | null} helpers
 * @param {{id: number, model: import("./protocol.js").ModelSource}} request
 * @param {AbortSignal} signal
 * @param {boolean} [copied] whether a copy that was kept of the rounded model will do
 */
async function loadWith(helpers, { id, model }, signal, copied = true) {
  const started = performance.now();
  /** @type {Tell} */
  const tell = (progress) => post({ type: "progress", id, progress });
  const notices = hasSimd() ? [] : [NO_SIMD];
  const quantize = model.quantize ?? null;
  const start = () => ready(tell);
  /** Refuses what cannot run or will not fit, before it is downloaded. @type {import("./sources.js").Look} */
  const look = async (sources) => {
    const job = value((await start()).run("inspect", { quantize }, sources));
    const { end } = value(job.step());
    job.destroy();
    if (end.problem) throw new EngineError(end.problem);
  };
  const sources = wholeSources(model, { signal, tell, look, available: available(), notices, copied });
  sources.catch(() => {}); // awaited below, after the engine
  const bridge = await start();
  const { files, copy, keeper } = await sources;
  signal.throwIfAborted();
  /** @param {number} loaded @param {number} total */
  const onWeights = (loaded, total) => tell({ status: "weights", file: "", loaded, total });
  const tokenizer = model.kind === "folder" ? "" : (model.tokenizer ?? "");
  const verify = model.kind === "files"; // what was downloaded is verified already
  const settings = { quantize, tokenizer, verify, keep: keeper !== null };
  const answer = () => value(bridge.load(files, settings, onWeights, model.kernel ?? "auto", copy));
  let loaded;
  try {
    loaded = answer();
  } catch (error) {
    const { code = "", pyodide_fatal_error: fatal } = /** @type {any} */ (error);
    if (!copy || fatal || NO_MEMORY.includes(code)) throw error;
    await copy.discard();
    return await loadWith(helpers, { id, model }, signal, false);
  }
  const { handle, info } = loaded;
  Object.assign(info, ALONE);
  if (helpers) {
    const failed = (/** @type {Error} */ { message }) => {
      notices.push(`One thread computes, because another could not be started: ${message}.`);
      helpers.end();
      return ALONE;
    };
    Object.assign(info, await divide(handle, helpers, Boolean(model.threads)).catch(failed));
  }
  const rounded = keeper && value(bridge.take_quantized(handle));
  const note = rounded ? await keeper.refusal(rounded.bytes) : "";
  if (note) notices.push(note);
  info.notices = notices;
  info.load_seconds = (performance.now() - started) / 1000;
  info.heap_bytes = python.pyodide._module.HEAPU8.length; // it never shrinks, so this is the peak
  post({ type: "loaded", id, model: handle, info });
  if (rounded && note) rounded.file.destroy();
  else if (rounded) keep(keeper, handle, rounded);
}

/**
 * Keeps what was rounded while nothing else is asked for; what is asked for goes first.
 * @param {import("./sources.js").Keeper} keeper
 * @param {number} handle
 * @param {import("./sources.js").Rounded & {file: any}} rounded
 */
async function keep(keeper, handle, { file, ...rounded }) {
  keeping.add(handle);
  async function* pieces() {
    for (;;) {
      while (running.size) await new Promise((resolve) => setTimeout(resolve, IDLE));
      if (!keeping.has(handle)) throw new Error("the model was unloaded");
      const piece = value(file.read());
      if (!piece) return;
      yield piece;
    }
  }
  try {
    await keeper.keep(rounded, pieces());
  } catch {
    // it is made anew at the next load
  } finally {
    keeping.delete(handle);
    file.destroy();
  }
}

/**
 * Runs a job of Python's, a step at a time, so that this worker hears of a cancellation between two of them.
 * @param {import("./protocol.js").RunMessage} request
 * @param {AbortSignal} signal
 */
async function run({ id, job: name, args: { files: model, ...args } }, signal) {
  /** @type {Tell} */
  const tell = (progress) => post({ type: "progress", id, progress });
  const files = model && (await partSources(/** @type {any} */ (model), { signal, tell }));
  const bridge = await ready(tell);
  const job = value(bridge.run(name, args, files));
  signal.addEventListener("abort", () => job.cancel());
  if (signal.aborted) job.cancel();
  /** @type {unknown[]} */
  let parts = [];
  let posted = 0;
  let reported = 0;
  const flush = () => {
    if (parts.length) post({ type: "part", id, parts }, buffersIn(parts));
    parts = [];
    posted = performance.now();
  };
  try {
    for (;;) {
      const step = value(job.step());
      const { progress } = step;
      if (
        progress &&
        (progress.loaded === progress.total || performance.now() - reported >= PROGRESS_INTERVAL)
      ) {
        reported = performance.now();
        tell(progress);
      }
      if ("part" in step) parts.push(step.part);
      const last = "end" in step || step.aborted;
      if (last || performance.now() - posted >= TOKEN_INTERVAL) flush();
      if (step.aborted) throw signal.reason;
      if (last) return post({ type: "done", id, result: step.end }, buffersIn(step.end));
      await breathe();
    }
  } finally {
    job.destroy();
  }
}

/**
 * The buffers of all typed arrays in a value, which are moved to the page instead of copied.
 * @param {any} value plain objects, arrays and typed arrays, as Python's bridge makes them
 * @param {ArrayBuffer[]} [found]
 */
function buffersIn(value, found = []) {
  if (ArrayBuffer.isView(value)) found.push(/** @type {ArrayBuffer} */ (value.buffer));
  else if (value && typeof value === "object") for (const key in value) buffersIn(value[key], found);
  return found;
}

/** @param {import("./protocol.js").ForgetMessage} request */
async function forget({ id, conversation }) {
  if (state === "ready") value((await ready(() => {})).forget(conversation));
  post({ type: "done", id, result: null });
}

/** @param {import("./protocol.js").UnloadMessage} request */
async function unload({ id, model }) {
  keeping.delete(model);
  if (state === "ready") value((await ready(() => {})).unload(model));
  reunite(model);
  post({ type: "done", id, result: null });
}

/** @param {number} id */
async function tellStatus(id) {
  const models = state === "ready" ? value((await ready(() => {})).status()).models : 0;
  const heap = python.pyodide?._module.HEAPU8.length ?? 0;
  post({ type: "status", id, status: { state, models, running: running.size, heap_bytes: heap } });
}

/** @param {Request} request @param {AbortSignal} signal @returns {Promise<void>} */
function dispatch(request, signal) {
  switch (request.type) {
    case "load":
      return load(request, signal);
    case "run":
      return run(request, signal);
    case "forget":
      return forget(request);
    case "unload":
      return unload(request);
    default:
      throw new TypeError(`unknown message: ${request.type}`);
  }
}

/** @param {string} reason */
function leave(reason) {
  post({ type: "gone", reason });
  scope.close();
}

/** @param {number} id @param {unknown} error */
function refuse(id, error) {
  post({ type: "error", id, error: errorFields(error) });
}

scope.onmessage = async (/** @type {MessageEvent<Request>} */ { data }) => {
  if (data.type === "cancel") return running.get(data.id)?.abort();
  if (data.type === "status") return tellStatus(data.id).catch((error) => refuse(data.id, error));
  const controller = new AbortController();
  running.set(data.id, controller);
  try {
    await dispatch(data, controller.signal);
  } catch (error) {
    refuse(data.id, error);
    if (!(/** @type {any} */ (error)?.pyodide_fatal_error)) return;
    leave("Python came to a fault that it cannot go on from");
  } finally {
    running.delete(data.id);
  }
};

// A lock ends with its holder, whatever ends the holder: so the page learns at once of a dead worker.
// Where there are no locks (plain http), the page has only the worker's error event.
const locks = globalThis.navigator?.locks;
if (!locks) post({ type: "alive", lock: "" });
locks?.request(LOCK, () => {
  post({ type: "alive", lock: LOCK });
  return new Promise(() => {});
});
