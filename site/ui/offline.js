/**
 * Makes the site work offline: registers the service worker, and asks before a new version replaces the one
 * that is open. It waits until the page has loaded and no engine is starting, because the first visit fetches
 * all other pages. Where there are no service workers it only says when the page's files are gone
 * (site/gone.js).
 */

import { afterStartup } from "../engine/startup-lock.js";
import { introduce, registerWorker } from "./offline-state.js";
import { t } from "./words.js";

/** Milliseconds after loading; a visitor who came to generate a text has pressed the button by then. */
const SETTLE_DELAY = 1000;
let asked = false;

/** @param {string} text @param {() => void} act */
function button(text, act) {
  return Object.assign(document.createElement("button"), { type: "button", textContent: text, onclick: act });
}

/** @param {string} text @param {string} action @param {() => void} act */
function showNotice(text, action, act) {
  document.querySelector(".update-notice")?.remove();
  const notice = document.createElement("div");
  notice.className = "update-notice";
  notice.setAttribute("role", "status");
  notice.append(
    `${text} `,
    button(action, act),
    button(t("Later"), () => notice.remove()),
  );
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

globalThis.goosequillGone = offerReload;

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
