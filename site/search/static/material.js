/**
 * The worker of the search box of Material for MkDocs: it speaks the messages of Material's own worker. Every
 * page starts it when it opens, so what searches is loaded at the first question.
 */

import { ANSWER, QUERY, READY } from "./material-messages.js";

/** @type {Promise<typeof import("./material-search.js")> | null} */
let searching = null;

/** @param {string} question */
async function receive(question) {
  try {
    searching ??= import("./material-search.js");
    const { receive } = await searching;
    await receive(question);
  } catch {
    searching = null; // the next key tries again
    const title = "Search could not be loaded";
    const text = "<p>Check the connection, then type again.</p>";
    const items = [[{ location: globalThis.location.href, title, text, score: 1, terms: {} }]];
    globalThis.postMessage({ type: ANSWER, data: { items } });
  }
}

addEventListener("message", (event) => {
  if (event.data?.type === QUERY) receive(String(event.data.data));
});
globalThis.postMessage({ type: READY });
