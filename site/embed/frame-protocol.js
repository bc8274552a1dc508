/**
 * The messages between an outer page and the iframe. Both ends import this file.
 */

/** The only message from window to window: it carries the port for all others. */
export const CONNECT = "goosequill-connect";

export const COMMANDS = ["set", "load", "generate", "retry", "abort", "clear"];

/** The element's events, forwarded with the same names and details. */
export const EVENTS = ["progress", "load", "token", "done", "error", "abort"];
