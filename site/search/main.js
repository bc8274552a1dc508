/** The entry point of the search page. */

import { byId } from "../ui/dom.js";
import { StatusLine } from "../ui/status.js";

new StatusLine(byId("status", "p")).say("");
