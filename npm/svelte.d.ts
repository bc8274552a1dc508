/** <goose-quill> in Svelte's templates. */

import type { HTMLAttributes } from "svelte/elements";
import type { GooseQuill, GooseQuillAttributes } from "./element.js";

export * from "./element.js";

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "goose-quill": Omit<HTMLAttributes<GooseQuill>, keyof GooseQuillAttributes> & GooseQuillAttributes;
  }
}
