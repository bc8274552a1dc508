"""Ten thousand tokens in one conversation: memory and the time of a token must stay what they were.

python -m scripts.soak.conversation [--tokens 10000]
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from scripts.soak.browsing import MINUTE, chromium, heap_bytes, serving
from scripts.soak.results import Results

from goosequill.chat.conversation import UNDO_BUDGET

BEGIN = """async (base) => {
  const { loadModel } = await import(base + "engine/client.js");
  globalThis.model = await loadModel({ model: base + "models/default/" });
  globalThis.conversation = await model.converse({});
  return (await model.state.save("x")).length;
}"""
TURN = """async (seed) => {
  const started = performance.now();
  let tokens = 0;
  const settings = { max_new_tokens: 100, ignore_end: true, temperature: 0.8, seed };
  for await (const item of conversation.say("And then?", settings)) if ("token" in item) tokens++;
  const seconds = (performance.now() - started) / 1000;
  return { tokens, seconds, heap: (await model.engine.status()).heap_bytes };
}"""
MOST_SLOWER = 1.5
"""The shortest time per token of the last quarter's turns, as a multiple of the second quarter's. Of each the
minimum is taken, since other programs on the machine only lengthen times."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Write many tokens in one conversation.")
    parser.add_argument("--tokens", type=int, default=10_000)
    wanted = parser.parse_args().tokens
    results, total = Results("conversation"), 0
    turns: list[dict[str, Any]] = []
    heaps: list[float] = []
    with serving() as url, chromium() as browser:
        version = browser.version
        page = browser.new_page()
        page.set_default_timeout(5 * MINUTE)
        page.goto(f"{url}playground/")
        state = page.evaluate(BEGIN, url)
        while total < wanted:
            turn = page.evaluate(TURN, len(turns))
            if not turn["tokens"]:
                raise SystemExit(f"turn {len(turns) + 1} has no token")
            turns.append(turn)
            heaps.append(heap_bytes(page) / 1e6)
            total += turn["tokens"]
    times = [1000 * turn["seconds"] / turn["tokens"] for turn in turns]
    quarter = max(1, len(times) // 4)
    early, late = min(times[quarter : 2 * quarter]), min(times[-quarter:])
    print(f"{total:,} tokens in {len(turns)} turns; a token takes {early:.2f} ms early, {late:.2f} ms late")
    results.at_most("time of a token, late over early", late / early, MOST_SLOWER)
    pythons = [turn["heap"] / 1e6 for turn in turns]
    # A state is kept for each turn, so that it can be undone.
    most = 1.2 * min(UNDO_BUDGET, state * (len(turns) - quarter)) / 1e6 + 4
    results.at_most("growth of Python's memory after a quarter", pythons[-1] - pythons[quarter], most, "MB")
    results.at_most("growth of the page's heap after a quarter", heaps[-1] - heaps[quarter], 1.0, "MB")
    return results.write({"tokens": total, "turns": len(turns)}, {"Chromium": version})


if __name__ == "__main__":
    sys.exit(main())
