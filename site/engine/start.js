/**
 * The one place that starts workers: directly, or on a page of another origin through a small module in a
 * blob that imports the worker from where it is served. If one cannot start, it explains why: which directive
 * of the page's policy blocks it, or that its address does not answer.
 */

import { assetsIn } from "./assets.js";
import { EngineError } from "./protocol.js";
import { afterStartup } from "./startup-lock.js";
import { trustedScript } from "./trusted.js";

/** @import { Assets } from "./assets.js" */
/**
 * What the browser reports of a blocked request.
 * @typedef {{directive: string, blocked: string}} Violation
 */

/**
 * @param {Assets} [assets] the engine's files
 * @returns {Worker}
 */
export function startWorker(assets = assetsIn()) {
  const url = assets.locate("engine/worker.js");
  const watch = watchPolicy();
  let worker;
  try {
    worker = startScript(url, "goosequill");
  } catch (error) {
    throw refusal(watch.found(), url, error);
  }
  worker.addEventListener("message", ({ data }) => watch.note(data));
  if (assets.addresses) worker.postMessage({ type: "addresses", addresses: assets.addresses });
  startPreparer(worker, assets);
  watched.set(worker, { url, assets, found: watch.found });
  return worker;
}

/**
 * Lets another thread fetch and prepare what every start needs. The page starts it, because a worker that is
 * busy can start none.
 * @param {Worker} worker
 * @param {Assets} assets
 */
function startPreparer(worker, assets) {
  const { port1, port2 } = new MessageChannel();
  const preparer = startScript(assets.locate("engine/preparer.js"), "goosequill-preparer");
  preparer.onerror = () => worker.postMessage({ type: "prepared" });
  preparer.postMessage({ addresses: assets.addresses, port: port1 }, [port1]);
  worker.postMessage({ type: "prepared", port: port2 }, [port2]);
}

/** @type {WeakMap<Worker, {url: string, assets: Assets, found: () => Violation | undefined}>} */
const watched = new WeakMap();

/** Milliseconds: the browser reports a policy violation shortly after the failure that it causes. */
const POLICY_DELAY = 60;

/**
 * Why a worker did not start; null for a worker that was started elsewhere.
 * @param {Worker} worker
 * @param {string} reason
 * @returns {Promise<EngineError | null>}
 */
export async function explainFailure(worker, reason) {
  const entry = watched.get(worker);
  if (!entry) return null;
  const isThere = await answers(entry.url);
  return refusal(entry.found(), entry.url, reason, !isThere);
}

/**
 * The error of the directive that blocked something in the worker, if one did. WebKit raises no event for it
 * in workers.
 * @param {Worker} worker
 * @param {import("./protocol.js").ErrorFields} error
 * @returns {Promise<EngineError | null>}
 */
export async function explainPolicy(worker, { message, url }) {
  const entry = watched.get(worker);
  if (!entry) return null;
  await new Promise((resolve) => setTimeout(resolve, POLICY_DELAY));
  const own = new URL(entry.assets.locate("engine/parts.json"));
  // A worker of the site has a policy of its own; on a page elsewhere it has the page's.
  const isElsewhere = own.origin !== globalThis.location.origin;
  const failed = isElsewhere && url ? url : own;
  const violation = entry.found() ?? directiveIn(message) ?? (await tryRequest(failed));
  return violation ? policyRefusal(violation, new URL(entry.url).origin) : null;
}

/** What WebKit says of WebAssembly. @param {string} message @returns {Violation | undefined} */
function directiveIn(message) {
  const directive = /Content Security Policy directive: "([\w-]+)/.exec(message)?.[1];
  return directive ? { directive, blocked: "wasm-eval" } : undefined;
}

/**
 * Requests, from the page, what the worker requests under the same policy: here WebKit does raise the event.
 * @param {string | URL} url
 */
async function tryRequest(url) {
  const { found } = watchPolicy();
  await answers(url);
  return found();
}

/**
 * Whether there is an answer, once the browser has reported what its policy blocks.
 * @param {string | URL} url
 */
async function answers(url) {
  const signal = AbortSignal.timeout(2000);
  const answer = await fetch(url, { mode: "no-cors", credentials: "omit", signal }).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, POLICY_DELAY));
  return answer;
}

/**
 * Asks the site's service worker to store the engine for offline visits: on the first visit the engine is
 * fetched before the service worker controls the page. Other sites' service workers are left alone.
 * @param {Worker} worker
 */
export async function keepOffline(worker) {
  const root = watched.get(worker)?.assets.root;
  if (!root?.startsWith(globalThis.location.origin)) return;
  try {
    await afterStartup();
    const { serviceWorker } = navigator;
    // A page of the site registers it after startup; a page elsewhere can only look for it.
    const own = globalThis.location.href.startsWith(root);
    const found = await (own ? serviceWorker?.ready : serviceWorker?.getRegistration(root));
    if (found?.scope === root) found.active?.postMessage({ type: "keep-engine" });
  } catch {
    // the browser allows no service workers here
  }
}

/** @param {string} url @param {string} name @returns {Worker} */
export function startScript(url, name) {
  if (new URL(url).origin !== globalThis.location.origin) return startForeign(url, name);
  return new Worker(trustedScript(url), { type: "module", name });
}

/**
 * Messages that arrive before the import has finished are kept for it.
 * @param {string} url
 * @param {string} name
 */
function startForeign(url, name) {
  const source = `
    const early = [];
    onmessage = (event) => early.push(event);
    addEventListener("securitypolicyviolation", (event) => postMessage({
      type: "blocked", directive: event.effectiveDirective, blocked: event.blockedURI,
    }));
    import(${JSON.stringify(url)}).then(
      () => { for (const event of early) onmessage(event); },
      (error) => setTimeout(() => { throw error; }, 30),
    );`;
  const blob = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(trustedScript(blob), { type: "module", name });
  setTimeout(() => URL.revokeObjectURL(blob), 60_000);
  return worker;
}

/** Records what the page's policy blocks while the worker starts, and what the worker's own policy blocks. */
function watchPolicy() {
  /** @type {Violation[]} */
  const violations = [];
  const listen = (/** @type {SecurityPolicyViolationEvent} */ event) =>
    violations.push({ directive: event.effectiveDirective, blocked: event.blockedURI });
  const page = /** @type {any} */ (globalThis).document; // none where a worker starts another
  page?.addEventListener("securitypolicyviolation", listen, { signal: AbortSignal.timeout(30_000) });
  return {
    /** @param {any} message */
    note: (message) => {
      if (message?.type === "blocked") violations.push(message);
    },
    found: () => violations.find(({ directive }) => /^(worker|child|script|connect|default)/.test(directive)),
  };
}

/**
 * @param {Violation | undefined} violation
 * @param {string} url
 * @param {unknown} reason
 * @param {boolean} [isLost] whether nothing answers at the address
 */
function refusal(violation, url, reason, isLost) {
  if (violation) return policyRefusal(violation, new URL(url).origin);
  const text = reason instanceof Error ? reason.message : reason;
  return new EngineError({
    code: "worker-blocked",
    message: `The engine could not be started from ${url}: ${isLost ? "there is no connection" : text}.`,
    remedy: isLost
      ? "Check the connection and try again."
      : "The address is wrong, or the browser or the page blocks it: try another browser, or embed a frame.",
    url,
  });
}

/** @param {Violation} violation @param {string} origin */
function policyRefusal({ directive, blocked }, origin) {
  const name = directive.replace(/-(elem|attr)$/, "");
  const needed = {
    worker: "blob:",
    child: "blob:",
    connect: URL.canParse(blocked) ? new URL(blocked).origin : origin,
    script: /wasm/.test(blocked) ? "'wasm-unsafe-eval'" : `${origin} 'wasm-unsafe-eval'`,
  }[name.split("-")[0]];
  return new EngineError({
    code: "csp",
    message: `The Content-Security-Policy of this page blocks the engine: the directive ${name} does not allow ${blocked || "it"}.`,
    remedy: `The owner of this page can add “${needed ?? origin}” to ${name}, or embed Goosequill as an iframe.`,
  });
}
