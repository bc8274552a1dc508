/** What every page does, applications and documentation alike. */

import "./opener.js";
import "./offline.js";
import "./remembering.js";
import "./stray-drops.js";
