/** Whether the site works without a network: the service worker, and all that it should have stored. */

import { askWorker, registerWorker } from "../ui/offline-state.js";
import { check, ensure, Unavailable } from "./finding.js";

/** @param {import("./finding.js").Context} context */
export async function checkOffline(context) {
  await check(context, "service worker", start);
  await check(context, "pages", async () => {
    const { shell, of_shell: all, version } = await status();
    ensure(shell === all, `Only ${shell} of ${all} files are stored.`);
    return `all ${all} files of version ${version}`;
  });
  await check(context, "engine", async () => {
    await askWorker({ type: "keep-engine" });
    const { parts, of } = await status();
    ensure(parts === of, `Only ${parts} of the engine's ${of} parts could be stored.`);
    return `all ${of} parts`;
  });
}

async function start() {
  if (!navigator.serviceWorker) throw new Unavailable("The browser offers no service workers here.");
  const found = await registerWorker();
  const coming = found.installing;
  if (coming && !found.active) await settled(coming);
  ensure(found.active !== null, "The service worker could not store the site's pages.");
  return found.waiting ? "active; a newer version is waiting" : "active";
}

/** @param {ServiceWorker} worker @returns {Promise<void>} */
function settled(worker) {
  return new Promise((resolve) => {
    const look = () => ["activated", "redundant"].includes(worker.state) && resolve();
    worker.addEventListener("statechange", look);
    look();
  });
}

async function status() {
  const found = await askWorker({ type: "status" });
  if (!found) throw new Unavailable("There is no service worker.");
  return found;
}
