import { createRequire } from "node:module";
import { base, message, model, order, report } from "./asked.js";

const { default: promptfoo } = createRequire(import.meta.resolve("../../build/promptfoo/"))("promptfoo");
const config = { apiBaseUrl: base, apiKey: "none", temperature: 0 };
const { results, stats } = await promptfoo.evaluate(
  {
    providers: [{ id: `openai:chat:${model}`, config }],
    prompts: [message, order],
    tests: [
      { assert: [{ type: "javascript", value: "output.length > 0" }] },
      { assert: [{ type: "contains", value: "what no goose says" }] },
    ],
  },
  { cache: false },
);
const { output, tokenUsage } = results.find(({ prompt }) => prompt.raw === message).response;
report({
  text: output,
  usage: [tokenUsage.prompt, tokenUsage.completion],
  verdicts: [stats.successes, stats.failures],
});
