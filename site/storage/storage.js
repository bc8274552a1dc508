/** The page that deletes: it works in a tab of its own only, where no other site lies over its buttons. */

import { byId } from "../ui/dom.js";
import { inFrame, leaveFrame } from "../ui/framed.js";
import { t } from "../ui/words.js";

if (inFrame()) leaveFrame(byId("main", "main"), t("Storage"));
else await import("./contents.js");
