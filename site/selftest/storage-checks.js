/** Whether the browser keeps what the site stores: files, caches, settings, and how much room there is. */

import { openFolder } from "../engine/storage/opfs.js";
import { english } from "../ui/english.js";
import { recall, remember } from "../ui/memory.js";
import { megabytes } from "../ui/words.js";
import { Asker } from "../ui/workers.js";
import { check, ensure, Unavailable } from "./finding.js";

const CACHE = "goosequill-selftest";
const KEY = "selftest";
const BYTES = 300_000;

/** @param {import("./finding.js").Context} context */
export async function checkStorage(context) {
  await check(context, english("private files"), () => files(context.signal));
  await check(context, english("cache"), cache);
  await check(context, english("settings"), settings);
  await check(context, english("room"), room);
  await check(context, english("persistence"), persistence);
}

/** Writes, moves and reads a file where models are kept: only a worker can write in place there. */
async function files(/** @type {AbortSignal} */ signal) {
  if (!(await openFolder(undefined, "selftest")))
    throw new Unavailable(
      english("The browser offers no private file system here: a private window, perhaps."),
    );
  /** @type {Asker<number, string>} */
  const asker = new Asker("selftest/storage-worker.js");
  const stop = () => asker.stop("cancelled");
  signal.addEventListener("abort", stop);
  try {
    return await asker.ask(BYTES);
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

async function cache() {
  if (!globalThis.caches) throw new Unavailable(english("The browser offers no cache here."));
  const address = new URL("selftest-probe", location.href).href;
  const bytes = crypto.getRandomValues(new Uint8Array(4096));
  try {
    const opened = await caches.open(CACHE);
    await opened.put(address, new Response(bytes));
    const found = await (await opened.match(address))?.arrayBuffer();
    ensure(
      found !== undefined && sameBytes(new Uint8Array(found), bytes),
      english("Stored data was read back with changes."),
    );
  } finally {
    await caches.delete(CACHE);
  }
  return english("written, read and deleted");
}

/** @param {Uint8Array} a @param {Uint8Array} b */
function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function settings() {
  const value = crypto.randomUUID?.() ?? String(Math.random());
  if (!remember(KEY, value)) throw new Unavailable(english("The browser stores no settings here."));
  ensure(recall(KEY) === value, english("A setting was read back with a changed value."));
  remember(KEY, undefined);
  ensure(recall(KEY) === undefined, english("A setting cannot be deleted."));
  return english("written, read and deleted");
}

async function room() {
  const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  if (!quota) throw new Unavailable(english("The browser does not report how much space is available."));
  const free = quota - usage;
  ensure(free >= 50e6, english(`Only ${megabytes(Math.max(0, free))} are free; the site needs about 50 MB.`));
  return english(`${megabytes(usage)} of ${megabytes(quota)} in use`);
}

async function persistence() {
  const kept = await navigator.storage?.persisted?.();
  if (!kept) throw new Unavailable(english("The browser may delete stored files when space is short."));
  return english("the browser has agreed to keep everything");
}
