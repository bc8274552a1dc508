/** <goose-quill> in React's JSX. */

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { GooseQuill, GooseQuillAttributes } from "./element.js";

export * from "./element.js";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "goose-quill": Omit<
        DetailedHTMLProps<HTMLAttributes<GooseQuill>, GooseQuill>,
        keyof GooseQuillAttributes
      > &
        GooseQuillAttributes;
    }
  }
}
