/**
 * Makes the site work offline: registers the service worker, and asks before a new version replaces the one
 * that is open. Where there are no service workers it does nothing. It waits until the page has loaded and no
 * engine is starting, because the first visit fetches all other pages.
 */

import { afterStartup } from "../engine/startup-lock.js";
import { introduce, registerWorker } from "./offline-state.js";
import { t } from "./words.js";

/** Milliseconds after loading; a visitor who came to generate a text has pressed the button by then. */
const SETTLE_DELAY = 1000;
let asked = false;

/** @param {string} text @param {string} action @param {() => void} act */
function showNotice(text, action, act) {
  document.querySelector(".update-notice")?.remove();
  const notice = document.createElement("div");
  notice.className = "update-notice";
  notice.setAttribute("role", "status");
  const yes = document.createElement("button");
  yes.type = "button";
  yes.textContent = action;
  yes.addEventListener("click", act);
  const later = document.createElement("button");
  later.type = "button";
  later.textContent = t("Later");
  later.addEventListener("click", () => notice.remove());
  notice.append(`${text} `, yes, later);
  document.body.append(notice);
}

/** @returns {Promise<void>} */
async function settled() {
  if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve));
  await new Promise((resolve) => setTimeout(resolve, SETTLE_DELAY));
  await afterStartup();
}

/** @param {ServiceWorkerRegistration} found */
function offer(found) {
  if (!found.waiting || !navigator.serviceWorker.controller) return;
  showNotice(t("A new version of this site is ready."), t("Update and reload"), () => {
    asked = true;
    found.waiting?.postMessage({ type: "activate" });
  });
}

function offerReload() {
  showNotice(t("This page is from an older version of the site."), t("Reload"), () => location.reload());
}

async function start() {
  if (!navigator.serviceWorker || !isSecureContext) return;
  let controlled = Boolean(navigator.serviceWorker.controller);
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (asked) location.reload();
    else if (controlled) offerReload();
    controlled = true;
  });
  await settled();
  const found = await registerWorker();
  offer(found);
  found.addEventListener("updatefound", () => {
    const coming = found.installing;
    coming?.addEventListener("statechange", () => coming.state === "installed" && offer(found));
  });
  if ((await introduce(found)) === false) offerReload();
}

start().catch((error) => console.info(`Goosequill does not work offline here: ${error.message}`));
