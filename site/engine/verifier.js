/**
 * A worker that computes the fingerprint of a stored file, while the engine's thread loads it. It answers a
 * message with `begun`, and then with the fingerprint, or null if it failed.
 */

import { storedFingerprint } from "./storage/fingerprint.js";

const scope = /** @type {any} */ (globalThis);

scope.onmessage = async (/** @type {MessageEvent<{folder: any, name: string, blob: Blob}>} */ { data }) => {
  const { folder, name, blob } = data;
  scope.postMessage({ begun: true });
  scope.postMessage({ fingerprint: await storedFingerprint(folder, name, blob).catch(() => null) });
};
