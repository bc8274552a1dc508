/**
 * Where the site's files are served. Every address of a file is made from it: the build may move a module's
 * code to another folder, so no other module may rely on its own address. The npm package has its own version
 * of this file, in which bundlers find each address.
 */

/** The folder above this one; bundled code also lies one folder below the root. */
export const ROOT = new URL("../", import.meta.url).href;

/** Addresses of files that are not at their path below the root. @type {Record<string, string> | null} */
export const ADDRESSES = null;
