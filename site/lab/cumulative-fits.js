/** What the fits of the experiment are called, and how each looks, in every figure the same. */

/**
 * @typedef {{label: string, color: string, dash: string, width: number, step?: boolean}} Fit
 */

/** @type {Record<string, Fit>} in the order in which they are listed */
export const FITS = {
  printed: { label: "Polynomial, as printed", color: "var(--chart-2)", dash: "7 4", width: 2 },
  polynomial: { label: "Polynomial, as meant", color: "var(--chart-6)", dash: "", width: 2 },
  bernstein: { label: "Bernstein, monotone", color: "var(--chart-1)", dash: "", width: 3 },
  isotonic: { label: "Isotonic regression", color: "var(--chart-5)", dash: "", width: 1.5, step: true },
  pchip: { label: "Monotone PCHIP", color: "var(--chart-3)", dash: "11 4 2 4", width: 2 },
  likelihood: { label: "Likelihood, no bins", color: "var(--chart-4)", dash: "2 3", width: 2.5 },
};

/** A wide line behind the others. */
export const TRUTH = { label: "Truth", color: "var(--cumulative-truth)", dash: "", width: 7 };

/** The labels of the fits that some data has, by their names. @param {Record<string, any>} data */
export function labelled(data) {
  return Object.keys(FITS)
    .filter((name) => name in data)
    .map((name) => ({ name, label: FITS[name]?.label ?? name, value: data[name] }));
}
