/**
 * The benchmark's worker for this project: starts Python as the built site does, with ours.py. It is
 * bundled, as the site's worker is; Python, the kernels and the helpers are the built site's.
 */

import { assetsIn } from "../../site/engine/assets.js";
import { partSources } from "../../site/engine/storage/sources.js";
import { startHelpers } from "../../site/engine/threads.js";
import { Python } from "../../site/engine/worker/python.js";

const assets = assetsIn(new URL("site/", import.meta.url).href);
const PACKAGES = "/lib/python3.14/site-packages/";
let contestant;

const text = async (path) => (await fetch(path)).text();
const blob = async (path) => (await fetch(path)).blob();
const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());

/** Pyodide with the package, when all parts have been downloaded; pending forever if one is missing. */
function startPython() {
  return new Promise((resolve, reject) => {
    new Python(assets).start(() => {}, reject).then(resolve, reject);
  });
}

const requests = {
  async load({ model, file: picked, kernel, threads, exact }) {
    const whole = picked ?? blob(model);
    const scripts = ["ours.py", "step_times.py"].map(text);
    const [pyodide, weights, ours, times] = await Promise.all([startPython(), whole, ...scripts]);
    pyodide.FS.mkdirTree(`${PACKAGES}scripts/bench`);
    pyodide.FS.writeFile(`${PACKAGES}ours.py`, ours);
    pyodide.FS.writeFile(`${PACKAGES}scripts/bench/step_times.py`, times);
    const [file] = await partSources({ kind: "files", files: [weights], names: ["model.safetensors"] }, {});
    contestant = pyodide.pyimport("ours").Contestant(file, kernel, exact);
    if (threads > 1) {
      const { module, matrices } = contestant.division();
      const helpers = startHelpers({ threads }, assets);
      const team = await helpers.join(new WebAssembly.Module(module), matrices, pyodide._module);
      contestant.divide(pyodide._module.addFunction((step) => team.share(step), "ii"));
    }
    return contestant.model.kernel.name;
  },
  prompt: ({ count }) => contestant.prompt(count),
  decode: ({ count }) => contestant.decode(count).toJs(),
  weights: async ({ times }) => contestant.weights(await bytes("reader.wasm"), times).toJs(),
  steps: ({ count }) => contestant.steps(count),
  texts: ({ count }) => contestant.texts(count).toJs({ dict_converter: Object.fromEntries }),
  beside: ({ count }) => contestant.beside(count).toJs(),
};

globalThis.onmessage = async ({ data }) => {
  try {
    postMessage({ value: await requests[data.request](data) });
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
};
