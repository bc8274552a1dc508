/** Local reports that the browser keeps between visits, in IndexedDB, if the visitor asked for it. */

import { Database } from "../ui/database.js";
import { refuseInFrame } from "../ui/framed.js";

const kept = new Database("goosequill-compare", (database) => {
  database.createObjectStore("files", { keyPath: "id" });
});

/** @typedef {{id: string, name: string, blob: Blob}} KeptFile */

/** @returns {Promise<KeptFile[]>} in the order in which they were opened */
export async function keptFiles() {
  const found = await kept.run(["files"], "readonly", ({ files }) => files.getAll());
  return found.sort((a, b) => a.id.localeCompare(b.id));
}

/** @param {KeptFile} file */
export async function keepFile(file) {
  await kept.run(["files"], "readwrite", ({ files }) => files.put(file));
}

/** @param {string} id */
export async function dropFile(id) {
  refuseInFrame();
  await kept.run(["files"], "readwrite", ({ files }) => files.delete(id));
}

export async function dropFiles() {
  refuseInFrame();
  await kept.run(["files"], "readwrite", ({ files }) => files.clear());
}
