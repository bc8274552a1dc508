/**
 * The worker of the search box of Material for MkDocs: it speaks the messages of Material's own worker. Every
 * page starts it when it opens, so what searches is loaded at the first question.
 */

import { ANSWER, QUERY, READY } from "./material-messages.js";

/** @type {Promise<typeof import("./material-search.js")> | null} */
let searching = null;

/** @param {unknown[]} items */
function answer(items) {
  globalThis.postMessage({ type: ANSWER, data: { items } });
}

/** @param {string} question */
async function receive(question) {
  if (!searching && !question.trim()) return answer([]); // what Material asks when a page opens
  try {
    searching ??= import("./material-search.js");
    const { receive } = await searching;
    await receive(question);
  } catch {
    searching = null; // the next key tries again
    const title = "Search could not be loaded";
    const text = "<p>Check the connection, then type again.</p>";
    answer([[{ location: globalThis.location.href, title, text, score: 1, terms: {} }]]);
  }
}

addEventListener("message", (event) => {
  if (event.data?.type === QUERY) receive(String(event.data.data));
});
globalThis.postMessage({ type: READY });
