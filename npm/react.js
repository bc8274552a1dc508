/** The element, with its type in JSX: see react.d.ts. */

export * from "./element.js";
