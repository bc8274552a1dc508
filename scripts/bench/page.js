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

/** What the machine can do at most. */
async function startMeter() {
  const module = await WebAssembly.compileStreaming(fetch("bandwidth.wasm"));
  const workers = [];
  const read = (worker, times, places) =>
    new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage({ module, times, places });
    });
  /** Gigabytes per second that this many threads read together, each from some places of its own 256 MB. */
  const bandwidth = async ({ threads, times, places }) => {
    while (workers.length < threads) {
      workers.push(new Worker("meter.js"));
      await read(workers.at(-1), 1, places);
    }
    const start = performance.now();
    const gigabytes = await Promise.all(
      workers.slice(0, threads).map((worker) => read(worker, times, places)),
    );
    return gigabytes.reduce((sum, each) => sum + each) / ((performance.now() - start) / 1e3);
  };
  return (request, options) => (request === "peak" ? peak(options) : bandwidth(options));
}

/** How often a second a function of peak.c computes one of its chains: the best of some attempts. */
async function peak({ module, name }) {
  const { instance } = await WebAssembly.instantiateStreaming(fetch(module));
  const [times, chains] = [100_000, 12];
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    instance.exports[name](times);
    least = Math.min(least, performance.now() - start);
  }
  return (times * chains) / (least / 1e3);
}

/** This project; a file that was picked replaces the download. */
function startOurs() {
  const askWorker = startWorker("ours.js");
  const picker = document.querySelector("input");
  return (request, options) => askWorker(request, { ...options, file: picker.files[0] });
}

const startLlama = () => startWorker("llamacpp-worker.js");

const starters = {
  ours: startOurs,
  llamacpp: startLlama,
  onnx: startOnnx,
  wllama: startWllama,
  meter: startMeter,
};
window.ask = await starters[new URLSearchParams(location.search).get("contestant")]();
