/** A peer's first text, as its documentation has it: line.html?wllama or line.html?transformers. */

const BASE = new URL("./", import.meta.url).href;

const peers = {
  async wllama(prompt) {
    const { Wllama } = await import(`${BASE}peers/@wllama/wllama/esm/index.js`);
    const llama = new Wllama({ default: `${BASE}peers/@wllama/wllama/esm/wasm/wllama.wasm` });
    await llama.loadModelFromUrl(`${BASE}models/line.gguf`, { n_ctx: 256 });
    const { choices } = await llama.createCompletion({ prompt, max_tokens: 1 });
    return choices[0].text;
  },
  async transformers(prompt) {
    const folder = `${BASE}peers/@huggingface/transformers`;
    const { env, pipeline } = await import(`${folder}/dist/transformers.min.js`);
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = new URL("models/", BASE).pathname;
    env.backends.onnx.wasm.wasmPaths = `${folder}/node_modules/onnxruntime-web/dist/`;
    const write = await pipeline("text-generation", "line-gpt2", { dtype: "q8", device: "wasm" });
    const [{ generated_text }] = await write(prompt, { max_new_tokens: 1 });
    return generated_text;
  },
};

const [prompt, generate, output] = ["prompt", "generate", "output"].map((id) => document.getElementById(id));
generate.addEventListener("click", async () => {
  const text = await peers[location.search.slice(1)](prompt.value).catch(
    (error) => `failed: ${error.message}`,
  );
  output.textContent = text || "(an empty token)";
});
generate.disabled = false;
