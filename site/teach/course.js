/** How learning goes: a live curve of both losses, and the watched text as it is written again and again. */

import { chart, loadPlot } from "../ui/chart.js";
import { byId, element } from "../ui/dom.js";
import { loadStyles } from "../ui/load-style.js";
import { inLine, shownText } from "../ui/unseen.js";
import { decimal, t } from "../ui/words.js";

/** @import { TeachSession } from "./session.js" */

/** Milliseconds between two drawings of the curve. */
const DRAW_AFTER = 250;

export class CourseView {
  #session;
  #box = byId("course", "div");
  #curve = byId("curve", "div");
  #samples = byId("samples", "ol");
  #ready = false;
  #due = false;

  /** @param {TeachSession} session */
  constructor(session) {
    this.#session = session;
    session.on("step", () => this.#draw());
    session.on("busy", () => this.#prepare());
  }

  /** Fetches what draws when learning begins. */
  async #prepare() {
    if (this.#ready || !this.#session.busy) return;
    try {
      await Promise.all([loadPlot(), loadStyles("ui/chart.css")]);
    } catch {
      return; // it works without a curve, and the next learning tries again
    }
    this.#ready = true;
    this.#draw();
  }

  #draw() {
    const { steps } = this.#session;
    this.#box.hidden = steps.length === 0;
    byId("watched", "q").textContent = inLine(steps[0]?.prompt ?? "");
    this.#list();
    if (!this.#ready || this.#due || steps.length < 2) return;
    this.#due = true;
    setTimeout(() => {
      this.#due = false;
      this.#curve.replaceChildren(chart(curveOf(this.#session.steps)));
    }, DRAW_AFTER);
  }

  /** Lists the watched text as it was, the last one first. */
  #list() {
    const samples = this.#session.steps.filter(({ sample }) => sample);
    if (samples.length === this.#samples.children.length) return;
    this.#samples.replaceChildren(
      ...samples.toReversed().map(({ done, sample }) => {
        const when = done ? t("After step {step}", { step: done }) : t("Before");
        return element("li", {}, element("span", { class: "note" }, when), ...shownText(sample, ""));
      }),
    );
  }
}

/**
 * @param {import("../engine/tuning.js").TuningStep[]} steps
 * @returns {import("../ui/chart-data.js").Spec}
 */
export function curveOf(steps) {
  const rate = steps.at(-1)?.rate ?? 0;
  // Both trials of a learning rate begin where nothing was learned.
  const taken = steps.filter((step) => step.step === 0 || step.rate === rate);
  const others = steps.filter((step) => step.step === 0 || step.rate !== rate).filter(isMeasured);
  const held = taken.filter(isMeasured);
  const best = steps
    .filter(isMeasured)
    .reduce(
      (/** @type {import("../engine/tuning.js").TuningStep | null} */ one, other) =>
        one && (one.heldBack ?? 0) <= (other.heldBack ?? 0) ? one : other,
      null,
    );
  const relative = steps.some(({ right }) => right !== null); // preferences
  const bits = (/** @type {number} */ value) => decimal(value, 2);
  const line = (/** @type {typeof steps} */ some, /** @type {"loss" | "heldBack"} */ what) => ({
    x: some.map(({ step }) => step),
    y: some.map((step) => step[what]),
  });
  const other = { name: t("the same with another learning rate"), ...line(others, "heldBack"), dashed: true };
  return {
    title: t("Surprise at the examples"),
    x: { label: t("step") },
    y: { label: relative ? t("loss") : t("bits per byte"), format: bits },
    series: [
      { name: t("examples that it learns from"), ...line(taken, "loss"), muted: true },
      { name: t("examples that were held back"), ...line(held, "heldBack") },
      ...(others.length > 1 ? [other] : []),
    ],
    rules: best ? [{ x: best.step, label: t("best") }] : [],
    height: 260,
  };
}

/** @param {import("../engine/tuning.js").TuningStep} step */
function isMeasured({ heldBack }) {
  return heldBack !== null;
}
