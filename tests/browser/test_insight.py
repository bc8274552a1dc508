"""The playground's panels Attribution and Inside, with the default model and with an RWKV-7."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from goosequill.decoding import Chunk, DecodingConfig, generate
from goosequill.insight.attribution import attribute
from goosequill.insight.lens import logit_lens
from goosequill.kernels import load_kernel
from goosequill.loading.load import LoadedModel, load_path
from goosequill.weights.formats.safetensors import encode
from tests.browser.accessibility import violations_in_both_themes
from tests.py.checkpoints import MAKERS

ROOT = Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "dist" / "models" / "default"
PROMPT = "The old sailor looked at the sea. The sea was calm, and the old"
Native = tuple[LoadedModel, list[int], list[int]]
TOKEN = 5
"""The generated token that is examined: a word."""
START = 60_000  # milliseconds that a start may take on a busy machine


@pytest.fixture(scope="module")
def page(browser: Browser, site_url: str) -> Iterator[Page]:
    """The playground with a text, with the kernel that rounds no inputs: it computes the same everywhere."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.goto(f"{site_url}playground/?kernel=numpy#prompt=The&max_new_tokens=12&seed=1&temperature=0")
    write(page, PROMPT)
    yield page
    context.close()
    assert not complaints


def write(page: Page, prompt: str) -> None:
    if page.locator("#clear").is_enabled():
        page.locator("#clear").click()  # so that no earlier text's status is left
    page.get_by_test_id("prompt").fill(prompt)
    page.get_by_test_id("generate").click()
    expect(page.get_by_test_id("status")).to_have_text(re.compile(r"after \d+ token"), timeout=START)


def open_panel(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def select(page: Page, index: int) -> None:
    page.locator(f'#output [data-token="{index}"]').click()


@pytest.fixture(scope="module")
def native(page: Page) -> Native:
    """The default model outside of the page, the prompt's tokens, and those that it writes after them."""
    loaded = load_path(MODEL, kernel=load_kernel("numpy"))
    config = DecodingConfig(temperature=0, max_new_tokens=12)
    items = generate(loaded.model, loaded.tokenizer, PROMPT, config)
    written = [item.token for item in items if isinstance(item, Chunk)]
    assert page.get_by_test_id("output").text_content() == loaded.tokenizer.decode(written)
    assert loaded.tokenizer.decode([written[TOKEN]]).strip().isalpha(), "choose another token for this model"
    return loaded, loaded.tokenizer.encode(PROMPT), written


def cells(page: Page, row: str) -> list[str]:
    return page.locator(row).first.locator("th, td").all_text_contents()


def test_words_are_left_out_with_the_numbers_that_python_gives(page: Page, native: Native) -> None:
    select(page, TOKEN)
    open_panel(page, "Attribution")
    page.get_by_test_id("attribute").click()
    outcome = page.get_by_test_id("attribution")
    expect(outcome.get_by_role("heading", name="All words")).to_be_visible()
    loaded, prompt, written = native
    found = attribute(loaded.model, loaded.tokenizer, [*prompt, *written], len(prompt) + TOKEN)
    assert found.text == page.locator(f'#output [data-token="{TOKEN}"]').text_content()
    shown = outcome.locator(".shaded-text").first.text_content()
    assert shown == loaded.tokenizer.decode([*prompt, *written[: TOKEN + 1]])
    rows = outcome.locator("tbody tr")
    assert rows.count() == len(found.words)
    strongest = max(found.words, key=lambda word: abs(word.bits))
    name, bits, *_ = cells(page, "[data-testid=attribution] tbody tr")
    assert name.strip("␣⏎") == strongest.text.strip()
    assert float(bits.replace("−", "-")) == pytest.approx(strongest.bits, abs=0.051)
    assert outcome.locator("[class*=helped-]").count() > 0
    expect(page.get_by_test_id("status")).to_have_text(f"Tested {len(found.words)} words.")


def test_a_panel_that_is_opened_before_the_explanation_comes_stays_open(page: Page, native: Native) -> None:
    open_panel(page, "Token")
    page.evaluate(
        """index => {
          document.querySelector(`#output [data-token="${index}"]`).click();
          document.querySelector("#tab-attribution").click();
        }""",
        TOKEN + 1,
    )
    expect(page.get_by_test_id("status")).to_contain_text(f"Token {TOKEN + 2}, ")
    expect(page.get_by_role("tab", name="Attribution")).to_have_attribute("aria-selected", "true")


@pytest.mark.rest
def test_an_attribution_can_be_stopped_and_keeps_what_is_known(page: Page) -> None:
    write(page, "once upon a time " * 400)
    open_panel(page, "Attribution")
    page.get_by_test_id("attribute").click()
    outcome = page.get_by_test_id("attribution")
    expect(outcome.locator(".shaded-text")).to_be_visible(timeout=START)
    page.get_by_role("tabpanel", name="Attribution").get_by_role("button", name="Stop").click()
    expect(page.get_by_test_id("attribution-part")).to_have_text(
        re.compile(r"^Stopped: only the last [\d,]+ words? ")
    )
    expect(outcome.locator("tbody tr").first).to_be_visible()
    expect(page.get_by_test_id("generate")).to_be_enabled()
    write(page, PROMPT)


def test_layers_predict_what_they_predict_natively(page: Page, native: Native) -> None:
    select(page, TOKEN)
    open_panel(page, "Inside")
    lens = page.get_by_test_id("lens")
    expect(lens.locator("tbody tr").first).to_be_visible()
    loaded, prompt, written = native
    found = logit_lens(loaded.model, loaded.tokenizer, [*prompt, *written], len(prompt) + TOKEN)
    rows = lens.locator("table.lens tbody tr")
    assert rows.count() == len(found.layers) == loaded.model.config.layers + 1
    last = rows.last.locator("th, td").all_text_contents()
    assert last[1].endswith(f"rank {found.layers[-1].rank}")
    assert [text.strip("␣⏎") for text in rows.last.locator("code").all_text_contents()] == [
        one.text.strip() for one in found.layers[-1].candidates
    ]
    expect(page.get_by_test_id("state-tokens")).to_have_text(f"after {len(prompt) + TOKEN + 1} tokens")


def test_a_panel_about_the_selected_token_stays_open_when_another_one_is_selected(
    page: Page, native: Native
) -> None:
    _, prompt, _ = native
    open_panel(page, "Decoder")
    select(page, 2)
    expect(page.get_by_role("tab", name="Token")).to_have_attribute("aria-selected", "true")
    open_panel(page, "Inside")
    after = page.get_by_test_id("state-tokens")
    for index in (2, TOKEN):
        select(page, index)
        expect(after).to_have_text(f"after {len(prompt) + index + 1} tokens")
        expect(page.get_by_role("tab", name="Inside")).to_have_attribute("aria-selected", "true")


def test_another_layer_is_chosen_on_the_map_and_in_the_list(page: Page) -> None:
    select(page, 2)
    open_panel(page, "Inside")
    memory, decay = page.get_by_test_id("state-memory"), page.get_by_test_id("state-decay")
    for layer in ("1", "3"):  # the first one too: a test before may have left another
        page.get_by_test_id("state-layer").select_option(label=layer)
        expect(memory).to_contain_text(f"in layer {layer}")
        expect(decay).to_contain_text(f"Half-lives in layer {layer}")
    drawing = page.get_by_test_id("state-map").locator(".chart-drawing")
    read_out = page.get_by_test_id("state-map").locator(".chart-read-out")
    drawing.press("ArrowRight")
    expect(read_out).to_contain_text("layer 1")
    drawing.press("ArrowDown")
    expect(read_out).to_contain_text("layer 2")
    drawing.press("Enter")
    expect(memory).to_contain_text("in layer 2")
    expect(page.get_by_test_id("state-layer")).to_have_value("1")
    expect(page.get_by_test_id("state-decay")).to_contain_text("Half-lives in layer 2")


@pytest.mark.rest
def test_the_state_is_shown_while_a_text_is_generated(browser: Browser, site_url: str) -> None:
    page = browser.new_page(service_workers="block")
    page.goto(f"{site_url}playground/#max_new_tokens=100000&ignore_end=true&seed=1")
    open_panel(page, "Inside")
    expect(page.get_by_text("Generate a text to see")).to_be_visible()
    page.get_by_test_id("prompt").fill(PROMPT)
    page.get_by_test_id("generate").click()
    after = page.get_by_test_id("state-tokens")
    expect(after).to_be_visible(timeout=START)
    for _ in range(2):  # it changes while the text grows
        expect(after).not_to_have_text(after.text_content() or "")
    assert page.get_by_test_id("lens").text_content() == ""
    page.get_by_test_id("stop").click()
    expect(page.get_by_test_id("lens").locator("tbody tr").first).to_be_visible()
    page.context.close()


def test_the_panels_have_no_faults_that_axe_finds(page: Page) -> None:
    open_panel(page, "Inside")
    expect(page.get_by_test_id("lens").locator("tbody tr").first).to_be_visible()
    assert violations_in_both_themes(page) == []
    open_panel(page, "Attribution")
    page.get_by_test_id("attribute").click()
    expect(page.get_by_test_id("attribution").locator("tbody tr").first).to_be_visible(timeout=START)
    assert violations_in_both_themes(page) == []


def test_a_model_with_heads_shows_their_matrices(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "small.safetensors"
    file.write_bytes(b"".join(encode(MAKERS["7"](vocab=256).items())))
    select(page, 2)
    open_panel(page, "Inside")
    expect(page.get_by_test_id("lens").locator("tbody tr").first).to_be_visible()
    page.get_by_test_id("state-layer").select_option(label="6")  # which the small model lacks
    expect(page.get_by_test_id("state-memory")).to_contain_text("in layer 6")
    open_panel(page, "Model")
    page.get_by_test_id("model-file").set_input_files(file)
    write(page, "Some text")
    open_panel(page, "Inside")
    memory = page.get_by_test_id("state-memory")
    expect(memory).to_contain_text("Layer 1, head 1", timeout=START)
    page.get_by_test_id("state-head").select_option(label="2")
    expect(memory).to_contain_text("Layer 1, head 2")
    expect(page.get_by_test_id("state-map")).to_contain_text("Memory of each head")
