/** Ends the course of tuning earlier, as py/goosequill/lab/tuning.py does with fewer steps. */

/** @import { Asked, Instant } from "./frame.js" */

/**
 * @typedef {{
 *   steps: number[], learned: number[], held: number[], other: number[], answers: string[], best: number
 * }} Course what was measured and answered after each of some steps
 */

/**
 * The last course until another step, if it was computed that far: no step depends on those after it.
 * @param {Asked} asked
 * @returns {Instant | null}
 */
export function instant({ settings, data }) {
  const changed = Object.keys(settings).filter((name) => settings[name] !== data.settings?.[name]);
  /** @type {Course} */
  const course = data.course ?? data;
  const count = course.steps.indexOf(settings.steps) + 1;
  if (changed.join() !== "steps" || count === 0) return null;
  const [steps, learned, held, other] = [course.steps, course.learned, course.held, course.other].map(
    (values) => values.slice(0, count),
  );
  const best = steps[held.indexOf(Math.min(...held))];
  const answers = course.answers.slice(0, count);
  return { data: { ...data, steps, learned, held, other, answers, best, course }, isWhole: true };
}
