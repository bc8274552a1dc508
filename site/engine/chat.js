// A conversation as one prompt: the model's description says how its turns are written.
// It builds text only; who generates from it is the caller's business.

/**
 * @typedef {{role: "system" | "user" | "assistant", content: string}} Message
 * @typedef {{prefix?: string, user: string, assistant: string, stop: string[]}} ChatFormat  as in a model's config.json
 */

/** For a model that says nothing of conversations. @type {ChatFormat} */
export const PLAIN_CHAT = { user: "User: ", assistant: "Assistant:", stop: ["\n\nUser:"] };

/**
 * The format of a model, or the plain one; a description may be anything.
 * @param {unknown} info
 * @returns {ChatFormat}
 */
export function chatFormat(info) {
  const chat = /** @type {any} */ (info)?.chat;
  if (typeof chat?.user !== "string" || typeof chat?.assistant !== "string") return PLAIN_CHAT;
  const stop = Array.isArray(chat.stop)
    ? chat.stop.filter((/** @type {unknown} */ s) => typeof s === "string")
    : [];
  const prefix = typeof chat.prefix === "string" ? chat.prefix : "";
  return {
    prefix,
    user: chat.user,
    assistant: chat.assistant,
    stop: stop.length ? stop : [`\n\n${chat.user.trim()}`],
  };
}

/**
 * The prompt after which the model writes the assistant's next turn. Blank lines inside a turn are
 * closed up, because a blank line ends a turn.
 * @param {Message[]} messages
 * @param {ChatFormat} format
 */
export function chatPrompt(messages, format) {
  const turns = messages.map(({ role, content }) => {
    const text = content.trim().replace(/\n\s*\n/g, "\n");
    if (role === "system") return text;
    if (role === "user") return `${format.user}${text}`;
    if (role === "assistant") return `${spaced(format.assistant)}${text}`;
    throw new TypeError(`unknown role: ${role}`);
  });
  return (format.prefix ?? "") + [...turns, format.assistant].join("\n\n");
}

/** The model writes the space itself. @param {string} label */
function spaced(label) {
  return /\s$/.test(label) ? label : `${label} `;
}
