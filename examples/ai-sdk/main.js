// The Vercel AI SDK with a model that runs in this process: a text, a stream, and an object of a schema.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, Output, streamText } from "ai";
import { createFetch, loadModel } from "goosequill";
import { z } from "zod";

const loaded = await loadModel();
const goosequill = createOpenAICompatible({
  name: "goosequill",
  baseURL: "http://goosequill/v1",
  fetch: createFetch(loaded),
  supportsStructuredOutputs: true,
  transformRequestBody: (body) => ({ min_p: 0.05, ...body }),
});
const model = goosequill(loaded.info.name);

const { text, usage } = await generateText({ model, prompt: "Good morning.", maxOutputTokens: 20 });
console.log(text, usage.totalTokens);

const { textStream } = streamText({ model, prompt: "Tell me a story.", maxOutputTokens: 40 });
for await (const part of textStream) process.stdout.write(part);

const schema = z.object({ bird: z.enum(["goose", "raven", "eagle"]), eggs: z.number().int().min(0).max(9) });
const { output } = await generateText({ model, prompt: "Name a bird.", output: Output.object({ schema }) });
console.log("\n", output.bird, output.eggs);

loaded.dispose();
