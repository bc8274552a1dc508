import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embed, generateText, jsonSchema, Output, streamText, tool } from "ai";
import { base, embedder, message, model, order, report, schema } from "./asked.js";

const goose = createOpenAICompatible({ name: "goose", baseURL: base, supportsStructuredOutputs: true });
const asked = { model: goose(model), prompt: message, temperature: 0 };
const whole = await generateText(asked);
let streamed = "";
for await (const part of streamText(asked).textStream) streamed += part;
const inputSchema = jsonSchema(schema);
const formed = await generateText({
  ...asked,
  prompt: order,
  output: Output.object({ schema: inputSchema }),
});
const tools = { lay: tool({ description: "Lay eggs.", inputSchema }) };
const called = await generateText({ ...asked, prompt: order, tools, toolChoice: "required" });
const [call] = called.toolCalls;
report({
  text: whole.text,
  usage: [whole.usage.inputTokens, whole.usage.outputTokens],
  streamed,
  object: formed.output,
  tool: [call.toolName, call.input],
  vector: (await embed({ model: goose.textEmbeddingModel(embedder), value: message })).embedding,
});
