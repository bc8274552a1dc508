// The chat model of LangChain.js, and what it makes of a schema.

import { loadModel } from "goosequill";
import { ChatGoosequill } from "goosequill/langchain";
import { z } from "zod";

const chat = new ChatGoosequill({ model: await loadModel(), settings: { min_p: 0.05 } });
const schema = z.object({ eggs: z.number() });
const { eggs } = await chat.withStructuredOutput(schema).invoke("How many eggs?");
const both = await chat.withStructuredOutput(schema, { includeRaw: true }).invoke("How many eggs?");
export const sum: number = eggs + both.parsed.eggs + both.raw.text.length;
await chat.invoke("Good morning.", { settings: { temperature: 0 }, stop: ["."] });
await chat
  .bindTools([], { tool_choice: "any", settings: { parallel_tool_calls: false } })
  .invoke("Lay an egg.");
// @ts-expect-error there is no such setting
await chat.invoke("Good morning.", { settings: { temprature: 0 } });
// @ts-expect-error a model is needed
new ChatGoosequill({});
