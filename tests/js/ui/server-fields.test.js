import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { window } from "../dom.js";

globalThis.location ??= { origin: "http://localhost" };
const { ServerFields } = await import("../../../site/ui/server-fields.js");

const { document } = window;
let fields;

const get = (name) => document.getElementById(`s-${name}`);

beforeEach(() => {
  fields = new ServerFields({ prefix: "s" });
  document.body.replaceChildren(...fields.nodes);
});

/** Presses the button and waits until the answer is shown. */
async function list() {
  document.querySelector('[data-testid="s-list"]').click();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
}

test("an address that cannot be a server's is explained at its field, until it is corrected", () => {
  for (const [address, words] of [
    ["", /address is missing/],
    ["localhost", /not the address of a server/],
  ]) {
    get("address").value = address;
    assert.throws(() => fields.server, words);
    assert.equal(get("address").getAttribute("aria-invalid"), "true");
    assert.match(get("address-problem").textContent, words);
  }
  get("address").value = " http://localhost:1/v1 ";
  get("key").value = "k";
  assert.deepEqual(fields.server, { base: "http://localhost:1/v1", model: "", key: "k" });
  assert.equal(get("address-problem"), null);
});

test("the server's models are offered, and the first is taken if none was named", async () => {
  globalThis.fetch = async () =>
    new Response(JSON.stringify({ data: [{ id: "goose" }, { id: "<b>quill" }] }));
  get("address").value = "http://localhost:1/v1";
  await list();
  const options = [...get("models").children].map(({ value }) => value);
  assert.deepEqual(options, ["goose", "<b>quill"]);
  assert.equal(get("model").value, "goose");
  assert.match(document.body.textContent, /2 models: goose, <b>quill/);
  get("model").value = "mine";
  await list();
  assert.equal(get("model").value, "mine");
});

test("a refused key is explained at the key, a server that is down at its address", async () => {
  get("address").value = "http://localhost:1/v1";
  globalThis.fetch = async () => new Response("{}", { status: 401 });
  await list();
  assert.match(get("key-problem").textContent, /401.*Check the key/);
  globalThis.fetch = async () => Promise.reject(new TypeError("Failed to fetch"));
  await list();
  assert.equal(get("key-problem"), null);
  assert.match(get("address-problem").textContent, /localhost:1 cannot be reached/);
});
