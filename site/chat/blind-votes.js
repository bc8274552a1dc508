/**
 * A blind ranking of replies as votes on those who wrote them, for the comparer. It is about several models
 * or decoders: the votes have the names that the comparer's live columns have, a decoder's where one model
 * wrote all, a model's where one decoder did, else both.
 */

import { decoderName, withoutLength } from "../decoder/names.js";
import { DEFAULTS } from "../reports/view.js";
import { keptRound, RATER, scopeOf, toFile, withRanking } from "../reports/votes.js";
import { CHAT_VOTES, isRemembering, recall, remember } from "../ui/memory.js";
import { drawSeed } from "../ui/seeded.js";
import { whoIs } from "./message-view.js";

/** @import { Message, Tree } from "../collections/conversation-tree.js" */
/** @import { Preset } from "../decoder/controls.js" */

/** Characters of a prompt that are kept with a vote, its last ones. */
const MOST = 2000;
/** Votes that wait for the comparer, the last ones. */
const MOST_VOTES = 5000;

/**
 * What the writers of replies are called, in the order of the replies; all the same if one wrote all.
 * @param {Message[]} replies
 * @param {Preset[]} presets
 * @returns {string[]}
 */
export function contenders(replies, presets) {
  const models = replies.map((reply) => whoIs(reply));
  const decoders = replies.map(({ fields }) => {
    const { seed: _, ...settings } = fields.settings ?? {};
    return fields.settings ? decoderName(withoutLength(settings), presets) : "";
  });
  const [many, several] = [models, decoders].map((names) => new Set(names).size > 1);
  return replies.map((_, at) =>
    [many || !several ? models[at] : "", several ? decoders[at] : ""].filter(Boolean).join(", "),
  );
}

/**
 * Keeps a blind ranking as votes, until the comparer is opened.
 * @param {Tree} tree
 * @param {{replies: Message[], names: string[], places: string[][]}} ranking the replies in the order in
 *   which they were shown; `places` as `askForRanking` returns them
 * @returns {number} how many votes; 0 if the browser does not keep them
 */
export function keepVotes(tree, { replies, names, places }) {
  if (!isRemembering()) return 0;
  const before = keptRound(CHAT_VOTES) ?? {
    rater: String(recall(RATER) ?? "").trim() || "unnamed",
    seed: drawSeed(),
    rubric: "",
    scope: scopeOf(DEFAULTS),
    revealed: true,
    pairs: 0,
    votes: [],
  };
  const sides = replies.map(({ text }, at) => {
    const sample = names.slice(0, at).filter((name) => name === names[at]).length;
    return { name: names[at], config: names[at], sample, text };
  });
  const ranks = new Map(places.flatMap((ids, at) => ids.map((id) => [id, at + 1])));
  const ranking = {
    prompt: promptOf(tree, replies[0].parent),
    sides,
    places: places.length ? replies.map(({ id }) => ranks.get(id)) : /** @type {const} */ ("both_bad"),
  };
  const after = withRanking(before, ranking, { note: "Chat", at: new Date().toISOString() });
  const votes = after.votes.slice(-MOST_VOTES);
  const isKept = remember(CHAT_VOTES, toFile({ ...after, votes, pairs: votes.length }));
  return isKept ? after.votes.length - before.votes.length : 0;
}

/** What was answered, as a World model reads it. @param {Tree} tree @param {string | null} id */
function promptOf(tree, id) {
  const labels = { system: "System", user: "User", assistant: "Assistant" };
  const said = tree.path(id).map(({ role, text }) => `${labels[role]}: ${text.trim().slice(-MOST)}`);
  return `${said.slice(-MOST).join("\n\n")}\n\nAssistant:`.slice(-MOST);
}
