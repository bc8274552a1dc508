/** The playground had a chat, now a page of its own: its links lead there, and what a tab kept moves. */

import { Shelf } from "../collections/conversation-shelf.js";
import { firstWords, Tree } from "../collections/conversation-tree.js";
import { ROOT } from "../engine/root.js";
import { readAddress } from "../ui/address.js";

/** Leads an address with `mode=chat` to the page of chats, with all that it says. */
export function leaveForChat() {
  const { search, hash } = location;
  if (readAddress({ search, hash }).get("mode") === "chat") {
    location.replace(new URL(`chat/${search}${hash}`, ROOT));
  }
}

/**
 * Keeps the conversation that this tab had among those of the page of chats.
 * @param {any} value what the tab kept of it
 */
export async function moveChat({ messages, start }) {
  if (!Array.isArray(messages) || !messages.length) return;
  const tree = new Tree();
  /** @type {string | null} */
  let leaf = null;
  for (const { role, content, thought } of messages) {
    leaf = tree.add(leaf, role, content, thought ? { thought } : {}).id;
  }
  const changes = { leaf, first: firstWords(tree), start: start ?? null };
  await new Shelf(() => {}).keep([{ id: tree.id, changes, messages: tree.all() }]);
}
