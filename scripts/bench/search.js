/** The page of search.py: this project in Pyodide, and the peers, each measured by one call of `measure`. */

import { startPython } from "./search_python.js";

const WIDTH = 384;
const TRANSFORMERS = "node_modules/@huggingface/transformers/";

const pyodide = await startPython();
const call = (name, ...args) => {
  const result = pyodide.globals.get(name)(...args);
  return result?.toJs?.() ?? result;
};

/** Copies the files of our model to Pyodide's file system, where `open_folder` reads them. */
async function openOurs(folder) {
  pyodide.FS.mkdirTree("/minilm");
  const { files } = await (await fetch(`${folder}/config.json`)).json();
  for (const name of ["config.json", ...files.map((file) => file.name)]) {
    const data = await (await fetch(`${folder}/${name}`)).arrayBuffer();
    pyodide.FS.writeFile(`/minilm/${name}`, new Uint8Array(data));
  }
  return call("open_model", "/minilm");
}

async function openTransformers() {
  const { env, pipeline } = await import(
    new URL(`${TRANSFORMERS}dist/transformers.min.js`, location.href).href
  );
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = "/models/"; // an absolute address would be taken for a remote one
  env.backends.onnx.wasm.numThreads = 1;
  env.backends.onnx.wasm.wasmPaths = new URL(
    `${TRANSFORMERS}node_modules/onnxruntime-web/dist/`,
    location.href,
  ).href;
  const extract = await pipeline("feature-extraction", "minilm", { dtype: "q8", device: "wasm" });
  return async (texts) => (await extract(texts, { pooling: "mean", normalize: true })).tolist();
}

/** onnxruntime-web alone: it gets token ids, so that it spends no time on text. */
async function openRuntime() {
  const folder = new URL("node_modules/onnxruntime-web/dist/", location.href).href;
  const ort = await import(`${folder}ort.wasm.min.mjs`);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = folder;
  const session = await ort.InferenceSession.create("models/minilm/onnx/model_quantized.onnx");
  return async (rows) => {
    const [batch, tokens] = [rows.length, rows[0].length];
    const tensor = (values) => new ort.Tensor("int64", BigInt64Array.from(values), [batch, tokens]);
    const ids = rows.flat();
    const { last_hidden_state: found } = await session.run({
      input_ids: tensor(ids.map(BigInt)),
      attention_mask: tensor(ids.map(() => 1n)),
      token_type_ids: tensor(ids.map(() => 0n)),
    });
    return rows.map((_, row) => mean(found.data, row * tokens, tokens));
  };
}

/** The mean of some rows, of length 1. */
function mean(data, first, count) {
  const total = new Float64Array(WIDTH);
  for (let row = first; row < first + count; row++)
    for (let i = 0; i < WIDTH; i++) total[i] += data[row * WIDTH + i];
  const length = Math.hypot(...total);
  return Array.from(total, (value) => value / length);
}

const encoders = {};

window.openEncoders = async (folder) => {
  await openOurs(folder);
  encoders.goosequill = async (texts) => call("embed", texts);
  encoders.transformers = await openTransformers();
  encoders.onnxruntime = await openRuntime();
};

/** Milliseconds in which an encoder embeds texts (or rows of ids), in batches; and the first vector. */
window.encode = async (name, texts, batch) => {
  const start = performance.now();
  let first;
  for (let i = 0; i < texts.length; i += batch) {
    const vectors = await encoders[name](texts.slice(i, i + batch));
    first ??= Array.from(vectors[0]);
  }
  return { taken: performance.now() - start, first };
};

const worker = new Worker("search_worker.js", { type: "module" });
/** Runs a step of the worker, or waits until it is ready. */
window.inWorker = (...step) =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    if (step.length) worker.postMessage(step);
  });
const started = window.inWorker();

await started;
document.title = "ready";
