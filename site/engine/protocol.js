/**
 * Every message between a page and the engine's worker, and the errors and limits that they share. client.js
 * and worker.js import this file and nothing of each other. It computes nothing. Field names are snake_case
 * on the wire, as in the OpenAI and Hugging Face APIs.
 */

/**
 * Where a model comes from: a folder on a server (config.json beside its files), one file of weights at an
 * address, or files that the visitor chose: weights alone, or with config.json and a tokenizer. `quantize`
 * converts full-precision matrices to 8 or 4 bits while loading; "auto" uses 8 bits if the model is large.
 * `addresses` are those of a folder's files that are not in it, by name. A tokenizer is a name, a file or its
 * address; a file at an address with `sha256` must have it. Ids of a hub are resolved by the worker. `tables`
 * says where rows of RWKV-7a's tables come from: from a download, or by ranges from the server, which then
 * sees what tokens are read.
 * @typedef {8 | 4 | "auto"} Rounding
 * @typedef {string | Blob | {url: string, sha256?: string} | {id: string, host?: string}} TokenizerSource
 * @typedef {{tokenizer?: TokenizerSource, quantize?: Rounding, tables?: "server"}} Conversion
 * @typedef {{kind: "folder", url: string, addresses?: Record<string, string>} & Conversion} FolderSource
 * @typedef {{kind: "url", url: string, sha256?: string} & Conversion} AddressSource
 * @typedef {{kind: "id", id: string, host?: string} & Conversion} IdSource
 * @typedef {{kind: "files", files: Blob[], names: string[]} & Conversion} FilesSource
 * @typedef {FolderSource | AddressSource | IdSource | FilesSource} ModelFiles
 * @typedef {import("./choice.js").ModelChoice["kernel"]} KernelName
 * @typedef {ModelFiles & {kernel?: KernelName, threads?: number}} ModelSource
 * The files of a job: read by ranges, or with `whole` at once; those of a folder are then kept as a model's.
 * `kept` are files of the browser's private file system, which are open until the job ends.
 * @typedef {{folder: string[], names: string[]}} KeptFiles
 * @typedef {ModelFiles & {whole?: boolean, kept?: KeptFiles}} JobFiles
 */

/**
 * How far something has come. `loaded` and `total` are bytes while downloading, tokens while a prompt is
 * read, and what a job says for its own `status`; `total` is 0 if it is unknown. `share` says how much of the
 * work that is, 0 to 1, where the things counted differ in length.
 * @typedef {{
 *   status: ProgressStatus, file: string, loaded: number, total: number, share?: number
 * }} Progress
 * @typedef {"engine" | "start" | "model" | "weights" | "constraint" | "prompt"} WritingStatus
 * @typedef {WritingStatus | "documents" | "rows" | "words" | "passages"} ProgressStatus
 */

/**
 * `url` is the address that did not answer, `param` the setting or the field of a request that is at fault.
 * `type` is OpenAI's, of the answers to its requests.
 * @typedef {import("./settings.js").ErrorCode} ErrorCode
 * @typedef {{
 *   code: ErrorCode, message: string, remedy: string, url?: string, param?: string | null, type?: ErrorType
 * }} ErrorFields
 * @typedef {"invalid_request_error" | "server_error"} ErrorType
 */

/**
 * An array, in both directions: its elements in C order. `dtype` is "bool" (a Uint8Array), "int8", "uint8",
 * "int16", "uint16", "int32", "uint32", "int64", "uint64" (BigInt), "float32" or "float64".
 * @typedef {{shape: number[], dtype: string, data: TypedArray}} NumpyArray
 * @typedef {Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array |
 *   BigUint64Array | Float32Array | Float64Array} TypedArray
 */

/**
 * What an adapter file says: `model` is the fingerprint of the model that it was made for, "" if it does not
 * say. `recipe` and `counts` are how and on what it was tuned; `before` and `after` the bits per byte of what
 * was held back, without and with it. `parameters` are its numbers; a loaded one also has its strength, one
 * that is only described its bytes.
 * @typedef {{
 *   method: "vectors" | "state", model: string, model_name: string, name: string,
 *   recipe: Record<string, number | string>, counts: Record<string, number>, before?: number | null,
 *   after?: number | null, parameters: number, strength?: number, bytes?: number
 * }} AdapterFacts
 */

/**
 * What a page can know of a loaded model. `heap_bytes` is the peak of Python's memory, `shared_bytes` the
 * memory beside it for helper threads; `threads` counts all threads that compute.
 * @typedef {{
 *   name: string, title: string, architecture: string, parameters: number, vocab_size: number,
 *   layers: number, width: number, tokenizer: string, kernel: string, quantization?: {bits: number | null},
 *   bytes: number, load_seconds: number, heap_bytes: number, threads: number, shared_bytes: number, notices?:
 *   string[],
 *   prompts?: {title: string, text: string}[], registers?: {name: string, tag: string}[],
 *   chat?: Record<string, unknown> | null, chat_format?: ChatFormat | null, adapter?: AdapterFacts | null
 * }} ModelInfo
 * The chat format that the model has: `title` is "" for one of its own, `reason` says what shows it, and
 * `reasons` whether the model thinks before it answers, so that `reasoning_effort` applies.
 * @typedef {{name: string, title: string, reason: string, reasons: boolean}} ChatFormat
 */

/**
 * One generated token. `text` may be empty while a multi-byte character is incomplete, or while it could be
 * the start of a stop string. `top_logprobs` has as many candidates as the setting `logprobs` asks for.
 * `constraint` says what a constraint did there, by the model's own probabilities: how many tokens it
 * allowed, the probability of all others together, and whether one of them is likelier than all it allowed.
 * @typedef {{token: number, text: string, logprob: number}} Candidate
 * @typedef {{allowed: number, masked: number, changed: boolean}} Constrained
 * @typedef {{text: string, token: number, logprob: number, index: number, top_logprobs: Candidate[],
 *   constraint?: Constrained | null, thought?: string, tool_call_deltas?: ToolCallDelta[]}} Chunk
 * @typedef {{prompt_tokens: number, completion_tokens: number}} Usage
 * The end of a reply in a conversation also has `messages`, the whole conversation, and `tokens`, how many
 * the new messages and the reply take; that of a reply that could call tools has `tool_calls`, those that are
 * complete. `guessed` tokens were guessed and read ahead, of which `guessed_right` were right.
 * @typedef {{
 *   text: string, finish_reason: "stop" | "length" | "abort", usage: Usage, seed: number | null,
 *   thought?: string, messages?: Message[], tokens?: number, tool_calls?: ToolCall[],
 *   tool_call_deltas?: ToolCallDelta[], guessed?: number, guessed_right?: number
 * }} End
 */

/**
 * A message of a conversation. Replies have no spaces around them; the thought of a reasoning model is
 * separate from its answer, in chunks and ends as in messages.
 * @typedef {{
 *   role: "system" | "user" | "assistant", content: string, thought?: string, tool_calls?: ToolCall[]
 * }} Message
 * A message that a model is given, as OpenAI's API has it: "developer" is another name of "system"; what a
 * call returned is a message of the role "tool", with the tool's `name`.
 * @typedef {{
 *   role: "system" | "developer" | "user" | "assistant" | "tool",
 *   content: string | {type: "text", text: string}[] | null,
 *   thought?: string, name?: string, tool_call_id?: string, tool_calls?: (ToolCall | OpenAIToolCall)[]
 * }} GivenMessage
 */

/**
 * A tool that a reply may call, and which ones it may or must, as OpenAI's API has them. `parameters` is the
 * JSON schema of an object; without it a tool has no arguments.
 * @typedef {{
 *   type: "function",
 *   function: {name: string, description?: string, parameters?: object | null, strict?: boolean | null}
 * }} Tool
 * @typedef {{type: "function", function: {name: string}}} NamedTool
 * @typedef {"auto" | "none" | "required" | NamedTool | {
 *   type: "allowed_tools", allowed_tools: {mode: "auto" | "required", tools: NamedTool[]}
 * }} ToolChoice
 * @typedef {{tools?: Tool[] | null, tool_choice?: ToolChoice | null, parallel_tool_calls?: boolean | null}}
 *   ToolOptions
 * A call, and what a chunk adds to one: it begins with the id, the name and no arguments, and pieces of the
 * arguments' JSON follow.
 * @typedef {{id: string, name: string, arguments: Record<string, any>}} ToolCall
 * @typedef {{index: number, id?: string, name?: string, arguments: string}} ToolCallDelta
 * @typedef {{id: string, type: "function", function: {name: string, arguments: string}}} OpenAIToolCall
 */

/**
 * The decoder's settings, by the names that goosequill.decoding gives them (temperature, top_k,
 * max_new_tokens, seed, stop, ...); `given`, tokens that follow the prompt already; `state`, the bytes of a
 * state file to start from; and `opening`, the start of the reply with which the prompt ends, for a text
 * whose thought is to be separated from the answer.
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {import("./settings.js").ChatSettings} ChatSettings
 * @typedef {Settings & {given?: number[], state?: Uint8Array | null, opening?: string}} GenerateOptions
 * An answer to messages also takes `reasoning_effort` and tools.
 * @typedef {Settings & ChatSettings & ToolOptions & {state?: Uint8Array | null}} AnswerOptions
 */

/**
 * For a reply in a conversation: `prefix`, its start, which the model continues without thinking; it is not
 * part of the text that comes back.
 * @typedef {Settings & ChatSettings & ToolOptions & {prefix?: string}} ReplyOptions
 */

/**
 * How a conversation starts: with a system prompt, with messages from elsewhere, from the bytes of a state
 * file. `chat_format` names a format of goosequill.chat.formats; without it the model's own is used.
 * @typedef {{system?: string, messages?: GivenMessage[], state?: Uint8Array | null, chat_format?: string}}
 *   ConversationOptions
 * @typedef {{handle: number, messages: Message[]}} Conversing
 */

/**
 * @typedef {{type: "load", id: number, model: ModelSource}} LoadMessage
 * `run` starts a job: a function or generator that a room of the Python package lists in its jobs.py. Its
 * arguments are plain values and arrays (NumpyArray); `model`, `conversation`, `embedder`, `static` and
 * `collection` are handles, `files` says where a model comes from (JobFiles). The replies are any number of
 * `progress` and `part`, then `done` or `error`. A value that lives on is returned as its `handle`, with what
 * the page should know of it.
 * Of the arguments, `files` and `background` are the worker's: such a job stands still while others run.
 * @typedef {{type: "run", id: number, job: string, args: Record<string, unknown>}} RunMessage
 * `forget` frees a value that lives on, such as a conversation, which the job "converse" starts.
 * @typedef {{type: "forget", id: number, handle: number}} ForgetMessage
 * @typedef {{type: "unload", id: number, model: number}} UnloadMessage
 * @typedef {{type: "cancel", id: number}} CancelMessage  the id is that of the request to end
 * @typedef {{type: "status", id: number}} StatusMessage
 * `addresses` comes first, if a bundler has moved the engine's files; it has no reply.
 * @typedef {{type: "addresses", id: number, addresses: Record<string, string>}} AddressesMessage
 * `prepared` comes next: from the port comes what engine/preparer.js fetches; without one, nothing.
 * @typedef {{type: "prepared", id: number, port?: MessagePort}} PreparedMessage
 * @typedef {LoadMessage | RunMessage | ForgetMessage | UnloadMessage | CancelMessage | StatusMessage |
 *   AddressesMessage | PreparedMessage} Request
 */

/**
 * @typedef {"idle" | "loading" | "ready" | "error"} EngineState  it only ever moves to the right
 * @typedef {{state: EngineState, models: number, running: number, heap_bytes: number}} EngineStatus
 */

/**
 * `alive` comes first and names the lock that the worker holds for as long as it lives, "" where there are no
 * locks. `gone` comes last, from a worker that cannot continue.
 * @typedef {{type: "alive", lock: string}} AliveMessage
 * @typedef {{type: "gone", reason: string}} GoneMessage
 * `blocked` reports what the policy of a page of another origin forbids the worker.
 * @typedef {{type: "blocked", directive: string, blocked: string}} BlockedMessage
 * @typedef {{type: "progress", id: number, progress: Progress}} ProgressMessage
 * @typedef {{type: "loaded", id: number, model: number, info: ModelInfo}} LoadedMessage
 * `part` has what a job has yielded since the last one; typed arrays in it are transferred, not copied.
 * @typedef {{type: "part", id: number, parts: any[]}} PartMessage
 * @typedef {{type: "done", id: number, result: any}} DoneMessage
 * @typedef {{type: "error", id: number, error: ErrorFields}} ErrorMessage
 * @typedef {{type: "status", id: number, status: EngineStatus}} StatusReply
 * @typedef {AliveMessage | GoneMessage | BlockedMessage | ProgressMessage | LoadedMessage | PartMessage |
 *   DoneMessage | ErrorMessage | StatusReply} Reply
 */

/** Progress is reported at most this often, in milliseconds. */
export const PROGRESS_INTERVAL = 100;

/**
 * Parts of a job, such as tokens, are posted together when they come faster than this, in milliseconds (60 a
 * second).
 */
export const TOKEN_INTERVAL = 16;

/** A failure that a user can fix: `message` says what happened, `remedy` what to do. */
export class EngineError extends Error {
  /** @param {ErrorFields} fields */
  constructor({ code, message, remedy, url, param, type }) {
    super(message);
    this.name = "EngineError";
    /** @type {ErrorCode} */
    this.code = code;
    this.remedy = remedy;
    this.url = url;
    this.param = param ?? null;
    this.type = type;
  }
}

/**
 * The form in which a thrown value is sent to the page.
 * @param {unknown} error
 * @returns {ErrorFields}
 */
export function errorFields(error) {
  if (error instanceof EngineError) {
    const { code, message, remedy, url, param, type } = error;
    return { code, message, remedy, ...(url && { url }), ...(param && { param }), ...(type && { type }) };
  }
  if (error instanceof Error && error.name === "AbortError") {
    return { code: "aborted", message: "The request was cancelled.", remedy: "" };
  }
  const text = error instanceof Error ? gist(error.message) : String(error);
  return {
    code: "internal",
    message: `An unexpected error occurred in the engine: ${text}`,
    remedy: "Try again. If it happens again, reload the page.",
  };
}

/** The last line of a Python traceback says what happened; of others, the first. @param {string} text */
function gist(text) {
  const lines = text.trim().split("\n");
  return (lines[0].startsWith("Traceback") ? lines.at(-1) : lines[0]) ?? text;
}
