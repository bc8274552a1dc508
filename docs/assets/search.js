/**
 * Material's search, begun by the first word that is looked for: until then a page fetches neither the index nor
 * what reads it. A worker; the fragment of its address names Material's own. Messages are Material's: the page sends
 * 0 to set up and 2 to ask, and is sent 1 when it may ask and 3 for an answer.
 * @module
 */

const SET_UP = 0;
const READY = 1;
const ASK = 2;
const ANSWER = 3;
const engine = new URL(location.hash.slice(1), location.href);

/** What to read, where the page has fetched it itself. @type {Promise<unknown> | undefined} */
let contents;
/** The words asked for last. */
let words = "";
let begun = false;
/** Whether Material's worker, loaded into this one, is to hear what comes. */
let passing = false;

/** Loads Material's worker, has it read the index, and asks it for the words that have been typed until then. */
async function begin() {
  begun = true;
  try {
    contents ??= fetchIndex();
    const data = await contents;
    importScripts(engine.href);
    tell({ type: SET_UP, data });
    // It has read the index once this turn of the event loop is over.
    setTimeout(() => {
      tell({ type: ASK, data: words });
      passing = true;
    });
  } catch (error) {
    console.error("The search could not begin; the next letter tries again.", error);
    contents = undefined;
    begun = false;
  }
}

/** Says something to Material's worker. @param {object} data */
function tell(data) {
  passing = true;
  dispatchEvent(new MessageEvent("message", { data }));
  passing = false;
}

async function fetchIndex() {
  const response = await fetch(new URL("../search/search_index.json", location.href));
  if (!response.ok) throw new Error(`the index: ${response.status}`);
  return { ...(await response.json()), options: { suggest: false } };
}

/** @param {MessageEvent<{type: number, data: any}>} event */
function hear(event) {
  if (passing) return;
  event.stopImmediatePropagation();
  const { type, data } = event.data;
  if (type === SET_UP) contents = Promise.resolve(data);
  if (type !== ASK) return;
  words = data;
  if (words === "") postMessage({ type: ANSWER, data: { items: [] } });
  else if (!begun) begin();
}

addEventListener("message", hear);
postMessage({ type: READY });
