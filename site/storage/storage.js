// What the site keeps on this machine: model files with their sizes and last use, the browser's quota,
// the state of the service worker. It deletes what the visitor says, and nothing else.

import { NOTES, openCache, openFolder, Store } from "../engine/storage.js";
import { byId, element, megabytes } from "../ui/dom.js";
import { askWorker } from "../ui/offline.js";

/** @typedef {import("../engine/storage.js").Entry} Entry */

const page = {
  status: byId("status", "p"),
  place: byId("place", "p"),
  files: byId("files", "tbody"),
  total: byId("total", "span"),
  deleteAll: byId("delete-all", "button"),
  quota: byId("quota", "p"),
  persisted: byId("persisted", "p"),
  persist: byId("persist", "button"),
  offline: byId("offline", "p"),
  threads: byId("threads", "input"),
  threadsNow: byId("threads-now", "p"),
};

const folder = await openFolder();
const store = new Store({ folder, cache: await openCache() });

/** @param {number} time */
const day = (time) =>
  time ? new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "not known";

/** @param {string} name */
const heldElsewhere = (name) => `${name} is being loaded by another tab; close that tab, then delete it.`;

/** @param {Entry} entry */
const nameOf = ({ name, made }) => (made ? `${name} in ${made.bits} bits` : name);

/** @param {Entry} entry */
function aboutOf({ url, made, complete }) {
  const unfinished = made ? "not finished; made anew next time" : "interrupted; goes on next time";
  const path = url ? new URL(url).pathname : "";
  const note = made ? `made from ${sourcesOf(made, path)}` : path;
  return [complete ? "" : ` (${unfinished})`, element("span", { class: "note" }, ` ${note}`)];
}

/** @param {import("../engine/storage.js").Made} made @param {string} path of the first */
function sourcesOf({ of: [{ name }, ...others] }, path) {
  return others.length ? `${path || name} and ${others.length} more` : path || name;
}

/** @param {Entry} entry @param {Entry[]} entries */
function row(entry, entries) {
  const name = nameOf(entry);
  const remove = element("button", { type: "button", class: "quiet" }, "Delete");
  remove.setAttribute("aria-label", `Delete ${name}`);
  remove.addEventListener("click", async () => {
    const copied = entries.some(({ made }) => made?.of.some(({ id }) => id === `sha256:${entry.sha256}`));
    const gone = await store.remove(entry.sha256);
    const what = copied ? `${name}, and what was made from it, is deleted.` : `${name} is deleted.`;
    page.status.textContent = gone ? what : heldElsewhere(name);
    await show();
    page.status.focus(); // the button is gone
  });
  return element(
    "tr",
    { "data-sha256": entry.sha256 },
    element("td", {}, element("strong", {}, name), ...aboutOf(entry)),
    element("td", {}, megabytes(entry.bytes)),
    element("td", {}, day(entry.used)),
    element("td", {}, remove),
  );
}

async function show() {
  const entries = await store.list();
  const none = element(
    "tr",
    {},
    element("td", { colspan: 4 }, "No model is kept. The first text brings one."),
  );
  page.files.replaceChildren(...(entries.length ? entries.map((entry) => row(entry, entries)) : [none]));
  page.deleteAll.disabled = entries.length === 0;
  page.place.textContent = folder
    ? "They are in the browser's private file system, and verified each time they are read."
    : NOTES[store.place];
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  page.total.textContent = entries.length > 1 ? `${megabytes(bytes)} in ${entries.length} files.` : "";
  await showRoom();
}

async function showRoom() {
  const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  page.quota.textContent = quota
    ? `${megabytes(usage)} are in use, pages and engine included, of the ${megabytes(quota)} that the browser allows.`
    : "The browser does not tell how much room there is.";
  const persisted = (await navigator.storage?.persisted?.()) ?? false;
  page.persisted.textContent = persisted
    ? "The browser has agreed to keep it."
    : "The browser may clear it when room is short.";
  page.persist.disabled = persisted || !navigator.storage?.persist;
}

async function showOffline() {
  const state = await askWorker({ type: "status" });
  page.threads.disabled = !state;
  page.threadsNow.textContent = crossOriginIsolated
    ? "This page has them now."
    : "This page does not have them now.";
  if (!state) {
    page.offline.textContent =
      "The site is not kept yet (or the browser allows no service worker here). Come back in a moment.";
    return;
  }
  page.threads.checked = state.threads;
  const engine =
    state.parts === state.of
      ? "the whole engine"
      : `${state.parts} of the engine's ${state.of} parts; a text brings the others`;
  page.offline.textContent = `Kept: all pages, of version ${state.version}, and ${engine}.`;
}

page.deleteAll.addEventListener("click", async () => {
  const held = [];
  for (const entry of await store.list()) {
    if (!(await store.remove(entry.sha256))) held.push(nameOf(entry));
  }
  page.status.textContent = held.map(heldElsewhere).join(" ") || "All model files are deleted.";
  await show();
  page.status.focus();
});
page.persist.addEventListener("click", async () => {
  const granted = await navigator.storage.persist();
  page.status.textContent = granted ? "The browser keeps it." : "The browser decided not to promise it.";
  await showRoom();
});
page.threads.addEventListener("change", async () => {
  await askWorker({ type: "threads", on: page.threads.checked });
  location.reload();
});

await show();
await showOffline();
if (!navigator.serviceWorker?.controller)
  navigator.serviceWorker?.addEventListener("controllerchange", showOffline);
