/** The types of messages between Material for MkDocs and the worker of its search box. */

export const READY = 1;
export const QUERY = 2;
export const ANSWER = 3;
