// The element's types in Svelte's templates.

import "goosequill/svelte";
import type { SvelteHTMLElements } from "svelte/elements";

type Attributes = SvelteHTMLElements["goose-quill"];
export const good: Attributes = { mode: "chat", "max-new-tokens": 60, class: "wide" };
export const pirate: Attributes = { adapter: "pirate.safetensors", strength: 0.5 };
// @ts-expect-error there is no such mode
export const wrong: Attributes = { mode: "chatty" };
