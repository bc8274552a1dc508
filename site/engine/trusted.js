/**
 * Script addresses for pages with Trusted Types. A worker or a service worker may be started from the
 * page's origin or from a blob that we made, and from nowhere else. The policy is named
 * "goosequill".
 */

/** A page may create a policy of one name only once, so copies of this file on one page share the first. */
const SHARED = Symbol.for("goosequill.trusted-types");

/** @param {string} url */
function checked(url) {
  const { origin } = globalThis.location;
  if (url.startsWith("blob:") || new URL(url).origin === origin) return url;
  throw new TypeError(`not a script of this site: ${url}`);
}

/**
 * The address in the form in which the browser accepts it for starting a script.
 * @param {string} url
 * @returns {string} a TrustedScriptURL where the browser has Trusted Types
 */
export function trustedScript(url) {
  const shared = /** @type {any} */ (globalThis);
  if (shared[SHARED] === undefined) shared[SHARED] = makePolicy();
  return shared[SHARED] ? shared[SHARED].createScriptURL(url) : checked(url);
}

/** @returns {{createScriptURL: (url: string) => any} | null} */
function makePolicy() {
  const factory = /** @type {any} */ (globalThis).trustedTypes;
  if (!factory) return null;
  try {
    return factory.createPolicy("goosequill", { createScriptURL: checked });
  } catch {
    // The page's policy does not allow this name. Then a plain address fails only if the page requires
    // trusted ones.
    return null;
  }
}
