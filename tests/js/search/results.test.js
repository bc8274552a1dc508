import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Results } from "../../../site/search/results.js";
import { window } from "../dom.js";
import { hit } from "./page.js";

let list;
let results;
let opened;

const names = () => [...list.children].map((item) => item.dataset.document);

beforeEach(() => {
  list = window.document.createElement("ol");
  window.document.body.replaceChildren(list);
  opened = [];
  results = new Results(list, { open: ({ name }) => opened.push(name), addressOf: ({ name }) => `#${name}` });
});

test("a result has its title, trail, marked words, shaded sentence and score", () => {
  results.show([hit("a.md")]);
  const item = list.firstElementChild;
  assert.equal(item.dataset.score, "1.5000");
  assert.equal(item.querySelector("h3 a")?.textContent, "A.MD");
  assert.equal(item.querySelector(".trail")?.textContent, "Part › Section · a.md");
  const markup = item.querySelector(".passage-text")?.innerHTML;
  assert.equal(markup, 'First <mark class="word">one</mark>. <span class="best">Second one.</span>');
  assert.match(item.querySelector(".why").textContent, /Close in meaning.*0\.60.*2\.0.*1\.50/s);
});

test("a single sentence is not shaded: all of it is the best one", () => {
  results.show([hit("a.md", { sentences: [{ start: 100, end: 122, score: 1 }], matched: [] })]);
  assert.equal(list.querySelector(".best"), null);
});

test("a refined list keeps the focus, what is unfolded, and the elements", () => {
  results.show([hit("a"), hit("b"), hit("c")]);
  results.focus(1);
  const focused = window.document.activeElement;
  const unfolded = list.querySelectorAll("details")[2];
  unfolded.open = true;
  results.show([hit("c"), hit("d"), hit("b", { shared: ["other"] }), hit("a")]);
  assert.deepEqual(names(), ["c", "d", "b", "a"]);
  assert.equal(window.document.activeElement, focused);
  assert.equal(list.querySelectorAll("details")[0], unfolded);
  assert.ok(unfolded.open);
  assert.match(list.children[2].textContent, /‘other’/);
});

test("results that are gone are removed", () => {
  results.show([hit("a"), hit("b")]);
  results.show([hit("b")]);
  assert.deepEqual(names(), ["b"]);
  results.show([]);
  assert.deepEqual(names(), []);
});

function press(key) {
  const event = new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  window.document.activeElement?.dispatchEvent(event);
  return event.defaultPrevented;
}

test("arrows move through the results, and leave at the top", () => {
  results.show([hit("a"), hit("b"), hit("c")]);
  const at = () =>
    names()[[...list.children].findIndex((item) => item.contains(window.document.activeElement))];
  assert.ok(results.focus(0));
  assert.equal(press("ArrowUp"), false, "the page takes it");
  assert.ok(press("ArrowDown"));
  assert.equal(at(), "b");
  press("End");
  assert.equal(at(), "c");
  assert.equal(press("ArrowDown"), false);
  assert.equal(at(), "c");
  press("Home");
  assert.equal(at(), "a");
});

test("further passages stand below, in the order of the arrows, and keep the focus", () => {
  const others = [
    hit("a", { passage: 7, heading: "Seven" }),
    hit("a", { passage: 9, heading: "", title: "A" }),
  ];
  results.show([hit("a", { more: others }), hit("b")]);
  const further = list.querySelector(".further");
  assert.equal(further.getAttribute("aria-label"), "More of this document");
  assert.deepEqual(
    [...further.querySelectorAll("a")].map(({ textContent }) => textContent),
    ["Seven", "A"],
  );
  assert.equal(further.querySelectorAll("mark").length, 2);
  assert.ok(list.children[1].querySelector(".further").hidden);
  results.focus(0);
  press("ArrowDown");
  assert.equal(window.document.activeElement.textContent, "Seven");
  results.show([hit("b"), hit("a", { more: others.toReversed() })]);
  assert.equal(window.document.activeElement.textContent, "Seven");
  press("ArrowUp");
  assert.equal(window.document.activeElement.textContent, "A");
  window.document.activeElement.click();
  assert.deepEqual(opened, ["a"]);
  press("End");
  assert.equal(window.document.activeElement.textContent, "Seven");
  list.lastElementChild.querySelector("summary").focus();
  press("ArrowDown");
  assert.equal(window.document.activeElement.textContent, "A");
});

test("a click opens, and with Ctrl it is left to the browser", () => {
  results.show([hit("a")]);
  const link = list.querySelector("a");
  link.click();
  assert.deepEqual(opened, ["a"]);
  link.dispatchEvent(new window.MouseEvent("click", { ctrlKey: true, bubbles: true }));
  assert.deepEqual(opened, ["a"]);
});
