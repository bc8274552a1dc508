// What compiles with the package's types, and what must not.

import {
  type Chunk,
  type CompletionRequest,
  type ConversationTree,
  createChatCompletion,
  createCompletion,
  type End,
  Engine,
  EngineError,
  type ErrorCode,
  type GenerateOptions,
  type LoadOptions,
  loadModel,
  type Message,
  type Model,
  type ModelInfo,
  type Progress,
  readConversations,
  writeConversations,
} from "goosequill";
import goosequill from "goosequill/esbuild";
import { openIndex } from "goosequill/search";

const model: Model = await loadModel();
const info: ModelInfo = model.info;
const options: LoadOptions = {
  model: "a/b:c.pth@v1",
  host: "https://host",
  quantize: 8,
  engine: new Engine(),
};
const pirate = await loadModel({ ...options, adapter: "/pirate.safetensors", strength: 0.5 });
const bold: Model = await pirate.withAdapter(new Uint8Array(), { strength: 1.5 });
console.log(bold.info.adapter?.counts.examples, await bold.fingerprint());
// @ts-expect-error it is a file
await pirate.withAdapter(7);
await loadModel({ ...options, model: new File([], "m.pth"), tokenizer: new Blob() });
await loadModel({ onProgress: (progress: Progress) => progress.loaded });
// @ts-expect-error there is no such option
await loadModel({ modle: "x" });
await loadModel({ kernel: "plain" });
// @ts-expect-error there is no such kernel
await loadModel({ kernel: "fast" });
// @ts-expect-error only 8, 4 and "auto"
await loadModel({ quantize: 5 });

const settings: GenerateOptions = { temperature: 0.8, max_new_tokens: 60, stop: ["\n"], seed: null };
// @ts-expect-error there is no such setting
model.generate("Once", { temprature: 0 });
// @ts-expect-error it is a number
model.generate("Once", { temperature: "0" });
// @ts-expect-error a prompt is needed
model.generate();
for await (const item of model.generate("Once", { ...settings, signal: new AbortController().signal })) {
  if ("finish_reason" in item) {
    const end: End = item;
    const reason: "stop" | "length" | "abort" = end.finish_reason;
    console.log(reason, end.usage.completion_tokens);
  } else {
    const chunk: Chunk = item;
    console.log(chunk.text, chunk.logprob);
  }
}

const messages: Message[] = [{ role: "user", content: "Good morning." }];
const request: CompletionRequest = { messages, max_tokens: 6, temperature: 0 };
const whole = await createChatCompletion(model, { ...request, stream: false });
const text: string | null = whole.choices[0].message.content;
for await (const piece of await createChatCompletion(model, { messages, stream: true })) {
  console.log(piece.choices[0].delta.content);
}
// @ts-expect-error messages are needed
await createChatCompletion(model, {});
const measured = await createChatCompletion(model, { messages, logprobs: true, top_logprobs: 2, n: 2 });
console.log(measured.choices[1].logprobs?.content[0].top_logprobs[0].bytes);
// @ts-expect-error there is no such format
await createChatCompletion(model, { messages, response_format: { type: "xml" } });
const continued = await createCompletion(model, { prompt: ["a", "b"], echo: true, logprobs: 1 });
console.log(continued.choices[0].logprobs?.text_offset[0]);
for await (const part of await createCompletion(model, { prompt: "a", stream: true }))
  console.log(part.choices[0].text);
// @ts-expect-error a prompt is needed
await createCompletion(model, {});
// @ts-expect-error nobody has this role
model.chat([{ role: "robot", content: "" }]);
const tools = [{ type: "function" as const, function: { name: "now" } }];
const called = await createChatCompletion(model, { messages, tools, tool_choice: "required" });
console.log(called.choices[0].message.tool_calls?.[0].function.arguments);
for await (const item of model.chat([{ role: "tool", content: "3", name: "now" }], { tools }))
  if ("finish_reason" in item) console.log(item.tool_calls?.[0].arguments.city);
const allowed_tools = { mode: "required" as const, tools };
const only = { type: "allowed_tools" as const, allowed_tools };
const limited = await createChatCompletion(model, {
  messages,
  tools,
  tool_choice: only,
  reasoning_effort: "minimal",
  prompt_cache_key: "geese",
});
console.log(limited.ignored_fields?.join());
// @ts-expect-error there is no such choice
await createChatCompletion(model, { messages, tools, tool_choice: "perhaps" });
const talk = await model.converse({ system: "You are a goose." });
// @ts-expect-error there is no such option
await model.converse({ sistem: "You are a goose." });
const branch = await talk.branch();
await talk.rank([branch, [talk]]);
await branch.rate(1, { reason: "polite" });
// @ts-expect-error a rating is 1, 0 or -1
await talk.rate(2);
const tree: ConversationTree = await talk.tree();
const file: Uint8Array = await writeConversations(model, [tree], "oasst-trees", { packed: true });
// @ts-expect-error there is no such format
await writeConversations(model, [tree], "word");
console.log((await readConversations(model, file))[0].messages[0].rank, (await talk.siblings()).length);
console.log(info.title, text, talk.messages, goosequill(), await openIndex("/search-index/"));

try {
  await loadModel();
} catch (error) {
  if (error instanceof EngineError) {
    const code: ErrorCode = error.code;
    if (error.code === "out-of-memory") console.log(code, error.remedy);
    // @ts-expect-error no error has this code
    if (error.code === "out-of-memroy") console.log(code);
  }
}
