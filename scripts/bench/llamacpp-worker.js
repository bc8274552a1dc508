/** llama.cpp as scripts/bench/llamacpp.py builds it; it answers like the other contestants. */

import start from "./llamacpp.mjs";

const PATH = "/model.gguf";
let module;

const requests = {
  async load({ model, threads }) {
    const data = new Uint8Array(await (await fetch(model)).arrayBuffer());
    module = await start();
    module.FS.writeFile(PATH, data, { canOwn: true });
    if (!module.ccall("load", "number", ["string", "number"], [PATH, threads])) throw new Error("no model");
    module.FS.unlink(PATH);
    return "simd";
  },
  prompt: ({ count }) => checked([module._prompt(count)])[0],
  decode({ count }) {
    const at = module._decode(count) / 8;
    return checked([...module.HEAPF64.subarray(at, at + count)]);
  },
};

/** @param {number[]} times */
function checked(times) {
  if (times.some((time) => time < 0)) throw new Error("llama.cpp could not decode");
  return times;
}

self.onmessage = async ({ data: { request, ...options } }) => {
  try {
    self.postMessage({ value: await requests[request](options) });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
