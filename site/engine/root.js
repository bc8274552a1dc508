/**
 * Where the site is served, and where the files of this version are. Every address of a file is made from one
 * of them: the build may move a module's code to another folder, so no other module may rely on its own
 * address. The npm package has its own version of this file, in which bundlers find each address.
 *
 * A built site has all files that belong together in one folder, whose name is of their version
 * (scripts/versions.py): what a page asks for is of the page's own version, or it is gone.
 */

/** The folder above this one; bundled code also lies one folder below it. */
const ABOVE = new URL("../", import.meta.url).href;

/** The site's address: of pages, models, examples, and what else has the same address in all versions. */
export const ROOT = ABOVE.replace(/v-\w{16}\/$/, "");

/** The folder of this version's files. The build puts it into scripts outside it, which other sites load. */
export const FILES = globalThis.goosequillVersion ? ROOT + globalThis.goosequillVersion : ABOVE;

/** Addresses of files that are not at their path below that folder. @type {Record<string, string> | null} */
export const ADDRESSES = null;
