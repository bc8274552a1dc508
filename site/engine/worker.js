/**
 * The engine's worker: starts Python (Pyodide) when it is first needed and dispatches each message. It does
 * nothing else: no numerics, no decoding, nothing of a page. The messages are in protocol.js.
 *
 * The engine goes idle -> loading -> ready or error, and never back: after an error the page starts a new
 * worker. A model that cannot be read is an error of that request only.
 */

import { Assets } from "./assets.js";
import { errorFields } from "./protocol.js";
import { FILES } from "./root.js";
import { Bridge, value } from "./worker/bridge.js";
import { run } from "./worker/jobs.js";
import { Loading } from "./worker/loading.js";

/** @import { Request } from "./protocol.js" */

const LOCK = `goosequill-engine-${Math.random().toString(36).slice(2)}`;
const scope = /** @type {any} */ (globalThis);
/** What ends each request that is being answered, by its id. @type {Map<number, AbortController>} */
const running = new Map();
const assets = new Assets(FILES);
const isIdle = () => running.size === 0;
const bridge = new Bridge(assets, isIdle, () => leave("it could not start"));
const loading = new Loading(bridge, post, isIdle);

/** @param {import("./protocol.js").Reply} reply @param {ArrayBuffer[]} [transfer] */
function post(reply, transfer = []) {
  scope.postMessage(reply, transfer);
}

/** @param {Request} request @param {AbortSignal} signal @returns {Promise<void>} */
function dispatch(request, signal) {
  switch (request.type) {
    case "load":
      return loading.load(request, signal);
    case "run":
      return run(bridge, request, signal, post, (result) => loading.share(result));
    case "forget":
      return forget(request);
    case "unload":
      return loading.unload(request);
    default:
      throw new TypeError(`unknown message: ${request.type}`);
  }
}

/** @param {import("./protocol.js").ForgetMessage} request */
async function forget({ id, handle }) {
  const python = await bridge.ifReady();
  if (python) value(python.forget(handle));
  loading.unshare(handle);
  post({ type: "done", id, result: null });
}

/** @param {number} id */
async function reportStatus(id) {
  const { state, heapBytes } = bridge;
  const status = { state, models: 0, running: running.size, heap_bytes: heapBytes };
  const python = await bridge.ifReady();
  if (python) status.models = value(python.status()).models;
  post({ type: "status", id, status });
}

/** @param {string} reason */
function leave(reason) {
  post({ type: "gone", reason });
  scope.close();
}

/** @param {number} id @param {unknown} error */
function reject(id, error) {
  post({ type: "error", id, error: errorFields(error) });
}

scope.onmessage = async (/** @type {MessageEvent<Request>} */ { data }) => {
  if (data.type === "cancel") return running.get(data.id)?.abort();
  if (data.type === "addresses") {
    assets.addresses = data.addresses;
    return;
  }
  if (data.type === "prepared") return bridge.prepared.receive(data.port);
  if (data.type === "status") return reportStatus(data.id).catch((error) => reject(data.id, error));
  const controller = new AbortController();
  running.set(data.id, controller);
  try {
    await dispatch(data, controller.signal);
  } catch (error) {
    reject(data.id, error);
    if (/** @type {any} */ (error)?.pyodide_fatal_error) leave("Python crashed");
  } finally {
    running.delete(data.id);
  }
};

// A lock ends with its holder, whatever ends the holder, so the page learns at once that a worker has died.
// Where there are no locks (plain http), the page has only the worker's error event.
const locks = globalThis.navigator?.locks;
if (!locks) post({ type: "alive", lock: "" });
locks?.request(LOCK, () => {
  post({ type: "alive", lock: LOCK });
  return new Promise(() => {});
});
