import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { fetchDescription } from "../../../site/ui/fetch.js";

const URL_ = "https://x.test/a/playground/";

function page(context, html) {
  const { window } = new JSDOM(html, { url: URL_ });
  const before = globalThis.document;
  globalThis.document = window.document;
  context.after(() => {
    globalThis.document = before;
  });
  return context.mock.method(globalThis, "fetch", async () => new Response('{"from":"server"}'));
}

test("a file that the page carries is read there, and any other is fetched", async (context) => {
  const fetched = page(
    context,
    '<script type="application/json" data-file="../ui/d.json">{"from":"\\u003c/script>"}</script>',
  );
  assert.deepEqual(await fetchDescription("https://x.test/a/ui/d.json"), { from: "</script>" });
  assert.equal(fetched.mock.callCount(), 0);
  assert.deepEqual(await fetchDescription(new URL("https://x.test/ui/d.json")), { from: "server" });
  assert.equal(fetched.mock.callCount(), 1);
});

test("an element that carries nothing does not hide the file", async (context) => {
  page(context, '<script type="application/json" data-file="../ui/d.json"></script>');
  assert.deepEqual(await fetchDescription("https://x.test/a/ui/d.json"), { from: "server" });
});

test("a file that cannot be fetched is empty", async (context) => {
  const fetched = page(context, "");
  fetched.mock.mockImplementation(async () => new Response("no", { status: 404 }));
  assert.deepEqual(await fetchDescription("https://x.test/x.json"), {});
  fetched.mock.mockImplementation(async () => {
    throw new TypeError("no network");
  });
  assert.deepEqual(await fetchDescription("https://x.test/x.json"), {});
});
