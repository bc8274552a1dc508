/** <goose-quill> in React's JSX. */

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { GooseQuill, GooseQuillAttributes, GooseQuillEvents } from "./element.js";

export * from "./element.js";

/** `ondone` is the handler of the event `done`, and so on. */
type Handlers = {
  [Name in keyof GooseQuillEvents as `on${Name}`]?: (event: GooseQuillEvents[Name]) => void;
};

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "goose-quill": Omit<
        DetailedHTMLProps<HTMLAttributes<GooseQuill>, GooseQuill>,
        keyof GooseQuillAttributes
      > &
        GooseQuillAttributes &
        Handlers;
    }
  }
}
