import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { keepFocus, redraw } from "../../../site/ui/keep-focus.js";
import { window } from "../dom.js";
import { pluck } from "../pluck.js";

const { document } = window;
let box;
let otherwise;

function nodes(html) {
  const holder = document.createElement("div");
  holder.innerHTML = html;
  return [...holder.children];
}

beforeEach(() => {
  document.body.innerHTML = `<div id="box"></div><p id="otherwise" tabindex="-1"></p>`;
  box = document.getElementById("box");
  otherwise = document.getElementById("otherwise");
});

test("the control of the same name gets the focus, and without one the other element", () => {
  box.replaceChildren(...nodes("<button>One</button><button>Two</button>"));
  box.querySelectorAll("button")[1].focus();
  keepFocus(box, () => box.replaceChildren(...nodes("<button>Two</button><button>One</button>")), otherwise);
  assert.equal(document.activeElement, box.firstElementChild);
  keepFocus(box, () => box.replaceChildren(...nodes("<button disabled>Two</button>")), otherwise);
  assert.equal(document.activeElement, otherwise);
});

test("a focus elsewhere stays there", () => {
  otherwise.focus();
  keepFocus(box, () => box.replaceChildren(...nodes("<button>One</button>")), box);
  assert.equal(document.activeElement, otherwise);
});

test("what looks the same stays in the page, in the order of the new nodes, with its focus", () => {
  redraw(box, nodes("<p>0 of 9</p><button>One</button><button>Two</button>"));
  const [, one, two] = box.children;
  one.focus();
  let moves = 0;
  const observer = new window.MutationObserver((records) => {
    for (const { removedNodes } of records) moves += [...removedNodes].includes(one) ? 1 : 0;
  });
  observer.observe(box, { childList: true });
  redraw(box, nodes("<p>1 of 9</p><button>One</button><i></i><button>Two</button>"));
  assert.deepEqual(pluck(box.children, "outerHTML"), [
    "<p>1 of 9</p>",
    "<button>One</button>",
    "<i></i>",
    "<button>Two</button>",
  ]);
  assert.equal(box.children[1], one);
  assert.equal(box.children[3], two);
  assert.equal(document.activeElement, one);
  for (const { removedNodes } of observer.takeRecords()) moves += [...removedNodes].includes(one) ? 1 : 0;
  assert.equal(moves, 0);
});

test("twins are kept one each, and what is gone is removed", () => {
  redraw(box, nodes("<i></i><i></i><b></b>"));
  const before = [...box.children];
  redraw(box, nodes("<i></i><i></i><i></i>"));
  assert.deepEqual([...box.children].slice(0, 2), before.slice(0, 2));
  assert.equal(box.children.length, 3);
});

test("a box that was checked is not kept for one that is not", () => {
  redraw(box, nodes(`<label><input type="checkbox"></label>`));
  const input = box.querySelector("input");
  input.checked = true;
  redraw(box, nodes(`<label><input type="checkbox"></label>`));
  assert.equal(box.querySelector("input")?.checked, false);
});
