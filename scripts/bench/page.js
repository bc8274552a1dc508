/** One contestant of the benchmark per page; scripts/bench calls window.ask(request, options). */

import { startOnnx, startWllama } from "./peers.js";

/** A contestant in a worker. @param {string} script */
function startWorker(script) {
  const worker = new Worker(script, { type: "module" });
  return (request, options) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.value));
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage({ request, ...options });
    });
}

/** Gigabytes per second that this many threads read together, each from its own 256 MB. */
async function startBandwidth() {
  const module = await WebAssembly.compileStreaming(fetch("bandwidth.wasm"));
  const workers = [];
  const read = (worker, times) =>
    new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage({ module, times });
    });
  return async (_request, { threads, times }) => {
    while (workers.length < threads) {
      workers.push(new Worker("meter.js"));
      await read(workers.at(-1), 1);
    }
    const start = performance.now();
    const gigabytes = await Promise.all(workers.slice(0, threads).map((worker) => read(worker, times)));
    return gigabytes.reduce((sum, each) => sum + each) / ((performance.now() - start) / 1e3);
  };
}

const startOurs = () => startWorker("ours.js");
const startLlama = () => startWorker("llamacpp-worker.js");

const starters = {
  ours: startOurs,
  llamacpp: startLlama,
  onnx: startOnnx,
  wllama: startWllama,
  bandwidth: startBandwidth,
};
window.ask = await starters[new URLSearchParams(location.search).get("contestant")]();
