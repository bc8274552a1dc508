/** What a model takes and how fast it would be here, in one line, for every place that offers one. */

import { forecast, learningSeconds, measureRate } from "../engine/forecast.js";
import { recall, remember } from "./memory.js";
import { megabytes, significant, t } from "./words.js";

/** @import { Needs } from "../engine/forecast.js" */

const KEY = "reading-rate";

/** @type {Promise<number> | null} */
let measuring = null;

/** How fast this machine reads weights, measured once in a browser; 0 where it cannot be measured. */
function readingRate() {
  const kept = Number(recall(KEY)) || 0;
  measuring ??= kept
    ? Promise.resolve(kept)
    : measureRate().then(
        (rate) => {
          remember(KEY, Math.round(rate));
          return rate;
        },
        () => 0, // no SIMD, or a policy that forbids WebAssembly
      );
  return measuring;
}

/**
 * How long learning takes here at most, "" if that is unknown.
 * @param {{examples: number, bytes: number}} given
 * @param {number} parameters of the model
 */
export async function learningWords(given, parameters) {
  const seconds = learningSeconds(given, parameters, await readingRate());
  if (!(seconds > 0 && seconds < Infinity)) return "";
  if (seconds < 90) {
    const count = Math.max(5, 5 * Math.round(seconds / 5));
    return t("Learning takes up to about {count} seconds on this machine.", { count });
  }
  return t("Learning takes up to about {count} minutes on this machine.", {
    count: Math.round(seconds / 60),
  });
}

/**
 * "6.6 MB to download · 76 MB of memory · writes about 1,500 tokens per second here", and what is lacking.
 * @param {Needs} needs
 * @param {{withDownload?: boolean}} [options] whether its size is said, which is said elsewhere otherwise
 */
export async function forecastWords(needs, { withDownload = true } = {}) {
  const { tokensPerSecond, lacks, limit } = await forecast(needs, { rate: await readingRate() });
  const most = megabytes(limit);
  if (lacks === "memory") return t("Too large for a web page, which can use {limit}.", { limit: most });
  const count = significant(tokensPerSecond, 2);
  const speed = needs.multiplied
    ? t("reads about {count} tokens per second here", { count })
    : t("writes about {count} tokens per second here", { count });
  const facts = [
    withDownload ? t("{size} to download", { size: megabytes(needs.download) }) : "",
    needs.memory ? t("{size} of memory", { size: megabytes(needs.memory) }) : "",
    tokensPerSecond ? speed : "",
  ];
  const words = facts.filter(Boolean).join(" · ");
  if (!lacks) return words;
  const stored = t("Only {limit} can be stored here, so it is downloaded again on every visit.", {
    limit: most,
  });
  return `${words}. ${stored}`;
}
