// The element's types in Svelte's templates.

import "goosequill/svelte";
import type { SvelteHTMLElements } from "svelte/elements";

type Attributes = SvelteHTMLElements["goose-quill"];
export const good: Attributes = { mode: "chat", "max-new-tokens": 60, class: "wide" };
// @ts-expect-error it is text or nothing
export const wrong: Attributes = { mode: 7 };
