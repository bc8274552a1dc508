// One contestant of the benchmark a page; scripts/bench calls window.ask(request, options).

import { startOnnx, startWllama } from "./peers.js";

function startOurs() {
  const worker = new Worker("ours.js", { type: "module" });
  return (request, options) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.value));
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage({ request, ...options });
    });
}

/** Gigabytes a second that one thread reads, of 256 MB. */
async function startBandwidth() {
  const pages = 4096;
  const memory = new WebAssembly.Memory({ initial: pages + 1 });
  new Float32Array(memory.buffer).fill(1);
  const response = fetch("bandwidth.wasm");
  const { instance } = await WebAssembly.instantiateStreaming(response, { env: { memory } });
  return () => {
    const begin = performance.now();
    instance.exports.total(65536, pages * 4096);
    return (pages * 65536) / 1e6 / (performance.now() - begin);
  };
}

const starters = { ours: startOurs, onnx: startOnnx, wllama: startWllama, bandwidth: startBandwidth };
window.ask = await starters[new URLSearchParams(location.search).get("contestant")]();
