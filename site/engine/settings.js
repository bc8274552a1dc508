/**
 * The types of the decoder's settings and of the codes of errors.
 * Written by scripts/settings_types.py from the Python package; do not edit.
 */

/**
 * The decoder's settings; null is the default.
 * @typedef {object} Settings
 * @property {number | null} [max_new_tokens] The maximum number of tokens to generate. From 0 to 1000000.
 *   Default: 200.
 * @property {number | null} [seed] The same seed gives the same text again; a random one is used if it is
 *   not given. From 0 to 9007199254740991. Default: null.
 * @property {number | null} [logprobs] How many of the model's most likely tokens are returned with each
 *   token. From 0 to 1000. Default: 0.
 * @property {string | string[] | null} [stop] Generation ends at the first of these texts, which is not
 *   part of the output. Default: [].
 * @property {number[] | null} [stop_tokens] Ids of tokens that end the text, in addition to the
 *   vocabulary's end token. Default: [].
 * @property {boolean | null} [ignore_end] Never generates the vocabulary's end token, so that only the
 *   length and the stops end the text. Default: false.
 * @property {number | null} [guidance_scale] How strongly to steer away from the negative prompt; 1 is off.
 *   From 0 to 20. Default: 1.0.
 * @property {string | null} [negative_prompt] The prompt to steer away from; if empty, a text without a
 *   prompt is used. Default: "".
 * @property {string | null} [regex] The whole output must match it, as with Python's re.fullmatch. \d is 0
 *   to 9. Default: "".
 * @property {string | string[] | null} [choices] The output must be one of these texts. Default: [].
 * @property {unknown | null} [json_schema] The output must be JSON that fits this schema; true allows any
 *   JSON, nested up to three levels. Default: null.
 * @property {Record<number, number> | null} [logit_bias] A value to add to a token's logit, by token id;
 *   -100 practically bans it. Default: {}.
 * @property {number[] | null} [banned_tokens] Ids of tokens that are never generated. Default: [].
 * @property {number | null} [min_new_tokens] No end token or stop token is generated before this many
 *   tokens; 0 is off. From 0 to 1000000. Default: 0.
 * @property {number | null} [repetition_penalty] Makes every token that has already occurred less likely,
 *   by a factor; 1 is off. From 0.1 to 10. Default: 1.0.
 * @property {number | null} [presence_penalty] Subtracted once from the logit of every token that has
 *   occurred; 0 is off. From -10 to 10. Default: 0.0.
 * @property {number | null} [frequency_penalty] Subtracted from a token's logit for each time it has
 *   occurred; 0 is off. From -10 to 10. Default: 0.0.
 * @property {number | null} [penalty_decay] How much of an occurrence's weight remains after each further
 *   token, for the frequency penalty; 1 never forgets. From 0 to 1. Default: 1.0.
 * @property {number | null} [penalty_window] How many of the last tokens the penalties consider; 0
 *   considers all. From 0 to 1000000. Default: 0.
 * @property {"all" | "output" | null} [penalty_scope] Whether the prompt's tokens count too (all), or only
 *   those of the output. Default: "all".
 * @property {boolean | null} [penalty_spares_digits] Single digits and spaces do not count for the
 *   frequency penalty. Default: false.
 * @property {number | null} [no_repeat_ngram_size] The length of the sequences that may not occur twice; 0
 *   is off. From 0 to 100. Default: 0.
 * @property {number | null} [dry_multiplier] How strong the penalty is; 0 is off, 0.8 is a usual value.
 *   From 0 to 100. Default: 0.0.
 * @property {number | null} [dry_base] The factor by which the penalty grows with each repeated token. From
 *   1 to 10. Default: 1.75.
 * @property {number | null} [dry_allowed_length] Repetitions shorter than this are not penalized. From 1 to
 *   1000. Default: 2.
 * @property {number | null} [dry_window] How many of the last tokens are searched for repetitions; 0
 *   searches all. From 0 to 1000000. Default: 0.
 * @property {string | string[] | null} [dry_breakers] A repetition is interrupted by a token that contains
 *   one of these texts. Default: ["\n", ":", "\"", "*"].
 * @property {number | null} [top_n_sigma] How many standard deviations below the highest logit are kept; 0
 *   is off. From 0 to 100. Default: 0.0.
 * @property {number | null} [top_k] How many of the most likely tokens are kept; 0 keeps all. From 0 to
 *   1000000. Default: 0.
 * @property {number | null} [typical_p] The total probability of the tokens that are kept; 1 keeps all.
 *   From 0 to 1. Default: 1.0.
 * @property {number | null} [top_p] The total probability of the most likely tokens that are kept; 1 keeps
 *   all. From 0 to 1. Default: 1.0.
 * @property {number | null} [min_p] The lowest probability that is kept, as a fraction of the highest; 0
 *   keeps all. From 0 to 1. Default: 0.0.
 * @property {number | null} [xtc_probability] How often top choices are removed; 0 is off. From 0 to 1.
 *   Default: 0.0.
 * @property {number | null} [xtc_threshold] The lowest probability of a top choice. Above 0.5 there is
 *   never a second one to keep. From 0 to 1. Default: 0.1.
 * @property {number | null} [temperature] Below 1 likely tokens become more likely, above 1 less; 0 always
 *   chooses the most likely. From 0 to 100. Default: 1.0.
 * @property {number | null} [dynatemp_range] How far the temperature moves: down where the model is
 *   certain, up where it is uncertain; 0 is off. From 0 to 100. Default: 0.0.
 * @property {number | null} [dynatemp_exponent] The curve from certain to uncertain; 1 is linear. From 0.01
 *   to 100. Default: 1.0.
 * @property {boolean | null} [temperature_first] Applies the temperature before the truncating steps, as
 *   Hugging Face does, and not after them. Default: false.
 * @property {number | null} [mirostat] The version, 1 or 2; 0 is off. From 0 to 2. Default: 0.
 * @property {number | null} [mirostat_tau] The average surprise to aim for, in bits per token. From 0 to
 *   20. Default: 5.0.
 * @property {number | null} [mirostat_eta] How quickly the limit adapts. From 0 to 1. Default: 0.1.
 * @property {number | null} [num_beams] Number of texts followed at once; the most likely one is returned.
 *   1 is off. From 1 to 64. Default: 1.
 * @property {number | null} [length_penalty] Above 0 favours longer texts, below 0 shorter ones; with beams
 *   only. From -10 to 10. Default: 1.0.
 * @property {number | null} [penalty_alpha] How strongly candidates that resemble the text so far are
 *   avoided; 0 is off. Requires top-k. From 0 to 1. Default: 0.0.
 * @property {number | null} [prompt_lookup_num_tokens] How many tokens may be guessed from the text so far
 *   and read at once, where that is faster; 0 is off. The text stays the same. From 0 to 100. Default: 0.
 * @property {number | null} [max_tokens] Another name of max_new_tokens.
 * @property {number | null} [max_length] Another name of max_new_tokens.
 * @property {number | null} [temp] Another name of temperature.
 */

/**
 * What can be asked of a reply in a chat; null is the default.
 * @typedef {object} ChatSettings
 * @property {"auto" | "none" | "low" | "medium" | "high" | null} [reasoning_effort] How long a model that
 *   reasons thinks before it answers. Models from before September 2025 know only “Up to the model” and
 *   “Not at all”. Default: "auto".
 */

/** The codes of errors; the reference of errors has the meaning of each. */
export const ERROR_CODES = /** @type {const} */ ([
  "file-missing",
  "file-truncated",
  "file-altered",
  "conversations",
  "nothing-to-export",
  "votes-file",
  "unknown-format",
  "safetensors-header",
  "pth",
  "gguf-header",
  "rwkv-cpp-header",
  "prefab-header",
  "packed-layout",
  "split-gguf",
  "which-file",
  "shards",
  "model-folder",
  "output",
  "shard-size",
  "size",
  "not-text",
  "not-a-model",
  "tensor-missing",
  "tensor-shape",
  "tensor-values",
  "unsupported-variant",
  "unsupported-architecture",
  "unsupported-quantization",
  "nothing-to-pack",
  "model-id",
  "model-too-large",
  "model-nan",
  "model-unloaded",
  "no-tokens",
  "token-range",
  "unknown-kernel",
  "kernel-unavailable",
  "tokenizer-needed",
  "tokenizer-missing",
  "tokenizer-file",
  "tokenizer-incomplete",
  "tokenizer-unsupported",
  "tokenizer-mismatch",
  "token-id",
  "token-ids",
  "setting-unknown",
  "setting-type",
  "setting-range",
  "settings-conflict",
  "all-banned",
  "all-tokens-removed",
  "regex",
  "regex-too-large",
  "regex-empty",
  "json-schema",
  "token-index",
  "chat-format",
  "chat-messages",
  "tools",
  "empty-message",
  "reasoning-effort",
  "nothing-to-undo",
  "conversation-over",
  "not-a-state",
  "state-mismatch",
  "not-an-adapter",
  "adapter-mismatch",
  "adapter-method",
  "adapter-values",
  "examples",
  "too-few-examples",
  "tuning-version",
  "prompts",
  "decoders",
  "other-report",
  "same-name",
  "no-dask",
  "no-cluster",
  "empty-text",
  "no-votes",
  "self-comparison",
  "network",
  "cors",
  "not-found",
  "http-status",
  "download-truncated",
  "checksum",
  "source-interrupted",
  "out-of-memory",
  "engine-start",
  "worker-blocked",
  "csp",
  "worker-died",
  "aborted",
  "internal",
  "option",
  "unknown-function",
  "answer-passages",
  "document-format",
  "document-binary",
  "document-corrupt",
  "document-empty",
  "document-encrypted",
  "document-scanned",
  "document-too-large",
  "csv-column",
  "no-pypdf",
  "link-outside",
  "path-not-found",
  "place-unreachable",
  "index-missing",
  "index-version",
  "index-model",
  "index-corrupt",
  "index-incomplete",
  "index-unreachable",
  "embedder-missing",
  "index-full",
  "index-empty",
  "document",
  "question",
  "vectors",
  "embedder-closed",
  "collection-closed",
  "embeddings-json",
  "embeddings-closed",
  "no-lancedb",
  "lancedb",
  "embedding-nan",
  "endpoint-address",
  "endpoint-answer",
  "endpoint-unreachable",
  "config-file",
  "no-shtab",
  "no-serve",
  "serve-address",
  "serve-origin",
  "api-key",
  "no-such-model",
  "host",
  "busy",
  "stopping",
  "unknown-experiment",
  "recording",
  "points",
  "lab-data",
]);

/** @typedef {(typeof ERROR_CODES)[number]} ErrorCode */
