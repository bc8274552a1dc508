/** The thread that verifies a stored file, for tests. */

/** What engine/verifier.js answers, in a page whose handles of files have modes. */
export class FakeVerifier extends EventTarget {
  asked = [];
  isEnded = false;

  constructor() {
    super();
    const { prototype } = class {};
    Object.defineProperty(prototype, "mode", { value: "readwrite" });
    Object.assign(globalThis, { FileSystemSyncAccessHandle: { prototype } });
  }

  postMessage(message) {
    this.asked.push(message);
  }

  answer(data) {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  terminate() {
    this.isEnded = true;
  }
}
