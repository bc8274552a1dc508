import assert from "node:assert/strict";
import { test } from "node:test";
import { SearchSession } from "../../../site/collections/session.js";

/** An engine that opens an embedder when the test says so, and stops doing so when it is told. */
class SlowEngine {
  ended = false;
  asked = [];
  forgotten = [];

  run(_job, _args, options) {
    return new Promise((resolve, reject) => {
      this.asked.push({ resolve, reject, options });
      options.signal.addEventListener("abort", () => reject(options.signal.reason));
    });
  }

  async forget(handle) {
    this.forgotten.push(handle);
  }
}

function opening() {
  const engine = new SlowEngine();
  const session = new SearchSession(async () => ({ engine, keep: () => () => {} }));
  return { engine, session };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("who gives up a download does not stop it for the others", async () => {
  const { engine, session } = opening();
  const stop = new AbortController();
  const [first, second] = [session.open("static", { signal: stop.signal }), session.open("static")];
  await turn();
  assert.equal(engine.asked.length, 1, "it is opened once for both");
  stop.abort(new DOMException("Stopped.", "AbortError"));
  await assert.rejects(first, { name: "AbortError" });
  assert.equal(engine.asked[0].options.signal.aborted, false);
  engine.asked[0].resolve({ handle: 7 });
  assert.equal((await second).handle, 7);
  assert.equal(session.info("static")?.handle, 7);
});

test("what nobody waits for any more is stopped, and opened again when it is asked for", async () => {
  const { engine, session } = opening();
  const stops = [new AbortController(), new AbortController()];
  const waiting = stops.map(({ signal }) => session.open("static", { signal }));
  await turn();
  for (const stop of stops) stop.abort();
  for (const each of waiting) await assert.rejects(each, { name: "AbortError" });
  assert.ok(engine.asked[0].options.signal.aborted);
  const again = session.open("static");
  await turn();
  engine.asked[1].resolve({ handle: 8 });
  assert.equal((await again).handle, 8);
});

test("a handle that arrives after everybody gave up is given back", async () => {
  const { engine, session } = opening();
  engine.run = (_job, _args, options) =>
    new Promise((resolve, reject) => engine.asked.push({ resolve, reject, options })); // too late to stop it
  const stop = new AbortController();
  const waiting = session.open("static", { signal: stop.signal });
  await turn();
  stop.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  engine.asked[0].resolve({ handle: 9 });
  await turn();
  assert.deepEqual(engine.forgotten, [9]);
  assert.ok(!session.has("static"));
});

test("everybody who waits sees the progress, and an aborted signal gives up what is open already", async () => {
  const { engine, session } = opening();
  const seen = [];
  const waiting = ["a", "b"].map((name) =>
    session.open("static", { onProgress: ({ file }) => seen.push(`${name} ${file}`) }),
  );
  await turn();
  engine.asked[0].options.onProgress({ status: "x", file: "table", loaded: 1, total: 2 });
  engine.asked[0].resolve({ handle: 1 });
  await Promise.all(waiting);
  assert.deepEqual(seen, ["a table", "b table"]);
  await assert.rejects(session.open("static", { signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.ok(session.has("static"), "it stays open for the others");
});

test("a failure reaches everybody who waits, and the next call tries again", async () => {
  const { engine, session } = opening();
  const waiting = [session.open("static"), session.open("static")];
  await turn();
  engine.asked[0].reject(new Error("The connection was lost."));
  for (const each of waiting) await assert.rejects(each, /connection/);
  const again = session.open("static");
  await turn();
  engine.asked[1].resolve({ handle: 2 });
  assert.equal((await again).handle, 2);
});
