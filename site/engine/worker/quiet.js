/** When the engine has nothing else to do. */

/** Milliseconds without a request after which that is so, and between two looks. */
const [QUIET, LOOK] = [1000, 100];

/** @param {() => boolean} isIdle whether no request is being answered */
export async function quiet(isIdle) {
  for (let since = 0; since < QUIET; since = isIdle() ? since + LOOK : 0)
    await new Promise((resolve) => setTimeout(resolve, LOOK));
}
