"""The visitor's own models in a browser: by address, in 8 bits, inspected, refused when too large."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from scripts.bench.weights import RWKV7_2B9, Draw, Shape, tensors

from goosequill.loading.convert import convert
from goosequill.weights.formats.safetensors import encode, header
from goosequill.weights.quantize import quantize
from tests.browser.accessibility import violations
from tests.browser.publisher import Publisher, serve_publisher
from tests.browser.variants import variants
from tests.py import checkpoints

LONG = 240_000  # milliseconds that a large model may take on a busy machine
LAYERS, WIDTH, VOCAB = 12, 768, 50277


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    with serve_publisher() as running:
        yield running


LOAD_ALONE = """async ({ base, url }) => {
  const { Engine, loadModel } = await import(base + "engine/client.js");
  const engine = new Engine();
  await loadModel({ model: url, tokenizer: "byte", engine });
  engine.dispose();
}"""


class Chooser:
    """The playground, with the form for the visitor's own model open."""

    def __init__(self, page: Page, site_url: str) -> None:
        self.page = page
        self.requests: list[str] = []
        page.context.on("request", lambda request: self.requests.append(request.url))
        page.goto(site_url + "playground/")
        self.panel("Model")
        page.get_by_text("Use your own model").click()

    def panel(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def set(self, **settings: int) -> None:
        self.panel("Decoder")
        for name, value in settings.items():
            self.page.locator(f"#decoder-{name}").fill(str(value))
        self.panel("Model")

    def __getattr__(self, name: str) -> Locator:
        return self.page.get_by_test_id(name.replace("_", "-"))


@pytest.fixture
def chooser(browser: Browser, site_url: str) -> Iterator[Chooser]:
    context = browser.new_context(service_workers="block")
    yield Chooser(context.new_page(), site_url)
    context.close()


def entries(layers: int, width: int, vocab: int) -> list[tuple[str, str, tuple[int, ...], int]]:
    """Names and shapes of an RWKV-4 checkpoint in 16 bits."""
    small = checkpoints.rwkv4(layers=layers, width=4, ffn=16, vocab=8)
    sizes = {4: width, 16: 4 * width, 8: vocab}
    found = []
    for name, array in small.items():
        shape = tuple(sizes.get(length, length) for length in array.shape)
        found.append((name, "F16", shape, 2 * prod(shape)))
    return found


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RWKV-4 169M with weights that are random, but of a sensible size."""
    path = tmp_path_factory.mktemp("large") / "RWKV-4-random-169M.safetensors"
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(1 << 20)
    with open(path, "wb") as file:
        table = entries(LAYERS, WIDTH, VOCAB)
        file.write(header(table, None))
        for name, _, shape, _ in table:
            scale = 1 / shape[-1] ** 0.5 if len(shape) == 2 else 0.1
            shift = 1.0 if "ln" in name and name.endswith("weight") else 0.0
            values = (shift + scale * noise).astype(np.float16)
            count = prod(shape)
            for start in range(0, count, len(values)):
                file.write(values[: min(len(values), count - start)].tobytes())
    return path


@pytest.mark.rest
def test_a_169m_model_loads_by_address_in_8_bits_and_writes(
    chooser: Chooser, publisher: Publisher, large: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chooser.model_url.fill(publisher.add_file(large))
    chooser.load_url.click()
    expect(chooser.consent).to_contain_text("127.0.0.1")
    assert not publisher.asked, "another origin was contacted before the visitor agreed"
    chooser.consent_yes.click()
    expect(chooser.status).to_contain_text("is ready", timeout=LONG)
    facts = chooser.model_facts.text_content() or ""
    assert "RWKV-4" in facts and "169" in facts and "neox-20b" in facts
    heap = int(re.search(r"(\d+) MB of memory", facts)[1])  # type: ignore[index]
    with capsys.disabled():
        print(f" [peak {heap} MB for a file of {large.stat().st_size / 1e6:.0f} MB] ", end="")
    in_full = sum(2 * length for *_, length in entries(LAYERS, WIDTH, VOCAB)) / 1e6
    assert heap < in_full, "the weights were held in full"
    chooser.set(max_new_tokens=3)
    chooser.prompt.fill("The goose")
    chooser.generate.click()
    expect(chooser.status).to_have_text(re.compile(r"after 3 tokens"), timeout=LONG)
    expect(chooser.output).not_to_be_empty()


NAMES = """async () => {
  const root = await navigator.storage.getDirectory();
  const own = await root.getDirectoryHandle("goosequill", { create: true });
  const names = [];
  const models = await own.getDirectoryHandle("models", { create: true });
  for await (const name of models.keys()) names.push(name);
  return names;
}"""


def wait_until_kept(page: Page, files: int = 1) -> None:
    """Wait until this many files are kept and none is incomplete."""
    deadline = time.monotonic() + LONG / 1000
    while time.monotonic() < deadline:
        names = page.evaluate(NAMES)
        if sum(re.fullmatch("[0-9a-f]{64}", name) is not None for name in names) == files:
            assert not [name for name in names if name.endswith(".part")]
            return
        page.wait_for_timeout(50)
    raise AssertionError("nothing was kept")


def write(chooser: Chooser) -> str:
    chooser.set(max_new_tokens=5, seed=3)
    chooser.prompt.fill("The goose")
    chooser.generate.click()
    expect(chooser.status).to_have_text(re.compile(r"after 5 tokens"), timeout=LONG)
    return chooser.output.text_content() or ""


def load_keep_and_write(chooser: Chooser, url: str) -> str:
    """What a model writes that is quantized to 8 bits, once its copy is kept."""
    chooser.quantize.select_option("8")
    chooser.model_url.fill(url)
    chooser.load_url.click()
    chooser.consent_yes.click()
    expect(chooser.status).to_contain_text("is ready", timeout=LONG)
    text = write(chooser)
    wait_until_kept(chooser.page)
    return text


def test_a_quantized_model_is_kept_and_not_downloaded_again(
    chooser: Chooser, publisher: Publisher, site_url: str
) -> None:
    data = b"".join(encode(checkpoints.rwkv4(vocab=256).items()))
    url = publisher.add("small.safetensors", len(data), lambda at, length: data[at : at + length])
    texts, asked = [], []
    for modified in ("Tue, 24 Nov 2026 12:00:00 GMT",) * 2 + ("Tue, 24 Nov 2026 13:00:00 GMT",):
        publisher.asked.clear()
        publisher.modified = modified
        again = Chooser(chooser.page.context.new_page(), site_url)
        texts.append(load_keep_and_write(again, url))
        asked.append({wanted for path, wanted in publisher.asked if path == "/small.safetensors"})
        again.page.close()
    assert texts[0] == texts[1] == texts[2] != ""
    assert asked[1] == {"bytes=0-0"}, "it was downloaded though a copy was kept"
    rest = f"-{len(data) - 1}"
    for wanted in (asked[0], asked[2]):
        assert any(str(each).endswith(rest) for each in wanted), "a changed file was not downloaded"
    page = chooser.page
    page.goto(f"{site_url}storage/")
    row = page.get_by_test_id("files").locator("tr")
    expect(row).to_contain_text("small.safetensors in 8 bits")
    expect(row).to_contain_text("made from /small.safetensors")
    page.get_by_role("button", name="Delete small.safetensors in 8 bits").click()
    expect(row).to_contain_text("No models are stored")


def test_a_quantized_file_with_a_checksum_is_kept_as_it_was_published(
    chooser: Chooser, publisher: Publisher, site_url: str, tmp_path: Path
) -> None:
    file, tensors = tmp_path / "eight-bits.safetensors", checkpoints.rwkv4(vocab=256)
    eight = {name: quantize(tensor, 8) if tensor.ndim == 2 else tensor for name, tensor in tensors.items()}
    file.write_bytes(b"".join(encode(eight.items())))
    url = f"{publisher.add_file(file)}#sha256={hashlib.sha256(file.read_bytes()).hexdigest()}"
    asked = []
    for _ in range(2):
        publisher.asked.clear()
        again = Chooser(chooser.page.context.new_page(), site_url)
        again.page.evaluate(LOAD_ALONE, {"base": site_url, "url": url})
        asked.append({wanted for path, wanted in publisher.asked if path == f"/{file.name}"})
        again.page.close()
    assert asked[0] > asked[1] == {"bytes=0-0"}


DAMAGE = """async () => {
  const root = await navigator.storage.getDirectory();
  const own = await root.getDirectoryHandle("goosequill");
  const models = await own.getDirectoryHandle("models");
  for await (const [name, handle] of models.entries()) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue;
    const place = (await handle.getFile()).size - 100_000;
    if (place < 0) continue; // a tokenizer
    const file = await handle.createWritable({ keepExistingData: true });
    await file.write({ type: "write", position: place, data: new Uint8Array(50_000) });
    await file.close();
  }
}"""


def visit_and_damage(
    chooser: Chooser, publisher: Publisher, site_url: str, load: Callable[[Chooser], str]
) -> None:
    """Visit three times and damage what is stored before the third, when it must be fetched again.

    `load` returns a text. From the second visit on, a worker must verify what is stored.
    """
    texts, downloads, verifiers = [], [], []
    for visit in range(3):
        if visit == 2:
            chooser.page.evaluate(DAMAGE)
        publisher.asked.clear()
        again = Chooser(chooser.page.context.new_page(), site_url)
        workers: list[str] = []
        again.page.on("worker", lambda worker, workers=workers: workers.append(worker.url))
        texts.append(load(again))
        downloads.append(
            any(path.endswith(".safetensors") and wanted != "bytes=0-0" for path, wanted in publisher.asked)
        )
        verifiers.append(any(each.endswith("/verifier.js") for each in workers))
        again.page.close()
    assert texts[0] == texts[1] == texts[2] != ""
    assert downloads == [True, False, True]
    assert verifiers == [False, True, True]


@pytest.mark.rest
def test_a_large_copy_is_verified_while_it_is_loaded_and_made_again_if_it_has_changed(
    chooser: Chooser, publisher: Publisher, site_url: str, large: Path
) -> None:
    url = publisher.add_file(large)
    publisher.modified = "Tue, 24 Nov 2026 12:00:00 GMT"
    visit_and_damage(chooser, publisher, site_url, lambda again: load_keep_and_write(again, url))


@pytest.mark.rest
def test_a_large_file_of_a_folder_is_verified_while_it_is_loaded_and_downloaded_again_if_it_has_changed(
    chooser: Chooser, publisher: Publisher, site_url: str, large: Path, tmp_path: Path
) -> None:
    description = convert(large, tmp_path / "large", bits=4, pack=True)
    for file in (tmp_path / "large").iterdir():
        data = file.read_bytes()
        publisher.add(f"large/{file.name}", len(data), lambda at, length, data=data: data[at : at + length])

    def load(again: Chooser) -> str:
        again.model_url.fill(f"{publisher.url}large/")
        again.load_url.click()
        again.consent_yes.click()
        expect(again.status).to_contain_text("is ready", timeout=LONG)
        text = write(again)
        wait_until_kept(again.page, len(description["files"]))
        return text

    visit_and_damage(chooser, publisher, site_url, load)


@pytest.mark.rest
def test_a_conversion_that_was_interrupted_continues_where_it_stopped(
    browser: Browser, publisher: Publisher, site_url: str
) -> None:
    tensors = checkpoints.rwkv4(layers=4, width=512, ffn=2048, vocab=256)
    data = b"".join(encode((name, array.astype(np.float16)) for name, array in tensors.items()))
    lasting = len(data) * 3 // 4
    broken = True

    def read(at: int, length: int) -> bytes:
        if broken and at + length > lasting:
            raise ConnectionError
        return data[at : at + length]

    url = publisher.add("halves.safetensors", len(data), read)
    texts = []
    for interrupted in (True, False):
        context = browser.new_context(service_workers="block")
        broken = interrupted
        while True:
            again = Chooser(context.new_page(), site_url)
            again.quantize.select_option("8")
            again.model_url.fill(url)
            publisher.asked.clear()
            again.load_url.click()
            again.consent_yes.click()
            if not broken:
                break
            expect(again.status).to_contain_text("“halves.safetensors” was interrupted", timeout=LONG)
            names = again.page.evaluate(NAMES)
            assert {name[64:] for name in names} == {".part", ".log", ".json"}
            again.page.close()
            broken = False
        expect(again.status).to_contain_text("is ready", timeout=LONG)
        expect(again.model_notices).to_be_empty()
        rest = re.compile(rf"bytes=(\d+)-{len(data) - 1}")
        found = [rest.fullmatch(wanted or "") for _, wanted in publisher.asked]
        starts = [int(match[1]) for match in found if match]
        assert (max(starts) > lasting / 2) == interrupted
        assert (min(starts) < lasting / 2) != interrupted, "it began again"
        texts.append(write(again))
        wait_until_kept(again.page)
        context.close()
    assert texts[0] == texts[1] != ""


def split(tensors: dict[str, Any], parts: int) -> dict[str, bytes]:
    """Shards of a model and the file that lists them, as Hugging Face's libraries write them."""
    names = list(tensors)
    files, listed = {}, {}
    for part in range(parts):
        file = f"model-{part + 1:05}-of-{parts:05}.safetensors"
        own = names[part::parts]
        files[file] = b"".join(encode((name, tensors[name]) for name in own))
        listed |= dict.fromkeys(own, file)
    files["model.safetensors.index.json"] = json.dumps({"metadata": {}, "weight_map": listed}).encode()
    return files


@pytest.mark.parametrize(
    "ways",
    variants([("shards",)], [("file", "shards", "picked file", "picked shards")]),
)
def test_shards_are_quantized_while_they_arrive_or_are_read(
    browser: Browser, publisher: Publisher, site_url: str, tmp_path: Path, ways: tuple[str, ...]
) -> None:
    tensors = checkpoints.rwkv4(layers=2, width=256, ffn=1024, vocab=256)
    halves = {name: array.astype(np.float16) for name, array in tensors.items()}
    files = {"whole.safetensors": b"".join(encode(halves.items())), **split(halves, 3)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        publisher.add(name, len(data), lambda at, length, data=data: data[at : at + length])
    picked = sorted(tmp_path.glob("model*"))
    texts = []
    sources: dict[str, tuple[str, Any]] = {
        "file": ("whole.safetensors", None),
        "shards": ("model.safetensors.index.json", None),
        "picked file": ("", [tmp_path / "whole.safetensors"]),
        "picked shards": ("", picked),
    }
    for address, pick in (sources[way] for way in ways):
        context = browser.new_context(service_workers="block")
        for again in (False, True):
            page = Chooser(context.new_page(), site_url)
            page.quantize.select_option("8")
            publisher.asked.clear()
            if pick:
                page.model_file.set_input_files(pick)
            else:
                page.model_url.fill(publisher.url + address)
                page.load_url.click()
                page.consent_yes.click()
            expect(page.status).to_contain_text("is ready", timeout=LONG)
            expect(page.model_notices).to_be_empty()
            names = page.page.evaluate(NAMES)
            assert len([name for name in names if re.fullmatch("[0-9a-f]{64}", name)]) == 1, names
            asked = {path for path, wanted in publisher.asked if wanted and wanted != "bytes=0-0"}
            shards = {f"/{name}" for name in files if name.startswith("model-")}
            if address.startswith("model"):
                assert asked == (set() if again else shards)
            texts.append(write(page))
            page.page.close()
        context.close()
    assert len(set(texts)) == 1
    assert texts[0]


def test_a_list_of_shards_that_is_none_is_refused(chooser: Chooser, publisher: Publisher) -> None:
    data = b'{"weight_map": {"a": "../b.safetensors"}}'
    chooser.model_url.fill(
        publisher.add("a.safetensors.index.json", len(data), lambda at, length: data[at : at + length])
    )
    chooser.load_url.click()
    chooser.consent_yes.click()
    expect(chooser.status).to_contain_text("“a.safetensors.index.json” does not list the shards of a model")


FORGET = """async (name) => {
  const root = await navigator.storage.getDirectory();
  const own = await root.getDirectoryHandle("goosequill");
  await (await own.getDirectoryHandle("models")).removeEntry(name);
}"""


@pytest.mark.rest
def test_a_quantized_folder_does_not_need_its_original_weights(
    chooser: Chooser, publisher: Publisher, site_url: str, tmp_path: Path
) -> None:
    source = tmp_path / "model.safetensors"
    source.write_bytes(b"".join(encode(checkpoints.rwkv4(vocab=256).items())))
    (sha256,) = (file["sha256"] for file in convert(source, tmp_path / "full")["files"])
    for file in (tmp_path / "full").iterdir():
        data = file.read_bytes()
        publisher.add(f"full/{file.name}", len(data), lambda at, length, data=data: data[at : at + length])
    texts = []
    for again in (False, True):
        page = Chooser(chooser.page.context.new_page(), site_url)
        if again:  # without what was downloaded
            page.page.evaluate(FORGET, sha256)
            publisher.asked.clear()
        page.quantize.select_option("8")
        page.model_url.fill(publisher.url + "full/")
        page.load_url.click()
        page.consent_yes.click()
        expect(page.status).to_contain_text("is ready", timeout=LONG)
        texts.append(write(page))
        wait_until_kept(page.page, files=1 if again else 2)
        page.page.close()
    assert texts[0] == texts[1] != ""
    assert "/full/model.safetensors" not in [path for path, _ in publisher.asked]


@pytest.mark.rest
def test_a_picked_model_is_kept_if_there_is_space(browser: Browser, site_url: str, tmp_path: Path) -> None:
    file = tmp_path / "picked.safetensors"
    file.write_bytes(b"".join(encode(checkpoints.rwkv4(vocab=256).items())))
    # Pages that a service worker stores would use up the small quota at a time of their own.
    context = browser.new_context(service_workers="block")
    origin = "/".join(site_url.split("/")[:3])
    texts = []
    for room in (300_000, 10**9, 10**9):
        again = Chooser(context.new_page(), site_url)
        session = context.new_cdp_session(again.page)
        session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": room})
        again.quantize.select_option("8")
        again.model_file.set_input_files(file)
        expect(again.status).to_have_text("picked.safetensors is ready.", timeout=LONG)
        if room < 10**9:
            expect(again.model_notices).to_contain_text("not enough space to keep the quantized weights")
            assert again.page.evaluate(NAMES) == []
        else:
            expect(again.model_notices).to_be_empty()
            wait_until_kept(again.page)
        texts.append(write(again))
        again.page.close()
    context.close()
    assert len(set(texts)) == 1


def test_a_model_too_large_is_refused_before_its_download(chooser: Chooser, publisher: Publisher) -> None:
    table = entries(10, 10_240, 50277)
    begin = header(table, None)

    def read(offset: int, length: int) -> bytes:
        return (begin[offset : offset + length] + b"\0" * length)[:length]

    url = publisher.add("14b.safetensors", len(begin) + sum(length for *_, length in table), read)
    chooser.model_url.fill(url)
    chooser.load_url.click()
    chooser.consent_yes.click()
    expect(chooser.status).to_contain_text(
        re.compile(r"needs [\d,]+ MB of memory.* are available"), timeout=LONG
    )
    asked = [wanted for path, wanted in publisher.asked if path == "/14b.safetensors"]
    assert asked and all(asked), "the whole file was asked for"
    chooser.look_url.click()  # it can still be inspected
    expect(chooser.inside).to_contain_text("10 layers of width 10,240", timeout=LONG)
    expect(chooser.inside).to_contain_text("blocks.9.ffn.value.weight")
    for theme in ("light", "dark"):
        chooser.page.emulate_media(color_scheme=theme)
        assert not violations(chooser.page)


class Shapes(Draw):
    """Draws nothing: zeros that take no memory."""

    def matrix(self, rows: int, columns: int) -> Any:
        return self.vector(rows, columns)

    low_rank = matrix

    def vector(self, *shape: int, mean: float = 0.0) -> Any:
        return np.broadcast_to(np.float16(mean), shape)


@pytest.mark.rest
@pytest.mark.parametrize(
    ("shape", "quantize", "remedy"),
    [
        (RWKV7_2B9, "", r"In 8 bits it needs [\d,]+ MB: choose 8 bits"),
        (Shape("RWKV-7 7.2B", "7", layers=32, width=4096, vocab=65536), "auto", r"at most 5,\d\d\d million"),
    ],
    ids=lambda value: value.name if isinstance(value, Shape) else "",
)
def test_a_large_model_in_16_bits_is_refused_with_what_would_fit(
    chooser: Chooser, publisher: Publisher, shape: Shape, quantize: str, remedy: str
) -> None:
    table = [(name, "F16", array.shape, 2 * array.size) for name, array in tensors(shape, Shapes())]
    begin = header(table, None)

    def read(offset: int, length: int) -> bytes:
        return (begin[offset : offset + length] + b"\0" * length)[:length]

    name = f"{shape.width}.safetensors"
    chooser.model_url.fill(publisher.add(name, len(begin) + sum(length for *_, length in table), read))
    chooser.page.locator("#quantize").select_option(quantize)
    chooser.load_url.click()
    chooser.consent_yes.click()
    expect(chooser.status).to_contain_text(re.compile(remedy), timeout=LONG)
    asked = [wanted for path, wanted in publisher.asked if path == f"/{name}"]
    assert asked and all(asked), "the whole file was asked for"


def test_no_origin_is_contacted_when_the_visitor_declines(chooser: Chooser, publisher: Publisher) -> None:
    before = len(publisher.asked)
    chooser.model_url.fill(publisher.url + "model.pth")
    chooser.load_url.click()
    chooser.consent_no.click()
    expect(chooser.consent).to_be_hidden()
    assert len(publisher.asked) == before
    for text in ("javascript:alert(1)", "owner/repo:../file.pth", ""):
        chooser.model_url.fill(text)
        chooser.load_url.click()
        expect(chooser.status).to_contain_text("not the address of a model")


def test_an_id_leads_to_the_hub_after_consent(chooser: Chooser, publisher: Publisher) -> None:
    chooser.model_url.fill("owner/repo:folder/model.pth@v1")
    chooser.load_url.click()
    expect(chooser.consent).to_contain_text("huggingface.co")
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    chooser.page.route("https://huggingface.co/**", refuse)
    chooser.consent_yes.click()
    expect(chooser.status).to_contain_text("could not be fetched", timeout=LONG)
    assert asked[0] == "https://huggingface.co/owner/repo/resolve/v1/folder/model.pth"


def test_the_catalogue_lists_public_models_and_contacts_no_publisher(chooser: Chooser, site_url: str) -> None:
    height = "document.documentElement.scrollHeight"
    before = chooser.page.evaluate(height)
    chooser.page.get_by_text("Public RWKV models").click()
    expect(chooser.catalogue).to_contain_text("RWKV-7 World 0.1B")
    for item in chooser.catalogue.locator("li").all():  # before anything is downloaded
        expect(item).to_contain_text(re.compile(r"of memory · writes about|Too large for a web page"))
    assert chooser.page.evaluate(height) < before + 400, "the list makes the page longer than its panel"
    assert chooser.catalogue.locator("th:empty").count() == 0
    expect(chooser.catalogue).to_contain_text("Apache-2.0")
    chooser.page.get_by_label("Use link to RWKV-4 Pile 169M").click()
    assert chooser.model_url.input_value().endswith("RWKV-4-Pile-169M-20220807-8023.pth")
    assert all(url.startswith((site_url, "data:", "blob:")) for url in chooser.requests)
    chooser.page.set_viewport_size({"width": 360, "height": 740})
    width = chooser.page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 360
