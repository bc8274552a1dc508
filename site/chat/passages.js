/**
 * The passages that a message was sent with: what the model reads of them, and how they are shown. They come
 * from files, so nothing in them is trusted.
 */

import { element } from "../ui/dom.js";
import { inLine } from "../ui/unseen.js";
import { t, tn } from "../ui/words.js";

/** @import { Message } from "../collections/conversation-tree.js" */
/**
 * A document of a conversation; the `hash` of a collection is its id.
 * @typedef {{kind: "file" | "collection", name: string, hash: string}} Attached
 * @typedef {{name: string, title: string, heading: string, address: string, text: string,
 *   collection?: string}} Passage `collection` is the search page's
 */

/** Of a message, and characters of each, by the limits of goosequill.search.answer. */
const MOST = 20;
const LONGEST = 20_000;
/** Characters of a question that is searched for. */
export const QUESTION = 1000;

/** The documents that are attached to a conversation. @param {{fields: Record<string, any>}} tree */
export function attachedTo({ fields: { documents } }) {
  const all = Array.isArray(documents) ? documents.slice(0, MOST) : [];
  return /** @type {Attached[]} */ (
    all.filter(
      (one) =>
        ["file", "collection"].includes(one?.kind) &&
        typeof one.name === "string" &&
        typeof one.hash === "string",
    )
  );
}

/** The passages of a message; null if none were looked for. @param {Message} message */
export function passagesOf({ fields: { passages } }) {
  if (!Array.isArray(passages)) return null;
  const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value.slice(0, LONGEST) : "");
  return passages.slice(0, MOST).map((one) => ({
    ...{ name: text(one?.name), title: text(one?.title), heading: text(one?.heading) },
    ...{ address: text(one?.address), text: text(one?.text), collection: text(one?.collection) },
  }));
}

/**
 * What the model reads as a message: with passages, the prompt that search has for answers.
 * @param {import("../engine/client.js").Engine} engine
 * @param {Message} message
 * @returns {Promise<string>}
 */
export async function readAs(engine, message) {
  const passages = passagesOf(message);
  if (!passages?.length) return message.text;
  const budget = Number(message.fields.passage_tokens) || undefined;
  const args = { question: message.text, passages, ...(budget && { budget }) };
  return (await engine.run("answer_prompt", args)).prompt;
}

/**
 * The passages under a reply, each with where it is from.
 * @param {Passage[]} passages
 * @param {string} question for which they were found
 */
export function passagesBox(passages, question) {
  if (!passages.length)
    return element(
      "p",
      { class: "note", "data-testid": "passages" },
      t("No passage in the documents matches."),
    );
  const items = passages.map((passage) =>
    element("li", {}, sourceOf(passage, question), element("blockquote", { dir: "auto" }, passage.text)),
  );
  const count = tn(passages.length, "{n} passage was used", "{n} passages were used");
  return element(
    "details",
    { class: "passages", "data-testid": "passages" },
    element("summary", {}, count),
    element("ol", {}, ...items),
  );
}

/** @param {Passage} passage @param {string} question */
function sourceOf({ name, title, heading, address, collection }, question) {
  const words = inLine(title || name);
  const place = collection
    ? `../search/#${new URLSearchParams({ collection, q: question.trim().slice(0, QUESTION), document: name })}`
    : /^https?:\/\//.test(address)
      ? address
      : "";
  const shown = place ? element("a", { href: place, target: "_blank", rel: "noopener" }, words) : words;
  const more = [heading, name === title ? "" : name]
    .filter(Boolean)
    .map((one) => inLine(one))
    .join(" · ");
  return element("p", { class: "note" }, shown, more && ` · ${more}`);
}
