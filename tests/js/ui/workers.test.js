import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Asker, Queue } from "../../../site/ui/workers.js";
import { pluck } from "../pluck.js";

globalThis.location = { origin: "null" }; // that of a file, which a worker's script is here

/** Workers that answer when the test says so. */
let workers = [];

class FakeWorker {
  asked = [];
  ended = false;
  constructor() {
    workers.push(this);
  }
  postMessage(message) {
    this.asked.push(message);
  }
  terminate() {
    this.ended = true;
  }
  answer(answer) {
    this.onmessage({ data: { id: this.asked.at(-1).id, answer } });
  }
}

const questions = ({ asked }) => asked.map(({ question }) => question);
const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  workers = [];
  globalThis.Worker = FakeWorker;
  globalThis.location ??= { origin: "https://a.example" };
});

test("a worker that dies fails its question only; the next one gets a new worker", async () => {
  const queue = new Queue(new Asker("x.js"));
  const [first, second] = [queue.ask("a"), queue.ask("b")];
  await settle();
  assert.deepEqual(workers.map(questions), [["a"]]);
  workers[0].onerror({ preventDefault() {}, message: "out of memory" });
  await assert.rejects(first, /out of memory/);
  await settle();
  assert.deepEqual(workers.map(questions), [["a"], ["b"]]);
  workers[1].answer("B");
  assert.equal(await second, "B");
});

test("a worker that is stuck is ended by cancelling; the others are answered by a new one", async () => {
  const queue = new Queue(new Asker("x.js"));
  const control = new AbortController();
  const [stuck, next] = [queue.ask("a", { signal: control.signal }), queue.ask("b")];
  await settle();
  control.abort(new Error("Cancelled."));
  await assert.rejects(stuck, /Cancelled/);
  await settle();
  assert.deepEqual(pluck(workers, "ended"), [true, false]);
  workers[1].answer("B");
  assert.equal(await next, "B");
});

test("a question that waits can be cancelled too, and disturbs nothing", async () => {
  const queue = new Queue(new Asker("x.js"));
  const control = new AbortController();
  const [first, waiting, last] = [queue.ask("a"), queue.ask("b", { signal: control.signal }), queue.ask("c")];
  await settle();
  control.abort(new Error("Cancelled."));
  await assert.rejects(waiting, /Cancelled/);
  workers[0].answer("A");
  assert.equal(await first, "A");
  await settle();
  assert.deepEqual(workers.map(questions), [["a", "c"]]);
  workers[0].answer("C");
  assert.equal(await last, "C");
});
