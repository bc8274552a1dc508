// What an outer page and the iframe say to each other. Both ends import it.

/** The one message that goes from window to window: it carries the port for all others. */
export const CONNECT = "goosequill-connect";

export const COMMANDS = ["set", "load", "generate", "retry", "abort", "clear"];

/** The element's events, which arrive outside with the same names and details. */
export const EVENTS = ["progress", "load", "token", "done", "error", "abort"];
