/**
 * A thread of the benchmark's bandwidth meter: reads its own memory as often as requested and posts the
 * gigabytes.
 */

const pages = 4096;
const memory = new WebAssembly.Memory({ initial: pages + 1 });
new Float32Array(memory.buffer).fill(1);

globalThis.onmessage = async ({ data: { module, times, places } }) => {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  for (let i = 0; i < times; i++) exports[`from${places}`](65536, pages * 4096);
  postMessage((times * pages * 65536) / 1e9);
};
