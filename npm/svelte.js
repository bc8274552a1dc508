/** The element, with its type in Svelte's templates: see svelte.d.ts. */

export * from "./element.js";
