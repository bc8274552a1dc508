/** Long work in short slices, so that the page stays responsive. */

const SLICE = 10; // milliseconds

/**
 * Lets the browser handle input and draw. (`scheduler.yield` would not do: it resumes before the next frame.)
 * @returns {Promise<void>}
 */
export function breathe() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port1.close();
      resolve();
    };
    port1.postMessage(null);
  });
}

/**
 * Calls `work` for each item, with a pause after each slice. Stops early when `signal` aborts.
 * @template T
 * @param {Iterable<T>} items
 * @param {(item: T) => void} work
 * @param {AbortSignal} [signal]
 * @returns {Promise<boolean>} whether it reached the end
 */
export async function inSlices(items, work, signal) {
  let until = performance.now() + SLICE;
  for (const item of items) {
    if (signal?.aborted) return false;
    work(item);
    if (performance.now() < until) continue;
    await breathe();
    until = performance.now() + SLICE;
  }
  return !signal?.aborted;
}
