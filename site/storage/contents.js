/**
 * What the site keeps on this machine: model files with their sizes and last use, collections of documents,
 * adapters, conversations, the texts of tabs, the browser's quota, the state of the service worker. It
 * deletes what the visitor selects, and nothing else.
 */

import { CollectionStore, takeLock } from "../collections/collection-store.js";
import { chatsKept, deleteChats } from "../collections/conversation-shelf.js";
import { openFolder } from "../engine/storage/opfs.js";
import { NOTES, openCache, Store } from "../engine/storage/store.js";
import { adapterFileName, deleteAdapter, hearAdapters, listAdapters, readAdapter } from "../ui/adapters.js";
import { ask } from "../ui/dialog.js";
import { byId, download, element } from "../ui/dom.js";
import { askWorker } from "../ui/offline-state.js";
import { deleteAllSaved, savedKept } from "../ui/saved-texts.js";
import { problem, StatusLine } from "../ui/status.js";
import { deleteTabs, tabsKept } from "../ui/tab-store.js";
import { tableRow } from "../ui/table.js";
import { megabytes, moment, number, t, tn, translated } from "../ui/words.js";

/** @import { Entry } from "../engine/storage/store.js" */

const page = {
  status: byId("status", "p"),
  place: byId("place", "p"),
  files: byId("files", "tbody"),
  total: byId("total", "span"),
  collections: byId("collections", "tbody"),
  adapters: byId("adapters", "tbody"),
  typed: byId("typed", "tbody"),
  deleteAll: byId("delete-all", "button"),
  quota: byId("quota", "p"),
  persisted: byId("persisted", "p"),
  persist: byId("persist", "button"),
  offline: byId("offline", "p"),
  threads: byId("threads", "input"),
  threadsNow: byId("threads-now", "p"),
};

const { say, complain } = new StatusLine(page.status);
const folder = await openFolder();
const store = new Store({ folder, cache: await openCache() });
const library = await CollectionStore.open();

/** @param {number} time */
const day = (time) => (time ? moment(time) : t("unknown"));

/** @param {string} name */
const inUse = (name) => t("{name} is being loaded in another tab. Close that tab, then delete it.", { name });

/** @param {Entry} entry */
const nameOf = ({ name, made }) => (made ? t("{name} in {bits} bits", { name, bits: made.bits }) : name);

/** @param {Entry} entry */
function aboutOf({ url, made, complete }) {
  const unfinished = made
    ? t("incomplete; will be created again next time")
    : t("interrupted; will resume next time");
  const path = url ? new URL(url).pathname : "";
  const note = made ? t("made from {sources}", { sources: sourcesOf(made, path) }) : path;
  return [complete ? "" : ` (${unfinished})`, element("span", { class: "note" }, ` ${note}`)];
}

/** @param {import("../engine/storage/facts.js").Made} made @param {string} path of the first */
function sourcesOf({ of: [{ name }, ...others] }, path) {
  const first = path || name;
  return others.length ? t("{first} and {count} more", { first, count: others.length }) : first;
}

/** @param {Entry} entry @param {Entry[]} entries */
function row(entry, entries) {
  const name = nameOf(entry);
  const remove = element("button", { type: "button", class: "quiet" }, t("Delete"));
  remove.setAttribute("aria-label", t("Delete {name}", { name }));
  remove.addEventListener("click", async () => {
    const copied = entries.some(({ made }) => made?.of.some(({ id }) => id === `sha256:${entry.sha256}`));
    const gone = await store.remove(entry.sha256);
    const what = copied
      ? t("{name} and the files made from it are deleted.", { name })
      : t("{name} is deleted.", { name });
    say(gone ? what : inUse(name));
    await show();
    page.status.focus(); // the button is gone
  });
  const cells = [
    element("td", {}, element("strong", {}, name), ...aboutOf(entry)),
    megabytes(entry.bytes),
    day(entry.used),
    remove,
  ];
  return tableRow(cells, { attributes: { "data-sha256": entry.sha256 } });
}

async function show() {
  const entries = await store.list();
  const none = element(
    "tr",
    {},
    element("td", { colspan: 4 }, t("No models are stored. Generating the first text downloads one.")),
  );
  page.files.replaceChildren(...(entries.length ? entries.map((entry) => row(entry, entries)) : [none]));
  page.deleteAll.disabled = entries.length === 0;
  const isCached = entries.some(({ place }) => place === "cache");
  page.place.textContent =
    folder && !isCached
      ? t("They are in the browser's private file system, and are verified each time they are read.")
      : translated(NOTES[isCached ? "cache" : store.place]);
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  page.total.textContent =
    entries.length > 1
      ? t("{size} in {count} files.", { size: megabytes(bytes), count: entries.length })
      : "";
  await showCollections();
  await showAdapters();
  await showTyped();
  await showSpace();
}

/** @param {import("../collections/collection-store.js").Entry} entry */
function collectionRow({ id, name, bytes, documents }) {
  const remove = element("button", { type: "button", class: "quiet" }, t("Delete"));
  remove.setAttribute("aria-label", t("Delete {name}", { name }));
  remove.addEventListener("click", async () => {
    const release = await takeLock(id);
    const isGone = release !== null && (await library.remove(id));
    release?.();
    say(
      isGone
        ? t("{name} is deleted.", { name })
        : t("{name} is open in another tab. Close that tab, then delete it.", { name }),
    );
    await show();
    page.status.focus(); // the button is gone
  });
  const cells = [
    element("strong", {}, name),
    megabytes(bytes),
    tn(documents, "{n} document", "{n} documents"),
    remove,
  ];
  return tableRow(cells, { attributes: { "data-collection": id } });
}

async function showCollections() {
  const entries = await library.list();
  const none = element("tr", {}, element("td", { colspan: 4 }, t("There are none.")));
  page.collections.replaceChildren(...(entries.length ? entries.map(collectionRow) : [none]));
}

/** @param {import("../ui/adapters.js").Kept} adapter */
function adapterRow({ id, name, kept, bytes, facts }) {
  const button = (
    /** @type {string} */ words,
    /** @type {string} */ label,
    /** @type {() => void} */ onclick,
  ) => element("button", { type: "button", class: "quiet", "aria-label": label, onclick }, words);
  const save = button(t("Download"), t("Download {name}", { name }), async () => {
    const file = await readAdapter(id);
    if (file) download(adapterFileName(name, file), file, "application/octet-stream");
  });
  const remove = button(t("Delete"), t("Delete {name}", { name }), async () => {
    await deleteAdapter(id);
    say(t("{name} is deleted.", { name }));
    await show();
    page.status.focus(); // the button is gone
  });
  const about = facts.model_name ? t("for {model}", { model: facts.model_name }) : "";
  const title = element(
    "td",
    {},
    element("strong", {}, name),
    element("span", { class: "note" }, ` ${about}`),
  );
  return tableRow(
    [
      title,
      t("{size} kB", { size: number(Math.ceil(bytes / 1000)) }),
      day(kept),
      element("td", {}, save, " ", remove),
    ],
    {
      attributes: { "data-adapter": id },
    },
  );
}

async function showAdapters() {
  const entries = await listAdapters();
  const none = element("tr", {}, element("td", { colspan: 4 }, t("There are none.")));
  page.adapters.replaceChildren(...(entries.length ? entries.map(adapterRow) : [none]));
}

/** What visitors wrote: how much of it there is, and what deletes it after a question. */
const TYPED = [
  {
    name: t("Conversations"),
    label: t("Delete all conversations"),
    kept: chatsKept,
    remove: deleteChats,
    number: (/** @type {number} */ count) => tn(count, "{n} conversation", "{n} conversations"),
    title: t("Delete all conversations?"),
    warning: (/** @type {number} */ count) =>
      tn(
        count,
        "{n} conversation is deleted for good. Export what you want to keep on the chat page first.",
        "{n} conversations are deleted for good. Export what you want to keep on the chat page first.",
      ),
    deleted: t("All conversations are deleted."),
    failed: t("The conversations could not be deleted."),
  },
  {
    name: t("Saved texts"),
    label: t("Delete all saved texts"),
    kept: savedKept,
    remove: deleteAllSaved,
    number: (/** @type {number} */ count) => tn(count, "{n} text", "{n} texts"),
    title: t("Delete the saved texts?"),
    warning: (/** @type {number} */ count) =>
      tn(
        count,
        "{n} text that you saved in the playground is deleted for good.",
        "{n} texts that you saved in the playground are deleted for good.",
      ),
    deleted: t("The saved texts are deleted."),
    failed: t("The texts could not be deleted."),
  },
  {
    name: t("Texts of tabs"),
    label: t("Delete the texts of all tabs"),
    kept: tabsKept,
    remove: deleteTabs,
    number: (/** @type {number} */ count) => tn(count, "{n} visit", "{n} visits"),
    title: t("Delete the texts?"),
    warning: (/** @type {number} */ count) =>
      tn(
        count,
        "What was written in {n} visit is deleted for good. Save what you want to keep in the playground first.",
        "What was written in {n} visits is deleted for good. Save what you want to keep in the playground first.",
      ),
    deleted: t("The texts of tabs are deleted."),
    failed: t("The texts could not be deleted."),
  },
];

async function showTyped() {
  const none = element("tr", {}, element("td", { colspan: 4 }, t("There are none.")));
  const found = await Promise.all(TYPED.map(async (kind) => ({ kind, ...(await kind.kept()) })));
  const rows = found
    .filter(({ count }) => count)
    .map(({ kind, count, bytes }) => {
      const remove = element(
        "button",
        { type: "button", class: "quiet", "aria-label": kind.label, onclick: () => removeTyped(kind, count) },
        t("Delete"),
      );
      return tableRow([element("strong", {}, kind.name), megabytes(bytes), kind.number(count), remove]);
    });
  page.typed.replaceChildren(...(rows.length ? rows : [none]));
}

/** @param {(typeof TYPED)[number]} kind @param {number} count */
async function removeTyped(kind, count) {
  const confirmed = await ask({
    title: kind.title,
    text: kind.warning(count),
    confirm: t("Delete"),
    cancel: t("Keep them"),
    parent: byId("main", "main"),
  });
  if (!confirmed) return;
  try {
    await kind.remove();
    say(kind.deleted);
  } catch {
    complain(problem(kind.failed, t("Close the other tabs of this site and try again.")));
  }
  await show();
  page.status.focus(); // the button is gone
}

async function showSpace() {
  const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  page.quota.textContent = quota
    ? t("{usage} of {quota} in use, including pages and engine.", {
        usage: megabytes(usage),
        quota: megabytes(quota),
      })
    : t("The browser does not report how much space is available.");
  const persisted = (await navigator.storage?.persisted?.()) ?? false;
  page.persisted.textContent = persisted
    ? t("The browser has agreed to keep everything.")
    : t("The browser may delete stored files when space is short.");
  page.persist.disabled = persisted || !navigator.storage?.persist;
}

async function showOffline() {
  const state = await askWorker({ type: "status" });
  page.threads.disabled = !state;
  page.threadsNow.textContent = crossOriginIsolated
    ? t("This page now has the headers.")
    : t("This page does not currently have the headers.");
  if (!state) {
    page.offline.textContent = t(
      "The site is not available offline yet, or the browser does not allow service workers here. " +
        "Try again in a moment.",
    );
    return;
  }
  page.threads.checked = state.threads;
  const { version, parts, of } = state;
  page.offline.textContent =
    parts === of
      ? t("Available offline: all pages of version {version}, and the whole engine.", { version })
      : t(
          "Available offline: all pages of version {version}, and {parts} of the engine's {of} parts " +
            "(generating a text adds the others).",
          { version, parts, of },
        );
}

page.deleteAll.addEventListener("click", async () => {
  const busy = [];
  for (const entry of await store.list()) {
    if (!(await store.remove(entry.sha256))) busy.push(nameOf(entry));
  }
  say(busy.map(inUse).join(" ") || t("All model files are deleted."));
  await show();
  page.status.focus();
});
page.persist.addEventListener("click", async () => {
  const granted = await navigator.storage.persist();
  say(
    granted
      ? t("The browser will keep everything.")
      : t("The browser refused to keep everything permanently."),
  );
  await showSpace();
});
page.threads.addEventListener("change", async () => {
  await askWorker({ type: "threads", on: page.threads.checked });
  location.reload();
});

hearAdapters(showAdapters);
await show();
await showOffline();
if (!navigator.serviceWorker?.controller)
  navigator.serviceWorker?.addEventListener("controllerchange", showOffline);
