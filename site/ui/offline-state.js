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
