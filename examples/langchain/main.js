// LangChain.js with a model that runs in this process: a chain, its stream, and an object of a schema.

import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { ChatOpenAI } from "@langchain/openai";
import { createFetch, loadModel } from "goosequill";
import { z } from "zod";

const model = await loadModel();
const chat = new ChatOpenAI({
  model: model.info.name,
  apiKey: "none",
  configuration: { baseURL: "http://goosequill/v1", fetch: createFetch(model) },
  maxTokens: 40,
  modelKwargs: { min_p: 0.05 },
});

const prompt = ChatPromptTemplate.fromMessages([
  ["system", "You tell stories."],
  ["human", "Tell me a story about a {bird}."],
]);
const chain = prompt.pipe(chat).pipe(new StringOutputParser());
console.log(await chain.invoke({ bird: "goose" }));
for await (const part of await chain.stream({ bird: "raven" })) process.stdout.write(part);

const schema = z.object({ bird: z.enum(["goose", "raven", "eagle"]), eggs: z.number().int().min(0).max(9) });
const { bird, eggs } = await chat.withStructuredOutput(schema).invoke("Name a bird.");
console.log("\n", bird, eggs);

model.dispose();
