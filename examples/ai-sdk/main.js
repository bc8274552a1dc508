// The Vercel AI SDK with a model that runs in this process: a text, a stream, and an object of a schema.

import { generateText, Output, streamText } from "ai";
import { loadModel } from "goosequill";
import { goosequill } from "goosequill/ai-sdk";
import { z } from "zod";

const loaded = await loadModel();
const model = goosequill(loaded, { min_p: 0.05 });

const { text, usage } = await generateText({ model, prompt: "Good morning.", maxOutputTokens: 20 });
console.log(text, usage.totalTokens);

const { textStream } = streamText({ model, prompt: "Tell me a story.", maxOutputTokens: 40 });
for await (const part of textStream) process.stdout.write(part);

const schema = z.object({ bird: z.enum(["goose", "raven", "eagle"]), eggs: z.number().int().min(0).max(9) });
const { output } = await generateText({ model, prompt: "Name a bird.", output: Output.object({ schema }) });
console.log("\n", output.bird, output.eggs);

loaded.dispose();
