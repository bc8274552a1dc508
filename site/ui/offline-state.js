/**
 * Registers the site's service worker, and asks it. Other sites' service workers are left alone.
 */

import { ROOT } from "../engine/root.js";
import { trustedScript } from "../engine/trusted.js";

/** Registers the service worker, or looks for a new version of it. */
export function registerWorker() {
  const script = trustedScript(new URL("sw.js", ROOT).href);
  return navigator.serviceWorker.register(script, { scope: ROOT, updateViaCache: "none" });
}

/**
 * Reports this page's version to the service worker, as soon as there is one; then the page is controlled.
 * The build writes the version into the page.
 * @param {ServiceWorkerRegistration} found
 * @returns {Promise<boolean | null>} whether the page's version can still be had; null without an answer
 */
export async function introduce(found) {
  const { version } = document.documentElement.dataset;
  if (!version) return null;
  if (found.installing && !found.active) await settled(found.installing);
  if (!found.active) await navigator.serviceWorker.ready; // it failed, since the site changed meanwhile
  return await askWorker({ type: "page", version });
}

/** @param {ServiceWorker} worker @returns {Promise<void>} when it is in use, or has failed */
export function settled(worker) {
  return new Promise((resolve) => {
    const look = () => ["activated", "redundant"].includes(worker.state) && resolve();
    worker.addEventListener("statechange", look);
    look();
  });
}

/** The site's own registration, or null. @returns {Promise<ServiceWorkerRegistration | null>} */
async function registration() {
  try {
    const found = await navigator.serviceWorker?.getRegistration(ROOT);
    return found && new URL(found.scope).href === ROOT ? found : null;
  } catch {
    return null;
  }
}

/**
 * Sends a message to the service worker and waits for its answer.
 * @param {Record<string, unknown>} message
 * @returns {Promise<any>}
 */
export async function askWorker(message) {
  const worker = (await registration())?.active;
  if (!worker) return null;
  const { port1, port2 } = new MessageChannel();
  return await new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage(message, [port2]);
  });
}
