/** <goose-quill>: importing this module defines it. */

import type { Chunk, End, ErrorCode, ModelInfo, Progress } from "./types/index.js";
import type { GooseQuill } from "./types/widget/goose-quill.js";

export { define, GooseQuill } from "./types/widget/goose-quill.js";

/** What each event of the element has as its detail. */
export interface GooseQuillEvents {
  progress: CustomEvent<Progress>;
  load: CustomEvent<ModelInfo>;
  token: CustomEvent<Chunk>;
  done: CustomEvent<End>;
  error: CustomEvent<{ code: ErrorCode; message: string; remedy: string }>;
  abort: CustomEvent<{ text: string; finish_reason: "abort" } | End>;
}

type Texts =
  | "model"
  | "adapter"
  | "engine"
  | "prompt"
  | "system"
  | "label"
  | "placeholder"
  | "reveal"
  | "theme"
  | "reasoning-effort";
type Numbers =
  // NUMBERS
  never;

/** The element's attributes, as JSX and templates write them. */
export type GooseQuillAttributes = { [name in Texts]?: string | undefined } & {
  [name in Numbers]?: number | string | undefined;
} & { mode?: "completion" | "chat" | undefined; stop?: string | undefined };

declare module "./types/widget/goose-quill.js" {
  interface GooseQuill {
    addEventListener<Name extends keyof GooseQuillEvents>(
      name: Name,
      listener: (event: GooseQuillEvents[Name]) => void,
      options?: boolean | AddEventListenerOptions,
    ): void;
    addEventListener(
      name: string,
      listener: EventListenerOrEventListenerObject,
      options?: boolean | AddEventListenerOptions,
    ): void;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "goose-quill": GooseQuill;
  }
}
