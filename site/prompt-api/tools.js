/** The Prompt API's tools, in the form in which the engine has them, and what they return. */

import { jsonOf, LanguageModelToolCall, refusal } from "./input.js";

/** @import { Content, Tool } from "./input.js" */
/** @typedef {import("../engine/protocol.js").GivenMessage} Turn */
/** @typedef {{id: string, name: string, arguments: any}} Call */

/** Replies with calls in one prompt, after which the model has to answer. */
export const MOST_ROUNDS = 8;

/** What the engine is told of tools. @param {Tool[]} tools */
export const describedTools = (tools) =>
  tools.map(({ name, description, inputSchema }) => ({
    type: /** @type {const} */ ("function"),
    function: { name, description, parameters: /** @type {any} */ (inputSchema) },
  }));

/** A call as `prompt` returns it. @param {Call} call @returns {Content} */
export const callPart = ({ id, name, arguments: given }) => ({
  type: "tool-call",
  value: new LanguageModelToolCall({ callId: id, name, arguments: given }),
});

/**
 * Runs the tools that a reply calls, all at once.
 * @param {Tool[]} tools
 * @param {Call[]} calls
 * @returns {Promise<Turn[]> | null} what they returned, for the model; null if the page has to run one
 */
export function executed(tools, calls) {
  const found = calls.map(({ name }) => tools.find((tool) => tool.name === name)?.execute);
  if (!found.every(Boolean)) return null;
  return Promise.all(
    calls.map(async ({ name, arguments: given }, at) => {
      try {
        // A tool that only does something returns undefined, which JSON lacks.
        return result(name, texted((await /** @type {any} */ (found[at])(given)) ?? null));
      } catch (error) {
        return result(name, `Error: ${messageOf(error)}`);
      }
    }),
  );
}

/** What a tool has thrown, as text; it may be anything. @param {any} error */
function messageOf(error) {
  try {
    return String(error?.message ?? error);
  } catch {
    return "the tool failed."; // a getter that throws, or nothing that becomes a text
  }
}

/** @param {string} name of the tool @param {string} content @returns {Turn} */
const result = (name, content) => ({ role: "tool", name, content });

/** @param {LanguageModelToolCall} call @returns {object} */
function argumentsOf(call) {
  let found;
  try {
    found = jsonOf(call.arguments, "A tool call");
  } catch {} // circular, a BigInt, nested too deeply
  if (Object(found) === found && !Array.isArray(found)) return found;
  throw refusal(
    "DataError",
    "The arguments of a tool call have to be an object that can be written as JSON.",
  );
}

/**
 * The engine's messages for a message with calls or results.
 * @param {import("./input.js").Role} role
 * @param {Content[]} content
 * @returns {Turn[]}
 */
function turnsWithTools(role, content) {
  const text = content.map(({ type, value }) => (type === "text" ? value : "")).join("");
  const calls = content.filter(({ type }) => type === "tool-call").map(({ value }) => value);
  if (calls.length) {
    const tool_calls = calls.map((call) => ({
      id: call.callId,
      name: call.name,
      arguments: argumentsOf(call),
    }));
    return [{ role: "assistant", content: text, tool_calls }];
  }
  const results = content.filter(({ type }) => type === "tool-response").map(({ value }) => value);
  return [
    ...results.map((found) =>
      result(
        found.name,
        found.result ? found.result.map(resultText).join("\n") : `Error: ${found.errorMessage}`,
      ),
    ),
    ...(text.trim() || !results.length ? [{ role, content: text }] : []),
  ];
}

/**
 * What the engine reads of messages. Empty ones are nothing to read, and a prefix is separate.
 * @param {import("./input.js").LongMessage[]} messages
 * @returns {{messages: Turn[], prefix: string}}
 */
export function turnsOf(messages) {
  const turns = messages.flatMap(({ role, content }) => turnsWithTools(role, content));
  const prefix = messages.at(-1)?.prefix ? String(turns.pop()?.content) : "";
  return {
    messages: turns.filter(({ content, tool_calls }) => tool_calls || String(content).trim()),
    prefix,
  };
}

/** @param {any} part of a result @returns {string} */
function resultText(part) {
  const { type, value } = Object(part);
  if (type === "image" || type === "audio") {
    throw refusal("NotSupportedError", `A tool's result cannot contain ${type} here.`);
  }
  if (type !== "text" && type !== "object") throw new TypeError(`A tool's result has no content “${type}”.`);
  return texted(value);
}

/** A value as text: JSON, unless it is one. @param {unknown} value */
function texted(value) {
  if (typeof value === "string") return value;
  const isPlain =
    Object(value) !== value ||
    /^\[object (Object|Array)\]$/.test(String(Object.prototype.toString.call(value)));
  let text;
  try {
    text = isPlain ? JSON.stringify(value) : undefined;
  } catch {} // circular, or a BigInt
  if (text === undefined) throw refusal("DataError", "A tool's result cannot be written as JSON.");
  return text;
}
