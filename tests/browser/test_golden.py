"""The default model writes in a browser, byte for byte, what it writes natively."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "default.json"
WRITE = """async ([base, cases]) => {
  const { Engine, loadModel } = await import(base + "engine/client.js");
  const engine = new Engine();
  const model = await loadModel({ model: base + "models/default/", engine });
  const texts = [];
  for (const { prompt, max_new_tokens } of cases) {
    let text = "";
    for await (const item of model.generate(prompt, { max_new_tokens, temperature: 0 })) text += item.text;
    texts.push(text);
  }
  engine.dispose();
  return texts;
}"""


@pytest.mark.rest
def test_greedy_text_in_the_browser_is_the_golden_one(page: Page, site_url: str) -> None:
    cases = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
    page.goto(site_url + "playground/")
    texts = page.evaluate(WRITE, [site_url, cases])
    assert texts == [case["text"] for case in cases]
