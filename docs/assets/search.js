/**
 * A worker that loads Material's search, and its index, only when the first word is typed. The fragment of
 * its address names Material's own worker. The messages are Material's: the page sends 0 to set up and 2 for
 * a query,
 * and receives 1 when it may send queries and 3 for an answer.
 */

const SET_UP = 0;
const READY = 1;
const QUERY = 2;
const ANSWER = 3;
const engine = new URL(location.hash.slice(1), location.href);

/** The index. @type {Promise<unknown> | undefined} */
let index;
/** The latest query. */
let words = "";
let started = false;
/** Whether messages go to Material's worker, which is loaded into this one. */
let forwarding = false;

/** Loads Material's worker, gives it the index, and sends it the latest query. */
async function start() {
  started = true;
  try {
    index ??= fetchIndex();
    const data = await index;
    importScripts(engine.href);
    send({ type: SET_UP, data });
    // It has read the index when this turn of the event loop ends.
    setTimeout(() => {
      send({ type: QUERY, data: words });
      forwarding = true;
    });
  } catch (error) {
    console.error("Search could not start; it retries at the next keystroke.", error);
    index = undefined;
    started = false;
  }
}

/** Sends a message to Material's worker. @param {object} data */
function send(data) {
  forwarding = true;
  dispatchEvent(new MessageEvent("message", { data }));
  forwarding = false;
}

async function fetchIndex() {
  const response = await fetch(new URL("../search/search_index.json", location.href));
  if (!response.ok) throw new Error(`search index: HTTP ${response.status}`);
  return { ...(await response.json()), options: { suggest: false } };
}

/** @param {MessageEvent<{type: number, data: any}>} event */
function receive(event) {
  if (forwarding) return;
  event.stopImmediatePropagation();
  const { type, data } = event.data;
  if (type === SET_UP) index = Promise.resolve(data);
  if (type !== QUERY) return;
  words = data;
  if (words === "") postMessage({ type: ANSWER, data: { items: [] } });
  else if (!started) start();
}

addEventListener("message", receive);
postMessage({ type: READY });
