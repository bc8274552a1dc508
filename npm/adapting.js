/** What the adapters for other libraries share. */

import { EngineError } from "./engine/protocol.js";

/** The error for a part of a prompt that is not text. @param {string} what */
export const unreadable = (what) =>
  new EngineError({
    code: "chat-messages",
    message: `The prompt has ${what}, which the model cannot read.`,
    remedy: "Send text only.",
  });
