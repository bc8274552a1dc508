/**
 * The forms in which tasks are answered: a text, places for replies, labels. Each has what was entered so far
 * as a draft, which survives a reload, and the answer or what is missing in it.
 */

import { element } from "../ui/dom.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { chance } from "../ui/seeded.js";
import { t } from "../ui/words.js";
import { RankCards, rankingHint } from "./rank-view.js";
import { labelsForm, TICKS } from "./rating.js";

/** @import { Message } from "../collections/conversation-tree.js" */
/** @import { Answer, Labels } from "./tasks.js" */
/**
 * `draft` is JSON that `make...` takes again; `answer` returns null, and says why, if something is missing.
 * @typedef {{box: HTMLElement, hint: string, draft: () => unknown, answer: () => Answer | null,
 *   focus: () => void}} Form
 * @typedef {{draft: unknown, changed: () => void, complain: (words: string) => void}} Options
 */

/** @param {string} hint @param {Options} options @returns {Form} */
export function textForm(hint, { draft, changed, complain }) {
  const field = element("textarea", {
    id: "task-text",
    class: "wide",
    rows: 5,
    dir: "auto",
    autocomplete: "off",
    "aria-labelledby": "task-title",
    "aria-describedby": "task-hint",
    "data-testid": "task-text",
    oninput: changed,
  });
  field.value = typeof draft === "string" ? draft : "";
  const answer = () => {
    if (field.value.trim()) return field.value.trim();
    showFieldProblem(field, t("Write something, or skip this task."));
    complain(t("Write something, or skip this task."));
    return null;
  };
  return { box: field, hint, draft: () => field.value, answer, focus: () => field.focus() };
}

/** @param {Message[]} replies @param {Options & {turn: number}} options @returns {Form} */
export function rankForm(replies, { draft, changed, complain, turn }) {
  const ids = new Set(replies.map(({ id }) => id));
  const order = replies.toSorted((a, b) => chance(turn, a.id) - chance(turn, b.id));
  const cards = new RankCards(order, changed);
  if (Array.isArray(draft)) cards.set(draft.filter(([id]) => ids.has(id)));
  const answer = () => {
    if (cards.placed === replies.length) return cards.places;
    complain(t("Rank every reply, or skip this task."));
    return null;
  };
  return { box: cards.box, hint: rankingHint(), draft: () => cards.all, answer, focus: () => cards.focus() };
}

/** @param {Options} options @returns {Form} */
export function labelForm({ draft, changed }) {
  const known = Object.entries(/** @type {Labels} */ (draft ?? {}));
  const form = labelsForm(Object.fromEntries(known.map(([name, value]) => [name, { value, count: 1 }])));
  const box = element(
    "fieldset",
    { class: "task-labels", "aria-labelledby": "task-title", "aria-describedby": "task-hint" },
    form.box,
  );
  box.addEventListener("input", changed);
  const read = () =>
    Object.fromEntries(Object.entries(form.read() ?? {}).map(([name, { value }]) => [name, value]));
  return {
    box,
    hint: t("Tick what applies, and move the sliders that you can judge; the others do not count."),
    draft: read,
    answer: () => ({ ...Object.fromEntries(TICKS.map((name) => [name, 0])), ...read() }),
    focus: () => box.querySelector("input")?.focus(),
  };
}

/** What a form begins with to show an answer again. @param {Answer} answer */
export function draftOf(answer) {
  return Array.isArray(answer) ? answer.flatMap((ids, at) => ids.map((id) => [id, at + 1])) : answer;
}
