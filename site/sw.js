/**
 * The service worker: the site offline. The build writes precache.js, which names the version and every file
 * with its hash. The shell (pages, scripts, styles, fonts) is fetched when a version is installed, the
 * engine's parts when they are first used. Models are stored elsewhere (engine/storage/store.js).
 *
 * One version of everything: what a page runs has its version in its address (scripts/versions.py). For what
 * has not, each page's version is noted before the page gets its first byte. A page and its workers get only
 * files whose hash is in that version's list, from whichever worker is active. What is gone from the server
 * and from the caches is refused. A version takes over only when the visitor agrees (the message "activate");
 * pages of another one stay as they are. Caches are named after this site's own path, and no other cache is
 * ever touched, because many projects may share an origin.
 */

importScripts("precache.js");

/** @typedef {{version: string, shell: Record<string, string>, parts: Record<string, string>}} Precache */

const scope = /** @type {any} */ (globalThis);
/** @type {Precache} */
const { version, shell, parts } = scope.goosequillPrecache;
const BASE = new URL("./", scope.location.href);
const PREFIX = `goosequill:${BASE.pathname}:`;
const CACHE = `${PREFIX}${version}`;
const SETTINGS = `${PREFIX}settings`; // outlives versions: threads, and the version of each page
const LIST = addressOf("precache.js");
/** A header of what is kept unpacked: the hash of the file as it was. */
const UNPACKED = "x-goosequill-unpacked";
/** Files that are read in parts: the index of the documentation. */
const RANGED = "search-index/";
/** Files that the engine verifies by their hashes, and stores. */
const MODELS = "models/";
const GUARDED = "storage/index.html";
const THREADS = new URL("?threads", BASE).href;
const CLIENT = new URL("?client=", BASE).href;
/** Notes that are never removed, of pages that may not have been shown yet. */
const RECENT = 100;
/** The folder of a version's files. */
const FOLDER = /^v-(\w+)\//;
/** What the build writes into each page. */
const STAMP = /<html\b[^>]* data-version="(\w+)"/;

/** The server has another version of the site. */
class OtherVersion extends Error {}

/** @param {string} path as in precache.js @returns {string} its address */
function addressOf(path) {
  return new URL(path, BASE).href;
}

/**
 * The address that a file has in the version of a cache.
 * @param {string} path
 * @param {string} cacheName
 */
function addressIn(path, cacheName) {
  return addressOf(path.replace(FOLDER, `v-${cacheName.slice(PREFIX.length)}/`));
}

/** @param {string} path @returns {boolean} whether this version has it */
function isListed(path) {
  return Boolean(shell[path] ?? parts[path]);
}

/** The path in precache.js of an address, "" for an address outside the site. @param {string} address */
function pathOf(address) {
  const url = new URL(address);
  if (url.origin !== BASE.origin || !url.pathname.startsWith(BASE.pathname)) return "";
  const path = decodeURIComponent(url.pathname.slice(BASE.pathname.length));
  return path === "" || path.endsWith("/") ? `${path}index.html` : path;
}

/** @param {Response} response */
async function hashOf(response) {
  const digest = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The caches of all versions. */
async function versionCaches() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== SETTINGS);
}

/**
 * A file by its hash: from any version's cache, else from the network.
 * @param {string} path
 * @param {string} hash
 * @param {Response} [sent] the network's answer, if it is there already
 */
async function obtain(path, hash, sent) {
  for (const cacheName of await versionCaches()) {
    const kept = await caches.match(addressIn(path, cacheName), { cacheName });
    if (kept && (kept.headers.get(UNPACKED) ?? (await hashOf(kept.clone()))) === hash) return kept;
  }
  const response = sent ?? (await fetch(addressOf(path), { cache: "no-cache" }));
  const isGone = response.status === 404 || response.status === 410;
  if (isGone || (response.ok && (await hashOf(response.clone())) !== hash)) {
    throw new OtherVersion(`${path} has changed`);
  }
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${path}`);
  return response;
}

/**
 * Puts files into this version's cache, a few at a time.
 * @param {Record<string, string>} files
 * @param {Response} [sent] the network's answer for the only file
 */
async function keep(files, sent) {
  const cache = await caches.open(CACHE);
  const waiting = Object.entries(files);
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [path, hash] = next;
      if (await cache.match(addressOf(path))) continue;
      await cache.put(addressOf(path), ready(path, hash, await obtain(path, hash, sent)));
    }
  };
  await Promise.all(Array.from({ length: 6 }, work));
}

/**
 * A navigation refuses a redirected response, so only body and headers are kept.
 * @param {Response} response
 */
function plain(response) {
  return new Response(response.body, { status: 200, headers: response.headers });
}

/**
 * A file as it is kept. WebAssembly is unpacked and has its own type, since a browser keeps the code that it
 * compiles only beside a response of that kind.
 * @param {string} path
 * @param {string} hash
 * @param {Response} response
 */
function ready(path, hash, response) {
  if (!path.endsWith(".wasm.gz") || response.headers.has(UNPACKED) || !response.body) return plain(response);
  const headers = { "Content-Type": "application/wasm", [UNPACKED]: hash };
  return new Response(response.body.pipeThrough(new DecompressionStream("gzip")), { headers });
}

/** Stores the parts that an older version had stored. */
async function keepUsedParts() {
  for (const name of await versionCaches()) {
    if (name === CACHE) continue;
    const old = await caches.open(name);
    const used = [];
    for (const path of Object.keys(parts)) if (await old.match(addressIn(path, name))) used.push(path);
    if (used.length) return await keep(Object.fromEntries(used.map((path) => [path, parts[path]])));
  }
}

/** Removes the versions that no open page is of, and the notes of pages that are closed. */
async function tidy() {
  const settings = await caches.open(SETTINGS);
  const open = new Set((await openClients("all")).map(({ id }) => id));
  const used = new Set([CACHE]);
  const notes = (await settings.keys()).filter(({ url }) => url.startsWith(CLIENT));
  for (const [index, note] of notes.entries()) {
    if (open.has(note.url.slice(CLIENT.length))) used.add(PREFIX + (await textOf(settings, note)));
    else if (index < notes.length - RECENT) await settings.delete(note);
  }
  if (scope.registration.installing || scope.registration.waiting) return; // it has a cache as well
  for (const name of await versionCaches()) if (!used.has(name)) await caches.delete(name);
}

/** @param {Cache} cache @param {string | Request} key */
async function textOf(cache, key) {
  return (await (await cache.match(key))?.text()) ?? null;
}

/** @param {"window" | "all"} type @returns {Promise<{id: string, url: string, frameType: string}[]>} */
async function openClients(type) {
  return await scope.clients.matchAll({ type, includeUncontrolled: true });
}

/** The version of each page and worker by its id, "" for one of another site. @type {Map<string, string>} */
const noted = new Map();

/**
 * Stores it too, if there is space, since this worker may be stopped at any time.
 * @param {string} id
 * @param {string} of
 */
async function note(id, of) {
  if (!id) return;
  noted.set(id, of);
  const settings = await caches.open(SETTINGS);
  await settings.put(CLIENT + id, new Response(of)).catch(() => {});
}

/** @param {string} id @returns {Promise<string | null>} */
async function notedOf(id) {
  const of = noted.get(id) ?? (await textOf(await caches.open(SETTINGS), CLIENT + id));
  if (of !== null) noted.set(id, of);
  return of;
}

/**
 * The version of a page or worker, null if it is not known. A worker without a note was started before its
 * page was controlled, or by another worker (Chromium does not name those); an open page has started it, so
 * its version is known if they all have the same one.
 * @param {string} id
 */
async function versionOf(id) {
  const found = await notedOf(id);
  if (found !== null) return found;
  const pages = await scope.clients.matchAll();
  const known = await Promise.all(pages.map((/** @type {any} */ page) => notedOf(page.id)));
  const [only = "", ...others] = new Set(
    known.filter((of, index) => of || (of === null && pages[index].frameType !== "nested")),
  );
  return others.length ? null : only;
}

/**
 * A page reports the version that is written in it. All pages are controlled as soon as all have: until then
 * the others' versions are not known.
 * @param {string} id
 * @param {string} of
 * @returns {Promise<boolean>} whether the page can be given what it needs
 */
async function meet(id, of) {
  if ((await notedOf(id)) === null) await note(id, of);
  const pages = (await openClients("window")).filter(
    ({ url, frameType }) => url.startsWith(BASE.href) && frameType !== "nested",
  );
  const known = await Promise.all(pages.map((page) => notedOf(page.id)));
  if (!known.includes(null)) await scope.clients.claim();
  await tidy();
  return Boolean(await filesOf(of));
}

/** The files of versions, with their hashes. @type {Map<string, Record<string, string>>} */
const lists = new Map([[version, { ...shell, ...parts }]]);

/** A version's files, undefined if neither a cache nor the server has their list. @param {string} of */
async function filesOf(of) {
  if (lists.has(of)) return lists.get(of);
  const cacheName = PREFIX + of;
  const kept = await caches.match(LIST, { cacheName });
  const found = kept ?? (await fetch(LIST, { cache: "no-cache" }).catch(() => null));
  const text = (await found?.text()) ?? "";
  if (!text.includes(`"${of}"`)) return; // another version's, or not a list at all
  const list = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
  if (!kept) await (await caches.open(cacheName)).put(LIST, new Response(text)).catch(() => {});
  lists.set(of, { ...list.shell, ...list.parts });
  return lists.get(of);
}

async function threads() {
  const settings = await caches.open(SETTINGS);
  return Boolean(await settings.match(THREADS));
}

/** @param {boolean} on */
async function setThreads(on) {
  const settings = await caches.open(SETTINGS);
  if (on) await settings.put(THREADS, new Response("on"));
  else await settings.delete(THREADS);
}

/**
 * Adds the headers that enable threads, if the visitor has switched them on; to every page the one that keeps
 * the page that opened it from holding on to it; and to the page that deletes the one that forbids frames.
 * @param {Response} response
 * @param {string} [path]
 */
async function withHeaders(response, path = "") {
  const [isolated, isPage] = [await threads(), path.endsWith(".html")];
  if (response.type === "opaque" || response.status === 0 || !(isolated || isPage)) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  if (path === GUARDED) headers.set("Content-Security-Policy", "frame-ancestors 'none'");
  if (isolated) {
    headers.set("Cross-Origin-Embedder-Policy", "require-corp");
    headers.set("Cross-Origin-Resource-Policy", "cross-origin");
  }
  const { status, statusText } = response;
  return new Response(status === 204 || status === 304 ? null : response.body, {
    status,
    statusText,
    headers,
  });
}

/**
 * A file of a version, which is kept for the next time.
 * @param {string} of
 * @param {string} path
 * @param {string} hash
 */
async function fileOf(of, path, hash) {
  const cacheName = PREFIX + of;
  const kept = await caches.match(addressOf(path), { cacheName });
  if (kept) return kept;
  const response = ready(path, hash, await obtain(path, hash));
  const cache = await caches.open(cacheName);
  await cache.put(addressOf(path), response.clone()).catch(() => {}); // no space: fetched again next time
  return response;
}

function refusal() {
  return new Response("This part belongs to another version of the site; reload the page.", { status: 409 });
}

/**
 * A page of this version, or one that the server has and this version has not: that one is of its own
 * version.
 * @param {Request} request
 * @param {string} path
 * @param {string} id of the page
 */
async function answerPage(request, path, id) {
  const hash = shell[path] ?? parts[path];
  const own = hash && (await fileOf(version, path, hash).catch(ifOther));
  const response = own || (await fetch(request));
  let of = own ? version : "";
  if (!own && response.headers.get("content-type")?.startsWith("text/html"))
    of = STAMP.exec(await response.clone().text())?.[1] ?? "";
  if (of && !(await filesOf(of))) return refusal(); // the server is about to have another version
  await note(id, of);
  return await withHeaders(response, path);
}

/** Looks for the newer version after a file that is not this one's. @param {unknown} error */
async function ifOther(error) {
  if (!(error instanceof OtherVersion)) throw error; // no network, or a server that fails
  await scope.registration.update().catch(() => {});
}

/** @param {any} event @param {string} path */
async function answer({ request, clientId, resultingClientId }, path) {
  if (request.mode === "navigate") return await answerPage(request, path, resultingClientId);
  const of = FOLDER.exec(path)?.[1] ?? (await versionOf(clientId));
  if (of !== null) await note(resultingClientId, of); // a worker
  const files = of && (await filesOf(of));
  if (of === null ? isListed(path) : of && !files) return refusal();
  if (!files?.[path]) return await fetch(request);
  const response = await fileOf(of, path, files[path]).catch(ifOther);
  return response ? await withHeaders(response, path) : refusal();
}

/**
 * A part of a file: from the cache if the file is there, else from the network, which has no other file of
 * this name, since that contains the file's hash. Then the whole file is stored as well, so that what is
 * asked next is answered offline too: the answer itself, if the server ignores ranges.
 * @param {any} event
 * @param {string} path
 */
async function answerRange(event, path) {
  const { request, clientId } = event;
  const cacheName = PREFIX + (await versionOf(clientId));
  await arriving.get(path);
  const kept = await caches.match(addressOf(path), { cacheName });
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
  if (!kept || !range) {
    const response = await fetch(request);
    const whole = response.status === 200 ? response.clone() : undefined;
    if (parts[path] && (whole || !scope.navigator.connection?.saveData))
      event.waitUntil(keepOnce(path, whole));
    return response;
  }
  const whole = await kept.blob();
  const [start, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, whole.size)];
  if (start >= end) return new Response(null, { status: 416 });
  const headers = {
    "Content-Length": `${end - start}`,
    "Content-Range": `bytes ${start}-${end - 1}/${whole.size}`,
  };
  return await withHeaders(new Response(whole.slice(start, end), { status: 206, headers }));
}

/** Files that are being stored. @type {Map<string, Promise<void>>} */
const keeping = new Map();
/** Those of them that came whole for a part. @type {Map<string, Promise<void>>} */
const arriving = new Map();

/** Stores a part, unless that is being done. @param {string} path @param {Response} [whole] */
function keepOnce(path, whole) {
  const found = keeping.get(path);
  if (found) return found;
  const work = keep({ [path]: parts[path] }, whole)
    .catch(() => {}) // the next request tries again
    .finally(() => keeping.delete(path) && arriving.delete(path));
  keeping.set(path, work);
  if (whole) arriving.set(path, work);
  return work;
}

scope.addEventListener("install", (/** @type {any} */ event) => {
  const store = async () => {
    await keep(shell);
    const list = JSON.stringify({ version, shell, parts });
    await (await caches.open(CACHE)).put(LIST, new Response(list));
  };
  event.waitUntil(store());
});

scope.addEventListener("activate", (/** @type {any} */ event) => {
  const take = async () => {
    await keepUsedParts().catch(() => {}); // they are fetched when they are used
    await tidy();
  };
  event.waitUntil(take());
});

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const path = pathOf(request.url);
  if (request.headers.has("range")) {
    if (path.startsWith(RANGED)) event.respondWith(answerRange(event, path));
    return;
  }
  const isModel = path.startsWith(MODELS) && !isListed(path) && request.mode !== "navigate";
  if (path !== "" && !isModel) event.respondWith(answer(event, path));
});

scope.addEventListener("message", (/** @type {any} */ event) => {
  const { type, on, version: of } = event.data ?? {};
  const reply = async (/** @type {Promise<unknown>} */ work) => event.ports[0]?.postMessage(await work);
  if (type === "activate") event.waitUntil(scope.skipWaiting());
  if (type === "page") event.waitUntil(reply(meet(event.source.id, of)));
  // What could not be stored will be next time.
  if (type === "keep-engine")
    event.waitUntil(reply(keep({ ...engineParts(), ...rangedParts() }).then(status, status)));
  if (type === "threads") event.waitUntil(reply(setThreads(Boolean(on)).then(threads)));
  if (type === "status") event.waitUntil(reply(tidy().then(status)));
});

/** What every first text needs except the model. */
function engineParts() {
  return Object.fromEntries(
    Object.entries(parts).filter(([path]) => /^v-\w+\/(vendor\/pyodide|python)\//.test(path)),
  );
}

/** What the search of the documentation needs offline. */
function rangedParts() {
  return Object.fromEntries(Object.entries(parts).filter(([path]) => path.startsWith(RANGED)));
}

async function status() {
  const cache = await caches.open(CACHE);
  const count = async (/** @type {Record<string, string>} */ files) => {
    const kept = await Promise.all(Object.keys(files).map((path) => cache.match(addressOf(path))));
    return [kept.filter(Boolean).length, kept.length];
  };
  const [[pages, ofPages], [engine, ofEngine]] = await Promise.all([count(shell), count(engineParts())]);
  const stored = { shell: pages, of_shell: ofPages, parts: engine, of: ofEngine };
  return { version, ...stored, threads: await threads() };
}
