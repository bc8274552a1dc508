/**
 * Ids of models on a hub: `owner/repo:path/in/repo`, then optionally `@revision` (a branch, tag or commit)
 * and `#sha256=HEX`, which the file must have. Nothing is requested here.
 *
 * tests/data/model-ids.json has the cases that this and the Python package must agree on.
 */

import { EngineError } from "./protocol.js";

/** Where ids are looked up, unless another host is given. */
export const HUB = "https://huggingface.co";

const NAME = "[A-Za-z0-9_][\\w.-]{0,99}";
/** What makes a text an id; an address has no colon there. */
const START = new RegExp(`^(${NAME})/(${NAME}):`);
const PART = "[A-Za-z0-9_][\\w.+ -]*";
const REST = new RegExp(
  `^(${PART}(?:/${PART})*(/)?)(?:@(${NAME}(?:/${NAME})*))?(?:#sha256=([0-9a-fA-F]{64}))?$`,
);
const MOST = 1000;

/** @param {string} text whether it is meant as an id: `owner/repo:` and anything */
export const looksLikeId = (text) => START.test(text);

/**
 * The address of a model's file or, if the path ends in a slash, folder.
 * @param {string} id
 * @param {string} [host] an http or https address that serves files as the Hugging Face hub does
 * @returns {{address: string, sha256?: string}}
 * @throws {EngineError} `model-id` if the id or the host is invalid
 */
export function resolveId(id, host = HUB) {
  const [start, owner, repo] = START.exec(id) ?? [""];
  const found = id.length <= MOST && start ? REST.exec(id.slice(start.length)) : null;
  if (!found || (found[2] && found[4])) {
    throw new EngineError({
      code: "model-id",
      message: `“${id.slice(0, MOST)}” is not the id of a model.`,
      remedy: "Write it as owner/repo:path, if needed followed by @revision and #sha256=HEX.",
    });
  }
  const [, path, , revision = "main", sha256] = found;
  const at = `${owner}/${repo}/resolve/${encodeURIComponent(revision)}/`;
  const address = `${checkedHost(host)}/${at}${path.split("/").map(encodeURIComponent).join("/")}`;
  return { address, ...(sha256 && { sha256: sha256.toLowerCase() }) };
}

/** @param {string} host @returns {string} without a slash at the end */
function checkedHost(host) {
  const url = URL.canParse(host) ? new URL(host) : null;
  if (url && /^https?:$/.test(url.protocol) && !/[?#@]/.test(host)) return url.href.replace(/\/+$/, "");
  throw new EngineError({
    code: "model-id",
    message: `“${host}” is not a model host.`,
    remedy: `Give an address that starts with https:// or http://, such as ${HUB}.`,
  });
}
