/** A model that thinks before it answers, as far as adapters see one: it answers each request alike. */

const ABOUT = { id: "1", created: 1, model: "thinker" };
const DELTAS = [{ reasoning_content: "It " }, { reasoning_content: "is." }, { content: "Yes." }, {}];
const MESSAGE = { role: "assistant", content: "Yes.", reasoning_content: "It is." };
const USAGE = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };

/** The model, and the messages of each request. */
export function thinker() {
  /** @type {any[]} */
  const asked = [];
  const model = {
    info: { name: "thinker" },
    state: { bytes: null },
    call: async (/** @type {string} */ _, /** @type {any} */ { request }) => {
      asked.push(request.messages);
      return { ...ABOUT, choices: [{ index: 0, finish_reason: "stop", message: MESSAGE }], usage: USAGE };
    },
    async *stream(/** @type {string} */ _, /** @type {any} */ { request }) {
      asked.push(request.messages);
      for (const [at, delta] of DELTAS.entries())
        yield { ...ABOUT, choices: [{ index: 0, delta, finish_reason: at === 3 ? "stop" : null }] };
      yield { ...ABOUT, choices: [], usage: USAGE };
    },
  };
  return { model, asked };
}
