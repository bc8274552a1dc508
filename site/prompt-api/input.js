/**
 * What the Prompt API accepts: dictionaries converted as Web IDL does, then the rules of the specification.
 * Nothing here needs a model. (https://webmachinelearning.github.io/prompt-api, and its README where that is
 * ahead: sampling modes, tool calls, thinking.)
 */

/** @typedef {"text" | "image" | "audio" | "tool-call" | "tool-response"} ContentType */
/** @typedef {"system" | "user" | "assistant"} Role */
/** @typedef {{type: ContentType, value: any}} Content */
/** @typedef {{role: Role, content: string | Content[], prefix?: boolean}} Message */
/** @typedef {{role: Role, content: Content[], prefix: boolean}} LongMessage */
/** @typedef {{type: ContentType, languages?: string[]}} Expected */
/** @typedef {{effort: "none" | "low" | "medium" | "high", includeThoughts: boolean}} Thinking */
/** @typedef {Record<string, unknown> | RegExp} Constraint */
/**
 * A function that the model may call; with `execute` it is called at once, otherwise `prompt` returns the
 * call.
 * @typedef {object} Tool
 * @property {string} name
 * @property {string} description
 * @property {object} inputSchema a JSON schema of the type "object"
 * @property {(input: any) => Promise<string> | string} [execute]
 */
/**
 * @typedef {object} CoreOptions
 * @property {SamplingMode} [samplingMode] by default "balanced"
 * @property {number} [temperature] instead of a mode: from 0, which always takes the likeliest token
 * @property {number} [topK] instead of a mode: how many of the likeliest tokens are considered
 * @property {Expected[]} [expectedInputs]
 * @property {Expected[]} [expectedOutputs]
 * @property {Tool[]} [tools]
 * @property {Partial<Thinking>} [thinking]
 */
/** @typedef {keyof typeof MODES} SamplingMode */

/** How each mode samples. */
export const MODES = Object.freeze({
  "most-predictable": { temperature: 0, topK: 1 },
  predictable: { temperature: 0.3, topK: 10 },
  "slightly-predictable": { temperature: 0.6, topK: 20 },
  balanced: { temperature: 0.8, topK: 40 },
  "slightly-creative": { temperature: 0.95, topK: 60 },
  creative: { temperature: 1.1, topK: 80 },
  "most-creative": { temperature: 1.3, topK: 128 },
});
export const MOST = Object.freeze({ temperature: 2, topK: 128 });

const TYPES = ["text", "image", "audio", "tool-call", "tool-response"];
const ROLES = ["system", "user", "assistant"];
const EFFORTS = ["none", "low", "medium", "high"];

/** @param {string} name of the exception @param {string} message */
export const refusal = (name, message) => new DOMException(message, name);

/** @param {unknown} value @param {string} what @returns {any} */
export function dictionary(value, what) {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" && typeof value !== "function")
    throw new TypeError(`${what} is not an object.`);
  return value;
}

/** @param {unknown} value */
const isSequence = (value) =>
  Object(value) === value && typeof (/** @type {any} */ (value)[Symbol.iterator]) === "function";

/** @param {any} value @param {string} what @returns {any[]} */
function sequence(value, what) {
  if (!isSequence(value)) throw new TypeError(`${what} is not a list.`);
  return [...value];
}

/** @param {unknown} value @param {readonly string[]} allowed @param {string} what @returns {any} */
function choice(value, allowed, what) {
  const text = String(value);
  if (!allowed.includes(text)) throw new TypeError(`${what} cannot be “${text}”: use ${allowed.join(", ")}.`);
  return text;
}

/** @param {any} object @param {string} name @param {string} what */
function required(object, name, what) {
  const value = object[name];
  if (value === undefined) throw new TypeError(`${what} needs “${name}”.`);
  return value;
}

/** Brackets within each other that the engine reads in JSON: DEEPEST in decoding/grammar/compile.py. */
const DEEPEST = 150;

/**
 * A copy of what JSON can have of a value, as the page may change its own.
 * @param {unknown} value
 * @param {string} what
 * @returns {any}
 * @throws {TypeError} it contains itself, or something that is not JSON
 * @throws {DOMException} NotSupportedError, if it is nested too deeply to be read or even to be sent
 */
export function jsonOf(value, what) {
  const tooDeep = refusal(
    "NotSupportedError",
    `${what} has more than ${DEEPEST} brackets within each other.`,
  );
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    const { name } = Object(error);
    throw name === "RangeError" || name === "InternalError" ? tooDeep : error; // the latter is Firefox's
  }
  if (text === undefined) throw new TypeError(`${what} cannot be written as JSON.`);
  const copy = JSON.parse(text);
  let level = [copy];
  for (let depth = 0; level.length; depth++) {
    if (depth === DEEPEST) throw tooDeep;
    level = level.flatMap((each) => Object.values(each)).filter((each) => Object(each) === each);
  }
  return copy;
}

/** @param {unknown} signal @returns {AbortSignal | undefined} */
export function signalOf(signal) {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new TypeError("“signal” is not an AbortSignal.");
}

/**
 * A prompt as Web IDL converts it: a list of messages, or a text. Anything else becomes a text.
 * @param {any} input
 * @returns {string | LongMessage[]}
 */
export function promptOf(input) {
  return isSequence(input) && typeof input !== "string" ? [...input].map(messageOf) : String(input);
}

/** @param {unknown} given @returns {LongMessage} */
function messageOf(given) {
  const message = dictionary(given, "A message");
  const content = required(message, "content", "A message");
  return {
    role: choice(required(message, "role", "A message"), ROLES, "The role of a message"),
    content: isSequence(content)
      ? [...content].map(contentOf)
      : [{ type: /** @type {const} */ ("text"), value: String(content) }],
    prefix: Boolean(message.prefix),
  };
}

/** @param {unknown} given @returns {Content} */
function contentOf(given) {
  const content = dictionary(given, "A message's content");
  const type = choice(required(content, "type", "A message's content"), TYPES, "The type of content");
  const value = required(content, "value", "A message's content");
  return { type, value: Object(value) === value ? value : String(value) };
}

/**
 * The messages of a prompt, in the order of the specification's checks.
 * @param {string | LongMessage[]} input what `promptOf` returned
 * @param {ContentType[]} expected types of content besides text
 * @param {boolean} hasContext whether anything was said before
 * @returns {LongMessage[]}
 */
export function canonical(input, expected, hasContext) {
  const text = (/** @type {string} */ value) => [{ type: /** @type {const} */ ("text"), value }];
  if (typeof input === "string" || !input.length) {
    const value = typeof input === "string" ? input : "";
    return [{ role: "user", content: text(value), prefix: false }];
  }
  return input.map(({ role, content, prefix }, at) => {
    if (prefix && (role !== "assistant" || at < input.length - 1)) {
      throw refusal("SyntaxError", "Only the last message, and only the assistant's, can be a prefix.");
    }
    if (role === "system" && (hasContext || at > 0)) {
      throw new TypeError("A system prompt has to be the first message of a session.");
    }
    const parts = content.length ? content : text("");
    for (const part of parts) checkContent(role, part, expected);
    return { role, content: collapse(parts), prefix };
  });
}

/** @param {Role} role @param {Content} part @param {ContentType[]} expected */
function checkContent(role, { type, value }, expected) {
  if (type === "text") {
    if (typeof value !== "string") throw new TypeError("The value of text has to be a string.");
    return;
  }
  if (type === "image" || type === "audio") {
    throw refusal("NotSupportedError", `The model reads text, and no ${type}.`);
  }
  const [speaker, ...kinds] =
    type === "tool-call"
      ? ["assistant", LanguageModelToolCall]
      : ["user", LanguageModelToolSuccess, LanguageModelToolError];
  if (role !== speaker) throw new TypeError(`Only a message of the ${speaker} can contain a ${type}.`);
  if (!expected.includes(type)) {
    throw refusal("NotSupportedError", `This session was created without “${type}” in expectedInputs.`);
  }
  if (!kinds.some((kind) => value instanceof /** @type {any} */ (kind))) {
    throw new TypeError(`The value of a ${type} has to be an object of the class for it.`);
  }
}

/** Joins texts that follow each other. @param {Content[]} parts */
function collapse(parts) {
  /** @type {Content[]} */
  const found = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (part.type === "text" && last?.type === "text") last.value += part.value;
    else found.push({ ...part });
  }
  return found;
}

/** @param {Expected[]} expected @returns {ContentType[]} */
export const typesOf = (expected) => [...new Set(expected.map(({ type }) => type))];

/** @param {any} value @param {string} what @returns {Expected[]} */
function expectations(value, what) {
  if (value === undefined) return [];
  return sequence(value, what).map((given) => {
    const expected = dictionary(given, what);
    const type = choice(required(expected, "type", what), TYPES, "An expected type");
    if (expected.languages === undefined) return { type };
    // Throws a RangeError for what is not a language tag.
    return {
      type,
      languages: Intl.getCanonicalLocales(sequence(expected.languages, "languages").map(String)),
    };
  });
}

/** @param {unknown} given @returns {Thinking} */
export function thinkingOf(given) {
  const { effort = "none", includeThoughts = false } = dictionary(given, "thinking");
  return { effort: choice(effort, EFFORTS, "effort"), includeThoughts: Boolean(includeThoughts) };
}

/**
 * The options of `availability`, which are also those of `create`.
 * @param {any} given
 */
export function coreOptions(given) {
  const options = dictionary(given, "The options");
  const { samplingMode, topK, temperature } = options;
  const mode = samplingMode === undefined ? null : choice(samplingMode, Object.keys(MODES), "samplingMode");
  const isRaw = topK !== undefined || temperature !== undefined;
  if (mode && isRaw) throw new TypeError("Give either samplingMode, or temperature and topK.");
  const expectedOutputs = expectations(options.expectedOutputs, "expectedOutputs");
  const tools = options.tools === undefined ? [] : sequence(options.tools, "tools").map(toolOf);
  if (new Set(tools.map(({ name }) => name)).size < tools.length) {
    throw new TypeError("Two tools have the same name.");
  }
  if (tools.length && !typesOf(expectedOutputs).includes("tool-call")) {
    throw new TypeError("With tools, expectedOutputs has to include “tool-call”.");
  }
  return {
    samplingMode: /** @type {SamplingMode | null} */ (isRaw ? null : (mode ?? "balanced")),
    temperature: temperature === undefined ? undefined : Number(temperature),
    topK: topK === undefined ? undefined : Number(topK),
    expectedInputs: expectations(options.expectedInputs, "expectedInputs"),
    expectedOutputs,
    tools,
    thinking: thinkingOf(options.thinking),
  };
}

/** @param {unknown} given @returns {Tool} */
function toolOf(given) {
  const tool = dictionary(given, "A tool");
  const name = String(required(tool, "name", "A tool"));
  const description = String(required(tool, "description", "A tool"));
  const inputSchema = required(tool, "inputSchema", "A tool");
  if (!name || !description) throw new TypeError("A tool needs a name and a description.");
  if (Object(inputSchema) !== inputSchema || inputSchema.type !== "object") {
    throw new TypeError("The inputSchema of a tool has to be a JSON schema of the type “object”.");
  }
  const { properties, required: names } = inputSchema;
  if (properties !== undefined && Object(properties) !== properties) {
    throw new TypeError("“properties” in the inputSchema of a tool has to be an object.");
  }
  if (names !== undefined && !Array.isArray(names)) {
    throw new TypeError("“required” in the inputSchema of a tool has to be a list.");
  }
  if (tool.execute !== undefined && typeof tool.execute !== "function") {
    throw new TypeError("“execute” of a tool has to be a function.");
  }
  const schema = jsonOf(inputSchema, "The inputSchema of a tool");
  return { name, description, inputSchema: schema, ...(tool.execute && { execute: tool.execute }) };
}

/**
 * How a session samples: a mode's values, or those that were given, up to the largest ones.
 * @param {ReturnType<typeof coreOptions>} options
 * @throws {RangeError} the temperature is below 0, or topK below 1
 */
export function samplingOf({ samplingMode, temperature, topK }) {
  const mode = MODES[samplingMode ?? "balanced"];
  const found = { temperature: temperature ?? mode.temperature, topK: topK ?? mode.topK };
  if (!(found.temperature >= 0)) throw new RangeError("The temperature cannot be below 0.");
  if (!(found.topK >= 1)) throw new RangeError("topK cannot be below 1.");
  return {
    temperature: Math.min(found.temperature, MOST.temperature),
    topK: Math.trunc(Math.min(found.topK, MOST.topK)),
  };
}

/** What a model asks for: call a tool. */
export class LanguageModelToolCall {
  /** @param {{callId?: string, callID?: string, name: string, arguments?: object}} call */
  constructor(call) {
    const given = dictionary(call, "A tool call");
    this.callId = callIdOf(given);
    this.name = String(required(given, "name", "A tool call"));
    this.arguments = given.arguments ?? {};
  }

  /** As Chromium names it. */
  get callID() {
    return this.callId;
  }
}

/** What a tool returned. */
export class LanguageModelToolSuccess {
  /** @param {{callId?: string, callID?: string, name: string, result: {type: string, value: any}[]}} found */
  constructor(found) {
    const given = dictionary(found, "A tool's result");
    this.callId = callIdOf(given);
    this.name = String(required(given, "name", "A tool's result"));
    this.result = sequence(required(given, "result", "A tool's result"), "result");
  }

  get callID() {
    return this.callId;
  }
}

/** That a tool failed. */
export class LanguageModelToolError {
  /** @param {{callId?: string, callID?: string, name: string, errorMessage: string}} failure */
  constructor(failure) {
    const given = dictionary(failure, "A tool's error");
    this.callId = callIdOf(given);
    this.name = String(required(given, "name", "A tool's error"));
    this.errorMessage = String(required(given, "errorMessage", "A tool's error"));
  }

  get callID() {
    return this.callId;
  }
}

/** @param {any} given */
const callIdOf = (given) => String(given.callID ?? required(given, "callId", "A tool call"));
