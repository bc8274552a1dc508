/** The entry point of the search page. */

import { readFile } from "../collections/files.js";
import { documentPhases } from "../ui/document-phases.js";
import { byId } from "../ui/dom.js";
import { ProgressView } from "../ui/progress.js";
import { StatusLine } from "../ui/status.js";
import { Asking } from "./asking.js";
import { Collections } from "./collections.js";
import { consent } from "./consent.js";
import { Library } from "./library.js";

const status = new StatusLine(byId("status", "p"));
const box = byId("progress", "div");
const parts = { box, bar: byId("progress-bar", "progress"), label: byId("progress-label", "span") };
const library = new Library({
  readFile,
  status,
  progress: new ProgressView(parts, status.say, documentPhases),
});

const cancel = byId("cancel", "button");
cancel.addEventListener("click", () => library.indexer.stop());
library.indexer.addEventListener("change", () => {
  cancel.hidden = !library.indexer.isRunning;
});

await library.start();
new Collections(byId("collections", "aside"), library).start();
const asking = new Asking(library);
library.addEventListener("change", () => asking.changed());
asking.start();

// What was agreed to on an earlier visit is fetched from the browser's storage, and what waits is read on.
if (consent() && library.collection()) library.resume().catch(status.complain);
