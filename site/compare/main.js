/** The entry point of the comparer's page. */

import { App } from "./app.js";

new App().start();
