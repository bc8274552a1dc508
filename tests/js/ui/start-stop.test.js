import assert from "node:assert/strict";
import { test } from "node:test";
import { showStartOrStop } from "../../../site/ui/start-stop.js";
import { window } from "../dom.js";

const { document } = window;

function pair() {
  const [start, stop] = [document.createElement("button"), document.createElement("button")];
  document.body.replaceChildren(start, stop);
  return { start, stop };
}

test("the focus follows the button that works", () => {
  const buttons = pair();
  showStartOrStop(buttons, { busy: false });
  buttons.start.focus();
  showStartOrStop(buttons, { busy: true });
  assert.equal(document.activeElement, buttons.stop);
  assert.ok(buttons.start.disabled && !buttons.stop.disabled);
  showStartOrStop(buttons, { busy: false });
  assert.equal(document.activeElement, buttons.start);
});

test("a focus elsewhere stays, and what is not ready cannot be started", () => {
  const buttons = pair();
  const other = document.body.appendChild(document.createElement("input"));
  other.focus();
  showStartOrStop(buttons, { busy: true });
  showStartOrStop(buttons, { busy: false, ready: false });
  assert.equal(document.activeElement, other);
  assert.ok(buttons.start.disabled && buttons.stop.disabled);
});
