/** Parts of the view of tasks that only show: what was said before, the keys, and what was collected. */

import { element } from "../ui/dom.js";
import { percent, phrase, t, tn } from "../ui/words.js";
import { MessageView } from "./message-view.js";
import { agreementOf, countsOf } from "./tasks.js";

/** @import { Agreement, Done, Kind, Task } from "./tasks.js" */
/** @import { Message, Tree } from "../collections/conversation-tree.js" */

/** Messages before a task that are shown at first, and more each time that they are asked for. */
const STEP = 20;

export const NAMES = () => ({
  initial_prompt: t("First prompt"),
  assistant_reply: t("Reply as the assistant"),
  prompter_reply: t("Reply as the user"),
  rank_assistant_replies: t("Rank replies"),
  label_message: t("Label a message"),
});

/**
 * What was said before a task, and the message that is to be labelled, without the name of its model.
 * @param {Task} task
 * @param {Tree} tree
 */
export function contextOf({ kind, message }, tree) {
  const path = tree.path(message);
  const [target] = kind === "label_message" ? path.splice(-1) : [];
  const earlier = element("button", { type: "button", class: "quiet" });
  const thread = element(
    "div",
    { class: "task-thread", tabindex: 0, role: "region", "aria-label": t("What was said before") },
    ...(tree.system ? [element("p", { class: "note" }, `${t("System prompt")}: ${tree.system}`)] : []),
    earlier,
  );
  let from = path.length;
  const showMore = () => {
    const before = from;
    from = Math.max(0, before - STEP);
    earlier.after(...path.slice(from, before).map(shown));
    const count = Math.min(from, STEP);
    earlier.textContent = tn(count, "Show {n} earlier message", "Show {n} earlier messages");
    earlier.hidden = count === 0;
  };
  earlier.addEventListener("click", () => {
    showMore();
    if (earlier.hidden) thread.focus();
  });
  showMore();
  return [...(path.length || tree.system ? [thread] : []), ...(target ? [targetOf(target)] : [])];
}

/** @param {Message} message */
function targetOf(message) {
  const who = message.role === "user" ? t("The user wrote:") : t("The assistant wrote:");
  return element("div", { class: "task-target" }, element("p", { class: "note" }, who), shown(message));
}

/** A message without what can be done with it in a conversation. @param {Message} message */
function shown(message) {
  const view = new MessageView(message, () => {});
  view.complete();
  return view.box;
}

/** The keys of every task. */
export function keys() {
  const [ctrl, enter, alt, s] = [t("Ctrl"), t("Enter"), "Alt", "S"].map((key) => element("kbd", {}, key));
  const words = phrase("{ctrl} + {enter} saves, {alt} + {s} skips.", { ctrl, enter, alt, s });
  return element("p", { class: "note" }, ...words);
}

/** How much was done, and how far second answers agree. @param {Done[]} log */
export function collected(log) {
  const { kinds, skipped } = countsOf(log);
  const counts = kinds.map(([kind, count]) => countWords(kind, count));
  const agreements = Array.from(agreementOf(log), ([kind, one]) => agreementWords(kind, one));
  const none = t(
    "Now and then you see a ranking or a labelled message again. How often you agree with yourself is " +
      "then shown here.",
  );
  return [
    element("h2", {}, t("Collected")),
    element(
      "ul",
      {},
      ...[...counts, tn(skipped, "{n} skipped", "{n} skipped")].map((words) => element("li", {}, words)),
    ),
    ...(agreements.length ? agreements : [none]).map((words) => element("p", { class: "note" }, words)),
  ];
}

/** @param {Kind} kind @param {number} n */
function countWords(kind, n) {
  if (kind === "initial_prompt") return tn(n, "{n} first prompt", "{n} first prompts");
  if (kind === "assistant_reply") return tn(n, "{n} reply as the assistant", "{n} replies as the assistant");
  if (kind === "prompter_reply") return tn(n, "{n} reply as the user", "{n} replies as the user");
  if (kind === "rank_assistant_replies") return tn(n, "{n} ranking", "{n} rankings");
  return tn(n, "{n} labelled message", "{n} labelled messages");
}

/** @param {Kind} kind @param {Agreement} agreement */
function agreementWords(kind, { equal, count, tasks }) {
  const values = { equal, count, share: percent(count ? equal / count : 0) };
  return kind === "label_message"
    ? tn(
        tasks,
        "You labelled {n} message twice: {equal} of {count} labels are the same ({share}).",
        "You labelled {n} messages twice: {equal} of {count} labels are the same ({share}).",
        values,
      )
    : tn(
        tasks,
        "You made {n} ranking twice: {equal} of {count} pairs of replies are in the same order ({share}).",
        "You made {n} rankings twice: {equal} of {count} pairs of replies are in the same order ({share}).",
        values,
      );
}
