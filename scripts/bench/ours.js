// The benchmark's worker for this project: Pyodide, the package as it stands, ours.py.

import { Helpers } from "./engine/threads.js";
import { loadPyodide } from "./vendor/pyodide/pyodide.mjs";

let contestant;

const requests = {
  async load({ model, kernel, threads }) {
    const parts = ["vendor/pyodide/numpy-2.0.2-cp312-cp312-pyodide_2024_0_wasm32.whl", "goosequill.zip"];
    const indexURL = new URL("vendor/pyodide/", import.meta.url).href;
    const [pyodide, ...archives] = await Promise.all([
      loadPyodide({ indexURL }),
      ...parts.map(async (part) => (await fetch(part)).arrayBuffer()),
    ]);
    for (const archive of archives) pyodide.unpackArchive(archive, "zip");
    const blob = await (await fetch(model)).blob();
    const reader = new FileReaderSync();
    const file = {
      size: blob.size,
      read: (offset, length) => new Uint8Array(reader.readAsArrayBuffer(blob.slice(offset, offset + length))),
    };
    contestant = pyodide.pyimport("ours").Contestant(file, kernel);
    if (threads > 1) {
      const { module, matrices } = contestant.division();
      const helpers = new Helpers(threads - 1);
      const team = await helpers.join(new WebAssembly.Module(module), matrices, pyodide._module);
      contestant.divide(pyodide._module.addFunction((step) => team.share(step), "ii"));
    }
    return contestant.model.kernel.name;
  },
  prompt: ({ count }) => contestant.prompt(count),
  decode: ({ count }) => contestant.decode(count).toJs(),
};

globalThis.onmessage = async ({ data }) => {
  try {
    postMessage({ value: await requests[data.request](data) });
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
};
