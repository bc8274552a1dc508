/**
 * What was done of the tasks in conversations, and what was skipped, in the order of the answers: a record
 * for each in IndexedDB, so that two tabs lose nothing of each other. The texts are in the conversations.
 */

import { Database } from "../ui/database.js";
import { TASKS } from "../ui/memory.js";

/** @import { Done } from "./tasks.js" */
/** @typedef {Done & {at: number}} Logged `at` counts up */

const tasks = new Database(TASKS, (database) => {
  database.createObjectStore("done", { keyPath: "at", autoIncrement: true });
});

/** @returns {Promise<Logged[]>} */
export function readLog() {
  return tasks.run(["done"], "readonly", ({ done }) => done.getAll()).catch(() => []); // nothing is kept
}

/** @param {Done} record */
export async function addToLog(record) {
  await tasks.run(["done"], "readwrite", ({ done }) => done.add(record));
}

/** Removes records, so that their tasks come again. @param {Logged[]} records */
export async function dropFromLog(records) {
  await tasks.run(["done"], "readwrite", ({ done }) => {
    for (const { at } of records) done.delete(at);
    return done.count();
  });
}
