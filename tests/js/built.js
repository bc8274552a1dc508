/** The built site, and the folder of its version's files. */

import { readdirSync } from "node:fs";

export const DIST = new URL("../../dist/", import.meta.url);
export const FILES = new URL(`${readdirSync(DIST).find((name) => name.startsWith("v-"))}/`, DIST);
