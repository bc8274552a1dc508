import assert from "node:assert/strict";
import { test } from "node:test";
import { choiceOf, Embedder, hostOf, MINILM, titleOf } from "../../../site/collections/embedders.js";

globalThis.location ??= { origin: "http://localhost" };

const SERVER = { kind: "endpoint", address: "https://vectors.example/v1", model: "m", hasKey: true };

/** The engine's jobs, over passages "a", "b", … of which the first `vectors` have one. */
function engine(passages = ["a", "b", "c"]) {
  const found = { vectors: 0, source: undefined, written: [] };
  const session = {
    has: () => false,
    useEmbedder: async (source) => {
      found.source = source;
    },
    run: async (job, args) => {
      if (job === "pending_texts") {
        const texts = passages.slice(found.vectors).slice(0, 2);
        const numbers = texts.map((_text, at) => found.vectors + at);
        return { texts, passages: numbers, pending: passages.length - found.vectors };
      }
      if (job === "endpoint_request") return { url: args.address, body: JSON.stringify(args.texts) };
      return {
        vectors: { shape: [args.count, 2], dtype: "float32", data: [1, 2] },
        model: { name: args.model_name },
      };
    },
  };
  const write = async (job, args) => {
    found.written.push([job, args.made_by, args.passages]);
    found.vectors += args.vectors.shape[0];
  };
  return { found, session, write };
}

/** Returns what was sent. */
function serve(answer) {
  const sent = [];
  const send = async (_url, { body, headers }) => {
    sent.push(JSON.parse(body));
    return answer(headers.Authorization);
  };
  globalThis.fetch = send;
  return sent;
}

test("a choice is read from what was kept, or from the name of the model that made the vectors", () => {
  assert.deepEqual(choiceOf(undefined, ""), MINILM);
  assert.deepEqual(choiceOf({ kind: "evil" }, "minilm-l6"), MINILM);
  assert.deepEqual(choiceOf(SERVER, ""), SERVER);
  assert.deepEqual(choiceOf({ ...SERVER, key: "secret" }, ""), SERVER, "nothing else is taken from it");
  const imported = choiceOf(null, "endpoint:text-embedding-3-small");
  assert.deepEqual([titleOf(imported), hostOf(imported)], ["text-embedding-3-small", ""]);
  assert.equal(new Embedder(engine().session, imported).missing, "address");
  const model = choiceOf(null, "rwkv:My model");
  assert.equal(new Embedder(engine().session, model).missing, "files");
  const file = new File(["x"], "x.pth");
  assert.equal(new Embedder(engine().session, model, { files: [file] }).missing, "");
  assert.match(choiceOf(null, "rwkv:default").address, /models\/default\/$/);
});

test("a server's vectors are written batch by batch, with its key in the request alone", async () => {
  const { found, session, write } = engine();
  const sent = serve((key) => new Response("an answer", { status: key === "Bearer k" ? 200 : 500 }));
  const embedder = new Embedder(session, SERVER, { key: "k" });
  await embedder.use();
  assert.equal(found.source, null, "nothing is loaded into the engine");
  assert.ok(embedder.isReady);
  await embedder.fill(write, {});
  assert.deepEqual(sent, [["a", "b"], ["c"]]);
  assert.deepEqual(found.written, [
    ["add_vectors", { name: "m" }, [0, 1]],
    ["add_vectors", { name: "m" }, [2]],
  ]);
});

test("the same question is sent once, and its vector is a row", async () => {
  const sent = serve(() => new Response("an answer"));
  const embedder = new Embedder(engine().session, SERVER, { key: "k" });
  const { question_vector } = await embedder.question("why?");
  assert.deepEqual(question_vector.shape, [2]);
  await embedder.question("why?");
  await embedder.question("how?");
  assert.deepEqual(sent, [["why?"], ["how?"]]);
  assert.deepEqual(await new Embedder(engine().session, MINILM).question("why?"), {});
});

test("a key that is refused is missing from then on", async () => {
  serve(() => new Response('{"error": {"message": "Incorrect key"}}', { status: 401 }));
  const { session, write } = engine();
  const embedder = new Embedder(session, { ...SERVER, hasKey: false });
  assert.ok(embedder.isReady);
  await assert.rejects(embedder.fill(write, {}), /401, Incorrect key/);
  assert.equal(embedder.missing, "key");
  assert.ok(!embedder.isReady);
  await assert.rejects(embedder.question("why?"), /The key for .* is missing/);
});
