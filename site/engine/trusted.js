// Addresses of scripts for pages with Trusted Types: a worker or a service worker may be started from
// our own site, from the page's, or from a blob that we made, and from nowhere else. The policy is
// called "goosequill".

const ROOT = new URL("../", import.meta.url).href;

/** @type {{createScriptURL: (url: string) => any} | null | undefined} made when first needed */
let policy;

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
  if (policy === undefined) policy = makePolicy();
  return policy ? policy.createScriptURL(url) : checked(url);
}

function makePolicy() {
  const factory = /** @type {any} */ (globalThis).trustedTypes;
  if (!factory) return null;
  try {
    return factory.createPolicy("goosequill", { createScriptURL: checked });
  } catch {
    // The page's policy allows no policy of this name, or allows it once and another copy of this file
    // has taken it. The plain address is refused then only where the page demands trusted ones.
    return null;
  }
}
