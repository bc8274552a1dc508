"""The Prompt API in a page: the built script, the real worker, the default model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

from goosequill.search.embedders import open_folder

FLOW = """async (base) => {
  const native = globalThis.LanguageModel;
  if (native) native.availability = async () => "unavailable";  // as in Chromium without its component
  await import(base + "engine/prompt-api-install.js");
  const own = await import(base + "engine/prompt-api.js");
  own.LanguageModel.configure({ settings: { max_new_tokens: 12 } });
  const progress = [];
  const before = await LanguageModel.availability();
  const session = await LanguageModel.create({
    samplingMode: "most-predictable",
    initialPrompts: [{ role: "system", content: "You are a goose." }],
    monitor: (monitor) => (monitor.ondownloadprogress = ({ loaded }) => progress.push(loaded)),
  });
  const usage = session.contextUsage;
  const clones = [];
  for (let at = 0; at < 20; at++) {
    const start = performance.now();
    const clone = await session.clone();
    clones.push(performance.now() - start);
    if (at) clone.destroy();
    else globalThis.copy = clone;
  }
  const reply = await session.prompt("Good morning.");
  const pieces = [];
  for await (const piece of copy.promptStreaming("Good morning.")) pieces.push(piece);
  const controller = new AbortController();
  const kept = session.contextUsage;
  const reader = session.promptStreaming("And then?", { signal: controller.signal }).getReader();
  await reader.read();
  controller.abort();
  const aborted = await reader.read().catch(({ name }) => name);
  const constrained = await session.prompt("A number", { responseConstraint: /[1-9][0-9]{2}/ });
  const isKept = session.contextUsage > kept && copy.contextUsage === kept;
  const waiting = session.prompt("And then?").catch(({ name }) => name);
  session.destroy();
  return {
    isInstalled: LanguageModel === own.LanguageModel && LanguageModel !== native, before,
    after: await LanguageModel.availability(), progress, usage, reply, pieces, aborted, constrained, isKept,
    destroyed: await waiting, clone: clones.sort((a, b) => a - b)[10],
  };
}"""


EMBEDDING = """async (base) => {
  const { SemanticEmbedder } = await import(base + "engine/semantic-embedder.js");
  const embedder = await SemanticEmbedder.create();
  const texts = ["How do I cook rice?", "Boil it for a quarter of an hour.", "The moon is far away."];
  const { embeddings, embeddingSpace } = await embedder.embed(texts);
  const again = (await embedder.embed(texts[1])).embeddings[0].values;
  embedder.destroy();
  return {
    vectors: embeddings.map(({ values }) => [...values]), again: [...again], embeddingSpace,
    after: await embedder.embed("x").catch(({ name }) => name),
  };
}"""


def test_vectors_of_texts_are_those_of_the_engine(page: Page, site_url: str) -> None:
    page.goto(site_url + "playground/")
    found: dict[str, Any] = page.evaluate(EMBEDDING, site_url)
    embedder = open_folder(Path("site/models/minilm-static"))
    texts = ["How do I cook rice?", "Boil it for a quarter of an hour.", "The moon is far away."]
    expected = embedder.embed(texts)
    np.testing.assert_allclose(found["vectors"], expected, atol=1e-6)
    np.testing.assert_allclose(found["again"], expected[1], atol=1e-6)
    assert expected[0] @ expected[1] > expected[0] @ expected[2]
    assert found["embeddingSpace"] == embedder.fingerprint
    assert found["after"] == "AbortError"


def test_a_session_from_its_creation_to_its_end(page: Page, site_url: str) -> None:
    page.goto(site_url + "playground/")  # a page with the strict policy
    found: dict[str, Any] = page.evaluate(FLOW, site_url)
    assert found["isInstalled"] and found["before"] == "downloadable" and found["after"] == "available"
    progress = found["progress"]
    assert progress[0] == 0 and progress[-1] == 1 and progress == sorted(set(progress))
    assert len(progress) > 2
    assert found["usage"] > 0 and found["isKept"]
    assert len(found["pieces"]) > 1 and "".join(found["pieces"]) == found["reply"]
    assert found["aborted"] == found["destroyed"] == "AbortError"
    assert found["constrained"].isdigit() and len(found["constrained"]) == 3
    print(f"a clone takes {found['clone']:.2f} ms")
