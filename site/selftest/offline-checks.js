/** Whether the site works without a network: the service worker, and all that it should have stored. */

import { english } from "../ui/english.js";
import { askWorker, registerWorker, settled } from "../ui/offline-state.js";
import { check, ensure, Unavailable } from "./finding.js";

/** @param {import("./finding.js").Context} context */
export async function checkOffline(context) {
  await check(context, english("service worker"), start);
  await check(context, english("pages"), async () => {
    const { shell, of_shell: all, version } = await status();
    ensure(shell === all, english(`Only ${shell} of ${all} files are stored.`));
    return english(`all ${all} files of version ${version}`);
  });
  await check(context, english("engine"), async () => {
    await askWorker({ type: "keep-engine" });
    const { parts, of } = await status();
    ensure(parts === of, english(`Only ${parts} of the engine's ${of} parts could be stored.`));
    return english(`all ${of} parts`);
  });
}

async function start() {
  if (!navigator.serviceWorker) throw new Unavailable(english("The browser offers no service workers here."));
  const found = await registerWorker();
  const coming = found.installing;
  if (coming && !found.active) await settled(coming);
  ensure(found.active !== null, english("The service worker could not store the site's pages."));
  return english(found.waiting ? "active; a newer version is waiting" : "active");
}

async function status() {
  const found = await askWorker({ type: "status" });
  if (!found) throw new Unavailable(english("There is no service worker."));
  return found;
}
