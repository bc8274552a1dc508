/** A conversation as a hook of React. */

import type { AnswerOptions, EngineError, Message, Model } from "./types/index.js";

export interface GoosequillOptions extends Omit<AnswerOptions, "state"> {
  /** The model, or what loads it at the first message. */
  model: Model | Promise<Model> | (() => Model | Promise<Model>);
  /** Instructions to the model before the first message. */
  system?: string;
  /** Earlier messages. */
  messages?: Message[];
}

export interface GoosequillChat {
  /** What was said, and the reply that is being written. */
  messages: Message[];
  input: string;
  setInput: (input: string) => void;
  /** Those of the AI SDK's `useChat`: "submitted" until the first token. */
  status: "ready" | "submitted" | "streaming" | "error";
  /** Why the last message got no reply; it is the input again. */
  error: EngineError | Error | undefined;
  /** Sends a message, the input unless another is given; nothing while a reply is written. */
  send: (text?: string) => Promise<void>;
  /** Ends the reply; what was written of it stays. */
  stop: () => void;
  /** Begins a branch before the user's message at this index, whose text becomes the input. */
  branch: (at: number) => void;
  /** The messages of every branch. */
  branches: Message[][];
  /** Which of them is shown. */
  current: number;
  /** Shows another branch, which `send` then continues. */
  choose: (branch: number) => void;
}

export function useGoosequill(options: GoosequillOptions): GoosequillChat;
