/**
 * The service worker: the site offline. The build writes precache.js, which names the version and every file
 * with its hash. The shell (pages, scripts, styles, fonts) is fetched when a version is installed, the
 * engine's parts when they are first used. Models are stored elsewhere (engine/storage/store.js).
 *
 * One version of everything: a version takes over only when the visitor agrees (the message "activate"), and
 * a part whose hash does not match the version is not returned. Caches are named after this site's own path,
 * and no other cache is ever touched, because many projects may share an origin.
 */

importScripts("precache.js");

/** @typedef {{version: string, shell: Record<string, string>, parts: Record<string, string>}} Precache */

const scope = /** @type {any} */ (globalThis);
/** @type {Precache} */
const { version, shell, parts } = scope.goosequillPrecache;
const BASE = new URL("./", scope.location.href);
const PREFIX = `goosequill:${BASE.pathname}:`;
const CACHE = `${PREFIX}${version}`;
const SETTINGS = `${PREFIX}settings`; // outlives versions
/** Files that are read in parts: the index of the documentation. */
const RANGED = "search-index/";
const GUARDED = "storage/index.html";
const THREADS = new URL("?threads", BASE).href;

/** The server has another version of the site. */
class OtherVersion extends Error {}

/** @param {string} path as in precache.js @returns {string} its address */
const addressOf = (path) => new URL(path, BASE).href;

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

/**
 * A file of this version: from an older version's cache if it has not changed, else from the network.
 * @param {string} path
 * @param {string} hash
 * @param {RequestCache} mode
 */
async function obtain(path, hash, mode) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX) || name === SETTINGS) continue;
    const kept = await (await caches.open(name)).match(addressOf(path));
    if (kept && (await hashOf(kept.clone())) === hash) return kept;
  }
  const response = await fetch(addressOf(path), { cache: mode });
  const isGone = response.status === 404 || response.status === 410;
  if (isGone || (response.ok && (await hashOf(response.clone())) !== hash)) {
    throw new OtherVersion(`${path} is not the file of version ${version}`);
  }
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${path}`);
  return response;
}

/** Puts files into this version's cache, a few at a time. @param {Record<string, string>} files */
async function keep(files) {
  const cache = await caches.open(CACHE);
  const waiting = Object.entries(files);
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [path, hash] = next;
      if (await cache.match(addressOf(path))) continue;
      await cache.put(addressOf(path), plain(await obtain(path, hash, "no-cache")));
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

/** Stores the parts that an older version had stored. */
async function keepUsedParts() {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX) || name === SETTINGS || name === CACHE) continue;
    const old = await caches.open(name);
    const used = [];
    for (const path of Object.keys(parts)) if (await old.match(addressOf(path))) used.push(path);
    if (used.length) return await keep(Object.fromEntries(used.map((path) => [path, parts[path]])));
  }
}

async function removeOldVersions() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE && name !== SETTINGS) await caches.delete(name);
  }
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

/** @param {Request} request @param {string} path */
async function answer(request, path) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(addressOf(path));
  if (kept) return await withHeaders(kept, path);
  try {
    if (!parts[path]) return await withHeaders(await fetch(request), path);
    const response = await obtain(path, parts[path], "default");
    await cache.put(addressOf(path), response.clone()).catch(() => {}); // no space: fetched again next time
    return await withHeaders(response, path);
  } catch (error) {
    if (!(error instanceof OtherVersion)) throw error; // no network, or a server that fails
    await scope.registration.update().catch(() => {});
    return new Response("This part belongs to a newer version of the site; reload the page.", {
      status: 409,
    });
  }
}

/**
 * A part of a file: from the cache if the file is there, else from the network. Then the whole file is stored
 * as well, so that what is asked next is answered offline too.
 * @param {Request} request
 * @param {string} path
 * @param {(work: Promise<unknown>) => void} after
 */
async function answerRange(request, path, after) {
  const kept = await (await caches.open(CACHE)).match(addressOf(path));
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
  if (!kept || !range) {
    const response = await fetch(request);
    if (parts[path] && !scope.navigator.connection?.saveData) after(keepOnce(path));
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

/** Stores a part, unless that is being done. @param {string} path */
function keepOnce(path) {
  const found = keeping.get(path);
  if (found) return found;
  const work = keep({ [path]: parts[path] })
    .catch(() => {}) // the next request tries again
    .finally(() => keeping.delete(path));
  keeping.set(path, work);
  return work;
}

scope.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(keep(shell)));

scope.addEventListener("activate", (/** @type {any} */ event) => {
  const take = async () => {
    await keepUsedParts().catch(() => {}); // they are fetched when they are used
    await removeOldVersions();
    await scope.clients.claim();
  };
  event.waitUntil(take());
});

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const path = pathOf(request.url);
  if (request.headers.has("range")) {
    if (path.startsWith(RANGED) && (shell[path] || parts[path]))
      event.respondWith(answerRange(request, path, (work) => event.waitUntil(work)));
    return;
  }
  const page = request.mode === "navigate" && path !== "";
  if (shell[path] || parts[path] || page) event.respondWith(answer(request, path));
});

scope.addEventListener("message", (/** @type {any} */ event) => {
  const { type, on } = event.data ?? {};
  const reply = async (/** @type {Promise<unknown>} */ work) => event.ports[0]?.postMessage(await work);
  if (type === "activate") event.waitUntil(scope.skipWaiting());
  // What could not be stored will be next time.
  if (type === "keep-engine")
    event.waitUntil(reply(keep({ ...engineParts(), ...rangedParts() }).then(status, status)));
  if (type === "threads") event.waitUntil(reply(setThreads(Boolean(on)).then(threads)));
  if (type === "status") event.waitUntil(reply(status()));
});

/** What every first text needs except the model. */
function engineParts() {
  return Object.fromEntries(
    Object.entries(parts).filter(([path]) => /^(vendor\/pyodide|python)\//.test(path)),
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
