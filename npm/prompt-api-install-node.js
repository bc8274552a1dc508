/** As prompt-api-install.js, under Node. */

import "./prompt-api-node.js";

export { install } from "./prompt-api/install.js";
