/**
 * Time for an experiment: Play and Pause, a step back and on, and a slider through all frames. Nothing moves
 * before Play. What a frame looks like is the caller's business.
 */

import { element } from "../ui/dom.js";

/** Milliseconds from one frame to the next. */
const INTERVAL = 700;

/**
 * @param {{
 *   frames: number, show: (index: number) => void, describe: (index: number) => string, interval?: number,
 *   label?: string, start?: number, unit?: "frame" | "step", speeds?: readonly number[]
 * }} options `show` draws a frame, `describe` says in words what it shows; `start` is the first frame shown;
 *   steps count from 0; `speeds` to choose from are frames in each interval, the first one to begin with
 * @returns playing ends when it is removed from the page; `refresh` shows the same frame anew
 */
export function player({
  frames,
  show,
  describe,
  interval = INTERVAL,
  label = "Animation",
  start = 0,
  unit = "frame",
  speeds = [1],
}) {
  const first = unit === "step" ? 0 : 1;
  const last = Math.max(0, frames - 1);
  let index = Math.min(last, Math.max(0, start));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const play = element("button", { type: "button", class: "play" }, "Play");
  const back = element("button", { type: "button", "aria-label": `Previous ${unit}` }, "‹");
  const on = element("button", { type: "button", "aria-label": `Next ${unit}` }, "›");
  const name = unit === "step" ? "Step" : "Frame";
  const slider = element("input", { type: "range", min: 0, max: last, step: 1, "aria-label": name });
  const speed = element(
    "select",
    {},
    ...speeds.map((each) => element("option", { value: each }, `${each} ×`)),
  );
  const count = element("span", { class: "note" });
  const words = element("p", { class: "note", "aria-live": "polite" });
  const box = element(
    "div",
    { class: "player", role: "group", "aria-label": label },
    element("div", { class: "player-row" }, back, play, on, slider, count),
    speeds.length > 1 ? element("label", { class: "note player-speed" }, "Speed", speed) : null,
    words,
  );

  /** @param {number} wanted */
  const go = (wanted) => {
    index = Math.min(last, Math.max(0, wanted));
    show(index);
    slider.value = String(index);
    count.textContent = `${index + first} of ${last + first}`;
    words.textContent = describe(index);
    slider.setAttribute("aria-valuetext", words.textContent);
    // A button that disables itself would lose the focus.
    back.setAttribute("aria-disabled", String(index === 0));
    on.setAttribute("aria-disabled", String(index === last));
  };
  const pause = () => {
    clearTimeout(timer);
    timer = undefined;
    play.textContent = "Play";
    words.setAttribute("aria-live", "polite");
  };
  const tick = () => {
    if (!box.isConnected) return pause();
    go(index + Number(speed.value));
    if (index === last) return pause();
    timer = setTimeout(tick, interval);
  };
  play.addEventListener("click", () => {
    if (timer !== undefined) return pause();
    play.textContent = "Pause";
    words.setAttribute("aria-live", "off"); // speech would fall behind
    if (index === last) go(0);
    timer = setTimeout(tick, interval);
  });
  /** @param {number} wanted */
  const step = (wanted) => {
    pause();
    go(wanted);
  };
  back.addEventListener("click", () => step(index - 1));
  on.addEventListener("click", () => step(index + 1));
  slider.addEventListener("input", () => step(slider.valueAsNumber));
  go(index);
  return Object.assign(box, { refresh: () => go(index), isPlaying: () => timer !== undefined });
}
