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

const scanners = {};
const question = () => Float32Array.from({ length: WIDTH }, () => Math.random() - 0.5);

/** Our scans of random vectors; `kind` is "nearest" or "bits". */
window.prepareVectors = (count) => call("prepare", count);
scanners.goosequill = (times) => call("scan", times);
scanners.bits = (times) => call("scan_bits", times);

window.openPeers = async (count) => {
  const rows = Array.from({ length: count }, (_, i) => ({ id: String(i), vector: Array.from(question()) }));
  const orama = await import(new URL("node_modules/@orama/orama/dist/browser/index.js", location.href).href);
  const index = orama.create({ schema: { vector: `vector[${WIDTH}]` } });
  await orama.insertMultiple(index, rows, 5000);
  scanners.orama = async (times) => {
    const start = performance.now();
    for (let i = 0; i < times; i++) {
      const vector = { value: Array.from(question()), property: "vector" };
      await orama.search(index, { mode: "vector", vector, similarity: 0, limit: 10, includeVectors: false });
    }
    return performance.now() - start;
  };
  const voy = await openVoy();
  const embeddings = rows.map(({ id, vector }) => ({ id, title: "", url: "", embeddings: vector }));
  const tree = new voy.Voy({ embeddings });
  scanners.voy = (times) => {
    const start = performance.now();
    for (let i = 0; i < times; i++) tree.search(question(), 10);
    return performance.now() - start;
  };
};

/** Voy's own entry imports WebAssembly as a module, which no browser does yet. */
async function openVoy() {
  const folder = new URL("node_modules/voy-search/", location.href).href;
  const voy = await import(`${folder}voy_search_bg.js`);
  const source = await (await fetch(`${folder}voy_search_bg.wasm`)).arrayBuffer();
  const { instance } = await WebAssembly.instantiate(source, { "./voy_search_bg.js": voy });
  voy.__wbg_set_wasm(instance.exports);
  return voy;
}

/** Milliseconds of a number of searches for the ten nearest. */
window.scan = async (name, times) => await scanners[name](times);

window.recall = (questions) => call("recall", questions);

/** Copies an index into OPFS. */
window.storeIndex = async (names) => {
  const folder = await navigator.storage.getDirectory();
  for (const name of names) {
    const file = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await (await fetch(`index/${name}`)).body.pipeTo(file);
  }
};

/** Milliseconds until an index in OPFS is open, and its number of passages. */
window.openIndex = async (names) => {
  const start = performance.now();
  const folder = await navigator.storage.getDirectory();
  const files = [];
  for (const name of names) {
    const file = await (await folder.getFileHandle(name)).getFile();
    files.push(new Uint8Array(await file.arrayBuffer()));
  }
  const passages = call("open_index", names, files);
  return { taken: performance.now() - start, passages };
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
