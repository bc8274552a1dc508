/** The page that deletes: it works in a tab of its own only, where no other site lies over its buttons. */

import { byId } from "../ui/dom.js";
import { cutOpener, inFrame, leaveFrame } from "../ui/framed.js";

cutOpener();
if (inFrame()) leaveFrame(byId("main", "main"), "Storage");
else await import("./contents.js");
