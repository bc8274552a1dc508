/** The player shows the steps of a text in time, whether they are recorded or still being generated. */

import assert from "node:assert/strict";
import test from "node:test";
import { Player } from "../../../site/home/player.js";

const steps = (text) => [...text].map((letter) => ({ text: letter, chosen: 0, candidates: [] }));

/** A player whose time passes only by `tick`. */
function make() {
  const due = [];
  const seen = { text: "", selected: -1, changes: 0 };
  const view = {
    add: ({ text }) => (seen.text += text),
    clear: () => (seen.text = ""),
    select: (index) => (seen.selected = index),
  };
  const schedule = (action, delay) => due.push({ action, delay });
  const player = new Player(view, { changed: () => seen.changes++, schedule });
  const tick = (count = 1) => {
    for (let i = 0; i < count; i++) due.shift()?.action();
  };
  return { player, seen, tick, due };
}

test("the first step is shown at once, the others one by one, and the last one ends it", () => {
  const { player, seen, tick, due } = make();
  player.show(steps("abc"), { delay: 300 });
  assert.equal(seen.text, "");
  player.play();
  assert.equal(seen.text, "a");
  assert.equal(due[0].delay, 300);
  tick();
  assert.deepEqual([seen.text, seen.selected, player.playing], ["ab", 1, true]);
  tick();
  assert.deepEqual([seen.text, player.playing, player.ended, due.length], ["abc", false, true, 0]);
});

test("pausing stops it where it is, and playing continues once only", () => {
  const { player, seen, tick, due } = make();
  player.show(steps("abcd"));
  player.play();
  player.pause();
  tick();
  assert.equal(seen.text, "a");
  player.play();
  player.play();
  assert.equal(seen.text, "ab");
  tick(due.length);
  assert.equal(seen.text, "abc");
});

test("a text that has ended plays again from its start", () => {
  const { player, seen, tick } = make();
  player.show(steps("ab"));
  player.play();
  tick();
  player.play();
  assert.equal(seen.text, "a");
});

test("another text can start where the last one was, without its steps", () => {
  const { player, seen, tick } = make();
  player.show(steps("abcd"));
  player.play();
  tick();
  player.show(steps("wxyz"), { shown: player.shown });
  assert.deepEqual([seen.text, seen.selected, player.playing], ["wx", 1, false]);
  tick(); // what was due of the first text
  assert.equal(seen.text, "wx");
  player.show(steps("ab"), { shown: Number.POSITIVE_INFINITY });
  assert.deepEqual([seen.text, player.ended], ["ab", true]);
});

test("it waits for steps that are still being generated", () => {
  const { player, seen, tick, due } = make();
  const [a, b, c] = steps("abc");
  player.show([], { complete: false });
  player.play();
  assert.deepEqual([seen.text, player.playing], ["", true]);
  player.add(a);
  player.add(b);
  assert.equal(seen.text, "a");
  tick();
  tick();
  assert.deepEqual([seen.text, due.length, player.playing], ["ab", 0, true]);
  player.add(c);
  assert.equal(seen.text, "abc");
  player.finish();
  assert.deepEqual([player.playing, player.ended], [false, true]);
});

test("what is generated while it is paused is kept for later", () => {
  const { player, seen, tick } = make();
  player.show([], { complete: false });
  player.play();
  player.pause();
  for (const step of steps("ab")) player.add(step);
  player.finish();
  assert.equal(seen.text, "");
  player.play();
  tick();
  assert.deepEqual([seen.text, player.ended], ["ab", true]);
});
