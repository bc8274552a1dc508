/** What the clients in JavaScript ask, and how they report the answers (asked.py). */

import { readFileSync } from "node:fs";

export const { message, prompt, length, order, schema } = JSON.parse(
  readFileSync(new URL("asked.json", import.meta.url), "utf-8"),
);
export const base = process.argv[2];
export const model = "default";
export const embedder = "static-minilm";
export const tool = {
  type: "function",
  function: { name: "lay", description: "Lay eggs.", parameters: schema },
};

/** @param {object} found */
export const report = (found) => console.log(JSON.stringify(found));
