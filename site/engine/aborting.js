/** Waiting that its caller can give up, while what is waited for goes on for others. */

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} [signal] once it is aborted, the result rejects with its reason
 * @returns {Promise<T>}
 */
export function unlessAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
