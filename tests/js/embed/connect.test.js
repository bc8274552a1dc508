import assert from "node:assert/strict";
import test from "node:test";

import { connect } from "../../../site/embed/connect.js";

Object.assign(globalThis, {
  document: { baseURI: "https://page.example/" },
  location: { origin: "https://page.example" },
});

/** An iframe whose window does with each message what a test wants. */
function frame(hear, src = "https://quill.example/embed/frame.html?parent=https://page.example") {
  const contentWindow = { postMessage: (message, origin, [port]) => hear(message, origin, port) };
  return { src, contentWindow };
}

test("a frame that answers late, through the first port of several, is connected", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const ports = [];
  const origins = [];
  const connecting = connect(
    frame((_message, origin, port) => {
      origins.push(origin);
      ports.push(port);
    }),
  );
  t.mock.timers.tick(1000);
  assert.equal(ports.length, 3);
  ports[0].onmessage = ({ data }) =>
    ports[0].postMessage({ type: "result", id: data.id, value: data.argument });
  ports[0].postMessage({ type: "connected" });
  const remote = await connecting;
  t.after(() => ports[0].close());
  assert.equal(await remote.generate("A quill"), "A quill");
  assert.deepEqual(new Set(origins), new Set(["https://quill.example"]));
});

test("a frame that never answers is reported with its address", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const connecting = connect(frame(() => {}));
  t.mock.timers.tick(60_000);
  await assert.rejects(connecting, /Goosequill did not answer at https:\/\/quill\.example/);
});

test("an address that names another parent is refused before anything is sent", async () => {
  const wrong = frame(
    () => assert.fail("sent"),
    "https://quill.example/frame.html?parent=https://other.example",
  );
  await assert.rejects(connect(wrong), TypeError);
});
