import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { base, embedder, message, model, order, report, schema, tool } from "./asked.js";

const where = { apiKey: "none", configuration: { baseURL: base } };
const chat = new ChatOpenAI({ model, temperature: 0, ...where });
const whole = await chat.invoke(message);
let streamed = "";
for await (const part of await chat.stream(message)) streamed += part.content;
const { tool_calls } = await chat.bindTools([tool], { tool_choice: "any" }).invoke(order);
report({
  text: whole.content,
  usage: [whole.usage_metadata.input_tokens, whole.usage_metadata.output_tokens],
  streamed,
  object: await chat.withStructuredOutput(schema).invoke(order),
  tool: [tool_calls[0].name, tool_calls[0].args],
  vector: await new OpenAIEmbeddings({ model: embedder, ...where }).embedQuery(message),
});
