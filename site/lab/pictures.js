/**
 * Pictures that the build has drawn, until a module of the page draws them again: when they are used, or seen
 * at a width at which their text is too small.
 */

/** The smallest scale at which the text of a drawing can still be read well. */
const READABLE = 0.8;

/**
 * Moves what the build has drawn into its new place.
 * @param {HTMLElement} root
 * @param {HTMLElement} picture
 */
export function adopt(root, picture) {
  const built = root.querySelector(".lab-picture");
  if (built) picture.replaceChildren(...built.childNodes);
}

/** @param {HTMLElement} place @param {() => void} act called at every sign that the visitor uses it */
export function whenUsed(place, act) {
  for (const sign of ["pointerover", "focusin", "click"]) place.addEventListener(sign, act);
}

/** @param {HTMLElement} place @param {() => void} act called once, before it scrolls into view */
export function whenVisible(place, act) {
  if (!("IntersectionObserver" in globalThis)) return;
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      act();
    },
    { rootMargin: "300px" },
  );
  observer.observe(place);
}

/** Whether a drawing is shown much smaller than it was drawn. @param {HTMLElement} place */
export function isSmall(place) {
  return [...place.querySelectorAll("svg:not(svg svg)")].some((found) => {
    const svg = /** @type {SVGSVGElement} */ (found);
    const drawn = svg.viewBox.baseVal?.width ?? 0;
    const shown = svg.getBoundingClientRect().width;
    return shown > 0 && shown < READABLE * drawn;
  });
}

/**
 * Draws over what the build has drawn; open tables stay open, and the focus stays where it was.
 * @param {HTMLElement[]} places
 * @param {() => void} draw
 */
export function replaceBuilt(places, draw) {
  const parts = () =>
    places.map((place) => [
      .../** @type {NodeListOf<HTMLElement | SVGElement>} */ (
        place.querySelectorAll("a, button, input, select, summary, [tabindex]")
      ),
    ]);
  const open = (/** @type {HTMLElement} */ place) => [...place.querySelectorAll("details")];
  const { activeElement } = document;
  const focused = parts().map((list) => list.indexOf(/** @type {HTMLElement} */ (activeElement)));
  const opened = places.map((place) => open(place).map((details) => details.open));
  draw();
  places.forEach((place, index) => {
    open(place).forEach((details, number) => {
      details.open ||= opened[index][number] ?? false;
    });
  });
  parts().forEach((list, index) => {
    list[focused[index]]?.focus({ preventScroll: true });
  });
}

/** Figures that keep their state, by where they stand. @type {WeakMap<Element, Element>} */
const kept = new WeakMap();

/** Shows a figure, unless its place still has it. @param {HTMLElement} place @param {() => Element} make */
export function showOnce(place, make) {
  const figure = kept.get(place);
  if (figure?.parentElement === place) return;
  const made = make();
  kept.set(place, made);
  place.replaceChildren(made);
}
