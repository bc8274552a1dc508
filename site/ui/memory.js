/**
 * What a page remembers between visits, in localStorage under this site's own prefix. Where the browser
 * stores nothing (private mode, switched off), nothing is remembered and nothing fails. What visitors type
 * is remembered only while they allow it: one setting for all pages, whose switch is at the foot of each
 * (remembering.js). Readers check what they get.
 */

import { typedIn, withoutTyped } from "./typed.js";

const PREFIX = "goosequill.";
/** The database of what tabs keep (tab-store.js). */
export const TABS = "goosequill-tabs";
/** The database of texts that are saved under a name (saved-texts.js). */
export const SAVED = "goosequill-texts";
/** The database of collections/conversation-shelf.js, and the channel on which tabs hear of changes. */
export const CHATS = "goosequill-chats";
/** The database of what was done of the tasks in them (chat/task-log.js). */
export const TASKS = "goosequill-tasks";
/** The votes of rankings on the chat page, which the comparer adds to its own. */
export const CHAT_VOTES = "chat.votes";
const SETTING = "remember";
/** The pages whose settings are a Memory. */
const PAGES = ["playground", "side", "chat"];

/** Reads a value; undefined if there is none or it cannot be read. @param {string} key @returns {unknown} */
export function recall(key) {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Stores a value as JSON; undefined removes it.
 * @param {string} key
 * @param {unknown} value
 * @returns {boolean} whether it was stored
 */
export function remember(key, value) {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/**
 * Moves what a key has to another key, as the text that it is: a value that cannot be used, and that the next
 * one would replace.
 * @param {string} key
 * @param {string} aside
 * @returns {string | null} the text, if there was one
 */
export function setAside(key, aside) {
  try {
    const text = localStorage.getItem(PREFIX + key);
    if (text === null) return null;
    localStorage.removeItem(PREFIX + key); // first, since there may be no space for both
    localStorage.setItem(PREFIX + aside, text);
    return text;
  } catch {
    return null;
  }
}

/** Whether the visitor allows that what they type is remembered. */
export function isRemembering() {
  return recall(SETTING) !== false;
}

/**
 * Allows that what visitors type is remembered, or forbids it and forgets what was.
 * @param {boolean} allowed
 * @returns {boolean} whether the browser keeps the choice
 */
export function setRemembering(allowed) {
  const isKept = remember(SETTING, allowed ? undefined : false);
  for (const page of allowed ? [] : PAGES) {
    const memory = new Memory(page);
    memory.write(withoutTyped(memory.read()));
  }
  if (!allowed) forgetTexts();
  return isKept;
}

function forgetTexts() {
  remember(CHAT_VOTES, undefined);
  globalThis.indexedDB?.deleteDatabase(TABS);
  globalThis.indexedDB?.deleteDatabase(SAVED);
  globalThis.indexedDB?.deleteDatabase(TASKS);
  globalThis.indexedDB?.deleteDatabase(CHATS).addEventListener("success", () => {
    const channel = new BroadcastChannel(CHATS);
    channel.postMessage("");
    channel.close();
  });
}

/** A page's settings as strings by name, the form that the page's address has too (address.js). */
export class Memory {
  #key;

  /** @param {string} key */
  constructor(key) {
    this.#key = key;
  }

  /** @returns {Map<string, string>} */
  read() {
    const stored = recall(this.#key);
    const entries = Array.isArray(stored) ? stored.filter(Array.isArray) : [];
    return new Map(entries.map(([name, value]) => [String(name), String(value)]));
  }

  /** @param {Map<string, string>} values */
  write(values) {
    remember(this.#key, [...(isRemembering() ? values : withoutTyped(values))]);
  }

  /**
   * What a page starts with: what its address says; where that has settings only, with the texts of the last
   * visit; where it says nothing, the last visit's values.
   * @param {Map<string, string>} address
   */
  complete(address) {
    const last = this.read();
    if (!address.size) return last;
    return typedIn(address).size ? address : new Map([...typedIn(last), ...address]);
  }
}
