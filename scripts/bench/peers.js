/**
 * The peers of the benchmark. Like ours.js, each handles load, prompt (milliseconds for `count` tokens) and
 * decode (milliseconds of each of `count` tokens).
 */

export function startOnnx() {
  let session;
  let state;
  let ort;
  const step = async (token) => {
    const feeds = { token: new ort.Tensor("int64", BigInt64Array.of(BigInt(token)), [1]), state };
    const { logits, new_state } = await session.run(feeds);
    state = new_state;
    const data = logits.data;
    let best = 0;
    for (let i = 1; i < data.length; i++) if (data[i] > data[best]) best = i;
    return best;
  };
  const requests = {
    async load({ model, threads, layers, width }) {
      ort = await import("./peers/onnxruntime-web/dist/ort.wasm.min.mjs");
      ort.env.wasm.wasmPaths = new URL("peers/onnxruntime-web/dist/", import.meta.url).href;
      ort.env.wasm.numThreads = threads;
      session = await ort.InferenceSession.create(await (await fetch(model)).arrayBuffer(), {
        executionProviders: ["wasm"],
        graphOptimizationLevel: "all",
      });
      const start = new Float32Array(5 * layers * width);
      for (let layer = 0; layer < layers; layer++)
        start.fill(-1e30, (5 * layer + 4) * width, (5 * layer + 5) * width);
      state = new ort.Tensor("float32", start, [5 * layers, width]);
      return "wasm";
    },
    async prompt({ count }) {
      const start = performance.now();
      for (let i = 0; i < count; i++) await step((7 * i) % 1000);
      return performance.now() - start;
    },
    async decode({ count }) {
      const times = [];
      for (let token = 1; times.length < count; ) {
        const start = performance.now();
        token = await step(token);
        times.push(performance.now() - start);
      }
      return times;
    },
  };
  return (request, options) => requests[request](options);
}

export function startWllama() {
  let llama;
  let turn = 0;
  /** A text of `count` tokens that was not seen before. */
  const text = (count) => {
    turn += 1;
    return Array.from({ length: count }, (_, i) =>
      String.fromCharCode(97 + ((7 * i + turn * turn) % 26)),
    ).join("");
  };
  const complete = async (prompt, count) => {
    const options = { temperature: 0, top_k: 1, ignore_eos: true, cache_prompt: false };
    const result = await llama.createCompletion({ prompt, max_tokens: count, ...options });
    return result.timings;
  };
  const requests = {
    async load({ model, threads }) {
      const { Wllama } = await import("./peers/@wllama/wllama/esm/index.js");
      const wasm = new URL("peers/@wllama/wllama/esm/wasm/wllama.wasm", import.meta.url).href;
      llama = new Wllama({ default: wasm }, { suppressNativeLog: true });
      const blob = await (await fetch(model)).blob();
      await llama.loadModel([blob], { n_threads: threads, n_ctx: 1024, n_gpu_layers: 0, n_parallel: 1 });
      return "wasm";
    },
    async prompt({ count }) {
      const { prompt_n, prompt_ms } = await complete(text(count), 1);
      return (prompt_ms / prompt_n) * count;
    },
    async decode({ count }) {
      const { predicted_n, predicted_ms } = await complete(text(1), count);
      return Array(count).fill(predicted_ms / predicted_n);
    },
  };
  return (request, options) => requests[request](options);
}
