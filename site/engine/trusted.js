// Addresses of scripts for pages with Trusted Types: a worker or a service worker may be started from
// our own site, from the page's, or from a blob that we made, and from nowhere else. The policy is
// called "goosequill".

const ROOT = new URL("../", import.meta.url).href;

/** A page may make a policy of one name only once, so the copies of this file on it share the first one. */
const SHARED = Symbol.for("goosequill.trusted-types");

/** @param {string} url */
function checked(url) {
  const { origin } = globalThis.location;
  if (url.startsWith(ROOT) || url.startsWith("blob:") || new URL(url).origin === origin) return url;
  throw new TypeError(`not ours: ${url}`);
}

/**
 * The address as the browser wants it where a script is to be started.
 * @param {string} url
 * @returns {string} in truth a TrustedScriptURL, where there are such
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
    // The page's policy does not allow this name. The plain address is refused then only where the page
    // demands trusted ones.
    return null;
  }
}
