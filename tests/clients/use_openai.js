import OpenAI from "openai";
import { base, embedder, length, message, model, order, prompt, report, schema, tool } from "./asked.js";

const client = new OpenAI({ baseURL: base, apiKey: "none" });
const asked = { model, messages: [{ role: "user", content: message }], temperature: 0 };
const whole = await client.chat.completions.create(asked);
let streamed = "";
for await (const chunk of await client.chat.completions.create({ ...asked, stream: true }))
  streamed += chunk.choices[0].delta.content ?? "";
const messages = [{ role: "user", content: order }];
const called = await client.chat.completions.create({
  model,
  messages,
  tools: [tool],
  tool_choice: "required",
});
const [call] = called.choices[0].message.tool_calls;
const format = { type: "json_schema", name: "nest", strict: true, schema };
const formed = await client.responses.parse({ model, input: order, text: { format } });
report({
  models: (await client.models.list()).data.map((each) => each.id),
  text: whole.choices[0].message.content,
  usage: [whole.usage.prompt_tokens, whole.usage.completion_tokens],
  streamed,
  response: (await client.responses.create({ model, input: message, temperature: 0 })).output_text,
  completion: (await client.completions.create({ model, prompt, max_tokens: length, temperature: 0 }))
    .choices[0].text,
  tool: [call.function.name, call.function.arguments],
  object: formed.output_parsed,
  vector: (await client.embeddings.create({ model: embedder, input: message })).data[0].embedding,
});
