"""RWKV-7a in a page: its tables stay on disk or on the server, and the text is that of the package."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from goosequill.decoding import Chunk, DecodingConfig, generate
from goosequill.loading.convert import convert
from goosequill.loading.load import load_path
from goosequill.weights import open_tensors
from goosequill.weights.formats.safetensors import write
from tests.browser.publisher import Publisher, serve_publisher
from tests.py.checkpoints import rwkv7a

PROMPT, TOKENS = "The goose wrote with its own quill. ", 30
LAYERS, VOCAB, RANK = 4, 256, 128
TABLES = LAYERS * VOCAB * RANK**2 * 2  # bytes; files of less than 32 MB would be read into memory at once

WRITE = """async ({ base, model, tables, quantize, prompt, tokens }) => {
  const { Engine, loadModel } = await import(base + "engine/client.js");
  const chosen = model ?? document.querySelector("#deep").files[0];
  const engine = (globalThis.engine ??= new Engine());
  const loaded = await loadModel({ model: chosen, tables, quantize, tokenizer: "byte", engine });
  const folder = async () => {
    const root = await navigator.storage.getDirectory();
    const own = await root.getDirectoryHandle("goosequill", { create: true });
    return await own.getDirectoryHandle("models", { create: true });
  };
  const removed = async () => {
    const [models, results] = [await folder(), []];
    const names = await Array.fromAsync(models.keys());
    for (const name of names.filter((name) => /^[0-9a-f]{64}$/.test(name)))
      results.push(await models.removeEntry(name).then(() => true, (error) => error.name));
    return results;
  };
  const generated = loaded.generate(prompt, { temperature: 0, max_new_tokens: tokens, ignore_end: true });
  const written = [];
  for await (const { token } of generated) if (token !== undefined) written.push(token);
  const during = quantize ? [] : await removed();
  // A quantized copy is written when there is nothing else to do; at last its facts have its digest.
  const isKept = async (name) => {
    const facts = await (await (await folder()).getFileHandle(name)).getFile();
    return Boolean(JSON.parse(await facts.text()).made?.digest);
  };
  for (let kept = !quantize; !kept; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const names = await Array.fromAsync((await folder()).keys());
    const described = names.filter((name) => name.endsWith(".json") && names.includes(name.slice(0, -5)));
    const found = await Promise.all(described.map((name) => isKept(name).catch(() => false)));
    kept = found.includes(true);
  }
  await loaded.unload();
  const after = quantize ? [] : await removed();
  return { written, during, after, architecture: loaded.info.architecture };
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deep") / "deep.safetensors"
    tensors = rwkv7a(layers=LAYERS, vocab=VOCAB, rank=RANK)
    write(path, ((name, array.astype(np.float16)) for name, array in tensors.items()))
    return path


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    with serve_publisher() as running:
        yield running


@pytest.fixture(scope="module")
def page(browser: Browser, site_url: str) -> Iterator[Page]:
    page = browser.new_page(service_workers="block")
    page.goto(site_url + "playground/")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('input'), { type: 'file', id: 'deep' }))"
    )
    yield page
    page.close()


@pytest.fixture(scope="module")
def expected(file: Path) -> list[int]:
    """The tokens that the package generates from the same file."""
    loaded = load_path(file, tokenizer="byte")
    config = DecodingConfig(temperature=0, max_new_tokens=TOKENS, ignore_end=True)
    items = generate(loaded.model, loaded.tokenizer, PROMPT, config)
    return [item.token for item in items if isinstance(item, Chunk)]


def written(page: Page, site_url: str, **asked: Any) -> Any:
    return page.evaluate(WRITE, {"base": site_url, "prompt": PROMPT, "tokens": TOKENS, **asked})


def test_a_file_with_a_checksum_is_kept_and_held_open_while_its_model_is_loaded(
    page: Page, site_url: str, publisher: Publisher, file: Path, expected: list[int]
) -> None:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    found = written(page, site_url, model=f"{publisher.add_file(file)}#sha256={digest}")
    assert found["written"] == expected
    assert found["architecture"] == "rwkv7a"
    assert found["during"] == ["NoModificationAllowedError"]
    assert found["after"] == [True]


@pytest.mark.rest
def test_a_picked_file_is_read_by_rows(page: Page, site_url: str, file: Path, expected: list[int]) -> None:
    page.set_input_files("#deep", file)
    assert written(page, site_url)["written"] == expected


def test_rows_are_read_from_the_server_only_if_that_is_asked_for(
    page: Page, site_url: str, publisher: Publisher, file: Path, expected: list[int]
) -> None:
    address = publisher.add_file(file)
    publisher.asked.clear()
    assert written(page, site_url, model=address)["written"] == expected
    assert (f"/{file.name}", None) in publisher.asked  # downloaded as a whole
    publisher.asked.clear()
    assert written(page, site_url, model=address, tables="server")["written"] == expected
    ranges = [re.fullmatch(r"bytes=(\d+)-(\d+)", asked or "") for _, asked in publisher.asked]
    asked = [(int(found[1]), int(found[2]) + 1) for found in ranges if found]
    assert len(asked) == len(ranges)
    tensors = open_tensors(file)
    tables = [tensors.extents(f"blocks.{layer}.ffn.s_emb.weight")[0].offset for layer in range(LAYERS)]
    rows = [end - start for start, end in asked for at in tables if at <= start < at + TABLES // LAYERS]
    different = len(set(PROMPT.encode()) | set(expected[:-1]))
    assert sum(rows) == LAYERS * different * 2 * RANK**2


@pytest.mark.rest
def test_a_token_of_a_converted_folder_takes_one_request(
    page: Page, site_url: str, publisher: Publisher, file: Path, tmp_path: Path
) -> None:
    convert(file, tmp_path / "out", tokenizer="byte")
    for path in (tmp_path / "out").iterdir():
        data = path.read_bytes()
        publisher.add(f"folder/{path.name}", len(data), lambda at, length, data=data: data[at : at + length])
    publisher.asked.clear()
    found = written(page, site_url, model=f"{publisher.url}folder/", tables="server")
    start = open_tensors(tmp_path / "out").extents("blocks.0.ffn.s_emb.weight")[0].offset
    weights = [asked or "" for path, asked in publisher.asked if path == "/folder/model.safetensors"]
    ranges = [re.fullmatch(r"bytes=(\d+)-(\d+)", asked) for asked in weights]
    assert all(ranges)
    lengths = [int(found[2]) + 1 - int(found[1]) for found in ranges if found and int(found[1]) >= start]
    different = len(set(PROMPT.encode()) | set(found["written"][:-1]))
    assert sum(lengths) == different * LAYERS * 2 * RANK**2
    assert len(lengths) <= different  # neighbours are read at once


@pytest.mark.rest
def test_a_download_without_a_checksum_is_kept_with_its_tables_and_quantized(
    page: Page, site_url: str, publisher: Publisher, file: Path
) -> None:
    address = publisher.add_file(file)
    first = written(page, site_url, model=address, quantize=8)
    publisher.asked.clear()
    assert written(page, site_url, model=address, quantize=8)["written"] == first["written"]
    assert publisher.asked == [(f"/{file.name}", "bytes=0-0")]
