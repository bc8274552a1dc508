// What `createFetch` returns is what each client's option `fetch` asks for.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatOpenAI } from "@langchain/openai";
import { createFetch, loadModel } from "goosequill";
import OpenAI from "openai";

const baseURL = "http://goosequill/v1";
const fetch = createFetch(await loadModel());
new OpenAI({ baseURL, apiKey: "none", fetch });
new ChatOpenAI({ apiKey: "none", configuration: { baseURL, fetch } });
createOpenAICompatible({ name: "goosequill", baseURL, fetch });
export const same: typeof globalThis.fetch = fetch;
// @ts-expect-error a model is needed
createFetch({});
