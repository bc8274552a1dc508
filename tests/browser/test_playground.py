"""The playground in a browser: one page and one engine for most tests, for Python takes seconds to start."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.accessibility import violations_in_both_themes
from tests.browser.test_busy_states import Held

ROOT = Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "dist" / "models" / "default" / "model.safetensors"
START = 60_000  # milliseconds that a start may take on a busy machine


class Playground:
    """The page, its network requests, and the errors in its console."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.context.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complain(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address)

    def complain(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)

    def __getattr__(self, name: str) -> Locator:
        return self.page.get_by_test_id(name.replace("_", "-"))

    def open(self, panel: str) -> None:
        """Open a panel of the rail."""
        self.page.get_by_role("tab", name=panel).click()

    def set(self, **settings: float) -> None:
        if settings:
            self.open("Decoder")
        for name, value in settings.items():
            field = self.page.locator(f"#decoder-{name}")
            field.fill(str(value))
            field.blur()

    def write_endlessly(self, prompt: str) -> None:
        """Start a text that does not end by itself."""
        self.open("Decoder")
        self.page.get_by_label("Filter settings").fill("ignore_end")
        self.page.locator("#decoder-ignore_end").check()
        self.page.get_by_label("Filter settings").fill("")
        self.set(max_new_tokens=100_000)
        if self.page.locator("#clear").is_enabled():
            self.page.locator("#clear").click()
        self.prompt.fill(prompt)
        self.prompt.press("Control+Enter")
        expect(self.output).not_to_be_empty(timeout=START)

    def reset(self) -> None:
        self.open("Decoder")
        self.page.locator("#reset").click()

    def write(self, prompt: str, **settings: float) -> str:
        """Write to the end; return the text."""
        self.set(**settings)
        if self.page.locator("#clear").is_enabled():
            self.page.locator("#clear").click()  # so that no earlier text's status is left
        self.prompt.fill(prompt)
        self.generate.click()
        expect(self.status).to_have_text(re.compile(r"after \d+ token"), timeout=START)
        return self.output.text_content() or ""


@pytest.fixture(scope="module")
def playground(browser: Browser, site_url: str) -> Iterator[Playground]:
    context = browser.new_context(service_workers="block")
    play = Playground(context.new_page(), site_url + "playground/")
    yield play
    context.close()
    assert not [
        url for url in play.requests if not url.startswith((site_url, "data:", f"blob:{site_url[:16]}"))
    ]
    assert not play.complaints


def test_text_streams_and_nothing_heavy_is_loaded_before(playground: Playground) -> None:
    playground.requests.clear()  # an attempt before, if this one repeats it, has loaded the engine
    playground.page.reload()
    expect(playground.page.locator("#load-size")).to_contain_text("MB")
    heavy = re.compile(r"\.(wasm|whl|zip|safetensors|asm\.js)$|pyodide")
    assert not [url for url in playground.requests if heavy.search(url)]

    playground.set(max_new_tokens=30, seed=7)
    playground.prompt.fill("It was a fine morning, and")
    playground.generate.click()
    expect(playground.progress).to_be_visible(timeout=START)
    expect(playground.stop).to_be_enabled(timeout=START)
    expect(playground.output).not_to_be_empty(timeout=START)
    expect(playground.status).to_have_text(re.compile("after 30 tokens|Finished"), timeout=START)
    expect(playground.progress).to_be_hidden()
    expect(playground.measures).to_contain_text("30 tokens")
    expect(playground.generate).to_be_enabled()
    assert [url for url in playground.requests if url.endswith("/pyodide.asm.wasm.gz")]


def test_the_same_seed_gives_the_same_text_also_from_the_address(playground: Playground) -> None:
    prompt = "It was a fine morning, and"
    first = playground.write(prompt, seed=7, max_new_tokens=20, temperature=0.9)
    assert playground.write(prompt) == first
    assert playground.write(prompt, seed=8) != first
    playground.set(seed=7)
    expect(playground.page).to_have_url(re.compile("seed=7"))
    assert "prompt" not in playground.page.url and "morning" not in playground.page.url
    playground.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    playground.open("Decoder")
    playground.page.get_by_test_id("copy-link").click()
    expect(playground.status).to_have_text("The link is copied.")
    other = playground.page.context.new_page()
    other.goto(playground.page.evaluate("navigator.clipboard.readText()"))
    expect(other.get_by_test_id("prompt")).to_have_value(prompt)
    assert other.locator("#decoder-seed").input_value() == "7"
    assert other.locator("#decoder-max_new_tokens").input_value() == "20"
    other.close()
    playground.set(seed=7)  # the address has no prompt again


def test_stop_ends_within_a_token(playground: Playground) -> None:
    playground.write_endlessly("Once upon a time")
    at_click = playground.page.evaluate(
        """() => {
          document.querySelector('[data-testid=stop]').click();
          return document.querySelector('[data-testid=output]').textContent;
        }"""
    )
    expect(playground.status).to_have_text(re.compile(r"Stopped after \d+ tokens?\."), timeout=2000)
    after = playground.output.text_content() or ""
    assert after.startswith(at_click)
    assert len(after) - len(at_click) <= 20, "more than one token was generated after Stop"
    playground.reset()


def test_files_that_are_not_models_are_refused_and_the_page_still_works(
    playground: Playground, tmp_path: Path
) -> None:
    data = MODEL.read_bytes()
    picture, cut, whole = tmp_path / "goose.png", tmp_path / "cut.safetensors", tmp_path / "model.safetensors"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    cut.write_bytes(data[: len(data) // 2])
    whole.write_bytes(data)
    playground.open("Model")
    playground.page.get_by_text("Use your own model").click()
    title = playground.page.get_by_test_id("model-title")
    before = title.text_content() or ""
    for path, sentence in ((picture, "not a model file"), (cut, "truncated"), (whole, "tokenizer")):
        playground.page.locator("#tokenizer").select_option("world" if path == whole else "")
        playground.page.get_by_test_id("model-file").set_input_files(path)
        expect(playground.status).to_contain_text(sentence, timeout=START)
        expect(title).to_have_text(before)
    assert not violations_in_both_themes(playground.page)
    assert playground.write("It was", max_new_tokens=5)


def test_an_empty_prompt_is_reported(playground: Playground) -> None:
    playground.prompt.fill("  \n")
    playground.generate.click()
    said = playground.page.get_by_text("The prompt is empty")
    expect(said).to_have_count(1)
    expect(playground.prompt).to_be_focused()
    playground.prompt.fill("It was")
    expect(said).to_have_count(0)


def test_a_value_out_of_range_is_mended_and_said_at_its_field(playground: Playground) -> None:
    field = playground.page.locator("#decoder-temperature")
    field.fill("-3")
    field.press("Enter")
    said = playground.page.get_by_text("-3 is out of range: from 0 to")
    expect(said).to_be_visible()
    expect(field).to_have_value("0")
    assert not violations_in_both_themes(playground.page)
    field.fill("0.8")
    expect(said).to_have_count(0)


def test_a_text_goes_on_where_its_prompt_ends(playground: Playground) -> None:
    """Also while tokens are highlighted: then those of the prompt stand in its place."""
    page = playground.page
    playground.write("It was a dark evening in November, and", max_new_tokens=8)
    line = "(element) => { const { top, bottom } = element.getBoundingClientRect(); return [top, bottom]; }"
    prompt, token = playground.prompt, playground.output.locator("[data-token]").first
    top, bottom = prompt.evaluate(line)
    first = token.evaluate(line)
    assert top < first[0] < bottom and first[1] <= bottom + 1
    token.click()
    page.get_by_test_id("coloured").check()
    tokens = page.locator("#prompt-tokens [data-token]")
    expect(tokens.first).to_be_visible()
    expect(prompt).to_have_css("opacity", "0")
    assert tokens.last.evaluate(line)[0] == token.evaluate(line)[0]
    prompt.focus()
    expect(prompt).to_have_css("opacity", "1")
    expect(tokens.first).to_be_hidden()
    page.get_by_test_id("coloured").uncheck()


def test_the_list_above_the_text_has_the_models_that_can_be_chosen(playground: Playground) -> None:
    """A public one asks for consent at once, one's own shows where it is chosen; nothing is taken before."""
    page, choice = playground.page, playground.page.get_by_test_id("model-choice")
    expect(choice).to_have_value("")
    public = choice.locator("optgroup option").first
    choice.select_option(value=public.get_attribute("value"))
    expect(page.get_by_test_id("consent-yes")).to_be_focused()
    page.get_by_test_id("consent-no").click()
    expect(choice).to_have_value("")
    choice.select_option("own")
    expect(page.get_by_test_id("model-file")).to_be_focused()
    expect(choice).to_have_value("")


def test_one_tab_leads_past_the_examples(playground: Playground) -> None:
    page, examples = playground.page, playground.page.locator("#examples button")
    if page.locator("#clear").is_visible():
        page.locator("#clear").click()
    expect(examples.first).to_be_visible()
    playground.prompt.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(examples.first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(examples.nth(1)).to_be_focused()
    page.keyboard.press("Tab")
    expect(playground.generate).to_be_focused()


def test_texts_are_saved_under_names_opened_and_deleted(clean_page: Page, site_url: str) -> None:
    page = clean_page
    page.goto(site_url + "playground/#max_new_tokens=4")
    prompt, output = page.get_by_test_id("prompt"), page.get_by_test_id("output")
    saved, status = page.get_by_test_id("saved-list"), page.get_by_test_id("status")

    def write(text: str) -> str:
        prompt.fill(text)
        page.get_by_test_id("generate").click()
        expect(status).to_contain_text("Length limit", timeout=START)
        return output.text_content() or ""

    first = write("The goose")
    page.get_by_text("Saved texts").click()
    name = page.get_by_test_id("saved-name")
    expect(name).to_have_value("The goose")
    name.press("Enter")
    expect(status).to_have_text("“The goose” is saved.")
    second = write("The quill of")
    name.fill("Another")
    name.press("Enter")
    expect(saved.locator("li")).to_have_count(2)
    page.reload()
    page.get_by_text("Saved texts").click()
    saved.get_by_role("button", name="The goose", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Open").click()
    expect(prompt).to_have_value("The goose")
    expect(output).to_have_text(first)
    saved.get_by_role("button", name="Another", exact=True).click()  # nothing is lost, so nothing is asked
    expect(output).to_have_text(second)
    page.get_by_role("button", name="Delete The goose").click()
    expect(saved.locator("li")).to_have_count(1)
    page.get_by_role("button", name="Undo the deletion").click()
    expect(saved.locator("li")).to_have_count(2)
    assert not violations_in_both_themes(page)
    page.goto(site_url + "storage/")
    expect(page.get_by_test_id("typed")).to_contain_text("2 texts")


def test_a_long_prompt_shows_progress_and_can_be_stopped(playground: Playground) -> None:
    playground.prompt.fill("All work and no play makes Jack a dull goose. " * 2200)
    playground.generate.click()
    expect(playground.page.locator("#progress-label")).to_have_text(
        re.compile(r"[\d,]+ of [\d,]+ tokens"), timeout=START
    )
    playground.stop.click()
    expect(playground.status).to_have_text(re.compile("Stopped"), timeout=3000)
    assert playground.write("It was", max_new_tokens=5)


def test_a_style_is_chosen_in_a_list_and_its_tag_is_not_shown(playground: Playground) -> None:
    style, prompt, page = playground.style, playground.prompt, playground.page
    given = style.input_value()
    assert given  # the example's
    prompt.fill("The goose")
    expect(style).to_have_value(given)
    style.select_option(label="sermon")
    expect(prompt).to_have_value("The goose")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    playground.open("Decoder")
    page.get_by_test_id("copy-link").click()
    expect(playground.status).to_have_text("The link is copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert "prompt=%3Csermon%3E%0AThe+goose" in link
    prompt.fill("<fact>\nGoosequillia")
    expect(prompt).to_have_value("Goosequillia")
    expect(style.locator("option:checked")).to_have_text("fact")
    style.select_option(index=0)
    expect(prompt).to_have_value("Goosequillia")


def test_an_engine_that_failed_to_start_can_be_tried_again(browser: Browser, site_url: str) -> None:
    page = browser.new_page(service_workers="block")
    play = Playground(page, site_url + "playground/")
    page.context.route("**/pyodide.asm.wasm.gz", lambda route: route.abort())
    play.prompt.fill("The goose")
    play.set(max_new_tokens=5)
    play.generate.click()
    expect(play.status).to_contain_text("pyodide.asm.wasm.gz", timeout=START)
    page.context.unroute_all()
    assert play.write("The goose")
    page.close()


def test_markup_in_the_address_stays_text(browser: Browser, site_url: str) -> None:
    page = browser.new_page(service_workers="block")
    page.goto(
        site_url + "playground/#prompt=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&temperature=9e9&top_p=NaN&x=1"
    )
    expect(page.get_by_test_id("prompt")).to_have_value("<img src=x onerror=alert(1)>")
    assert page.locator("#decoder-temperature").input_value() == "100"
    assert page.locator("#decoder-top_p").input_value() == "0.9"
    page.close()


@pytest.fixture
def constrained(playground: Playground) -> Iterator[Playground]:
    """The page, for a test that constrains the text: the tests after it have the usual settings again."""
    yield playground
    playground.reset()


def test_what_a_constraint_did_is_summed_up_marked_and_explained(constrained: Playground) -> None:
    playground = constrained
    page = playground.page
    playground.open("Decoder")
    page.get_by_label("Filter settings").fill("regex")
    page.locator("#decoder-regex").fill("[0-9]{8}")
    page.get_by_label("Filter settings").fill("")
    text = playground.write("It was a fine morning, and", temperature=0.9, max_new_tokens=20)
    assert re.fullmatch("[0-9]{8}", text)
    summary = (
        r"The constraint changed (\d+) of (\d+) tokens and removed (> )?\d+% of the probability on average\."
    )
    expect(playground.constraint_summary).to_contain_text(re.compile(summary))
    found = re.match(summary, playground.constraint_summary.text_content() or "")
    assert found and int(found[2]) == page.locator("#output [data-token]").count()
    assert int(found[1]) == page.locator("#output .changed").count() > 0
    playground.output.focus()
    page.keyboard.press("ArrowRight")
    did = re.compile(
        r"allowed \d+ of [\d,]+ tokens and removed (?:> )?[\d.]+% of the probability"
        r".*changed the most probable"
    )
    expect(playground.explanation.locator(".constraint")).to_have_text(did)
    expect(playground.explanation.locator(".masked li")).to_have_count(5)


def test_a_token_is_explained_and_another_candidate_branches(playground: Playground) -> None:
    page = playground.page
    text = playground.write("It was a fine morning, and", top_k=20, temperature=0.9, max_new_tokens=12)
    playground.output.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    explanation = playground.explanation
    expect(explanation).to_contain_text("Token 4")
    expect(explanation.locator("thead")).to_contain_text("Top-k20 left")
    expect(playground.status).to_contain_text("likely")
    kept = "".join(page.locator("#output [data-token]").all_text_contents()[:3])
    other = explanation.get_by_role("button").first
    chosen = (other.text_content() or "").replace("␣", " ")
    expect(other).to_have_accessible_name(f"{other.text_content()}: continue with it")
    other.click()
    expect(playground.output).to_be_focused()
    expect(playground.status).to_have_text(re.compile(r"after \d+ token"), timeout=START)
    branched = playground.output.text_content() or ""
    assert branched.startswith(kept + chosen)

    branches = playground.branches.get_by_role("treeitem")
    expect(branches.last).to_have_attribute("aria-selected", "true")
    expect(branches.last).to_contain_text(re.compile(f"Token 4, “.?{chosen.strip()}” instead of “"))
    branches.last.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(playground.output).to_have_text(text, use_inner_text=False)
    page.keyboard.press("Control+z")
    expect(playground.output).to_have_text(branched, use_inner_text=False)
    page.keyboard.press("Control+z")
    expect(playground.output).to_have_text(text, use_inner_text=False)
    page.keyboard.press("Control+y")
    expect(playground.output).to_have_text(branched, use_inner_text=False)
    assert not violations_in_both_themes(page)
    page.locator("#clear").click()
    expect(playground.output).to_be_empty()
    playground.page.get_by_test_id("undo-text").click()
    expect(playground.output).to_have_text(branched, use_inner_text=False)


def test_a_token_under_the_pointer_is_explained_and_takes_no_focus(playground: Playground) -> None:
    page = playground.page
    playground.write("It was a fine morning, and", temperature=0, max_new_tokens=20)
    playground.prompt.focus()
    token = page.locator("#output [data-token]")
    # A line's end has no width to point at.
    first, second, third = [at for at, text in enumerate(token.all_text_contents()) if text.strip()][:3]
    status = playground.status.text_content()
    token.nth(second).hover()
    expect(playground.explanation).to_contain_text(f"Token {second + 1}")
    expect(playground.prompt).to_be_focused()
    expect(playground.status).to_have_text(status or "")
    token.nth(first).click()
    expect(playground.explanation).to_contain_text(f"Token {first + 1}")
    token.nth(third).hover()
    expect(playground.explanation).to_contain_text(f"Token {third + 1}")
    playground.prompt.hover(position={"x": 20, "y": 14})
    expect(playground.explanation).to_contain_text(f"Token {first + 1}")


def test_surprise_colours_have_a_table_and_include_the_prompt(playground: Playground) -> None:
    page = playground.page
    playground.write("The goose was a", max_new_tokens=12)
    playground.coloured.check()
    prompt = page.get_by_role("region", name="The prompt, token by token")
    expect(prompt).to_have_text("The goose was a")
    prompt.locator("[data-token]").last.click()
    expect(playground.explanation).to_contain_text("Prompt")
    expect(playground.explanation.locator("thead")).to_have_text(re.compile("CandidateThe model[0-9,]+ left"))
    page.get_by_text("All tokens as a table").click()
    tokens = prompt.locator("[data-token]").count() + page.locator("#output [data-token]").count()
    expect(page.locator("#token-table tbody tr")).to_have_count(tokens)
    assert not violations_in_both_themes(page)
    playground.coloured.uncheck()
    expect(prompt).to_be_hidden()


def test_the_default_model_writes_what_it_writes_natively(playground: Playground) -> None:
    golden = json.loads((ROOT / "tests" / "golden" / "default.json").read_text(encoding="utf-8"))
    for case in golden["cases"][:2]:
        settings = {"temperature": 0, "top_p": 1, "max_new_tokens": case["max_new_tokens"]}
        assert playground.write(case["prompt"], **settings) == case["text"]


def test_the_text_begins_where_it_is_seen_without_scrolling(playground: Playground) -> None:
    page = playground.page
    playground.write("It was a fine morning, and", max_new_tokens=40)
    playground.prompt.focus()
    for width, height in ((360, 740), (1280, 900)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("scrollTo(0, 0)")
        first = page.locator("#output [data-token]").first.bounding_box()
        button = playground.generate.bounding_box()
        assert first and first["y"] + first["height"] < height / 2, (width, first)
        assert button and button["y"] + button["height"] <= height, (width, button)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 360, "height": 740})
    page.locator("#output [data-token]").nth(3).click()
    expect(playground.explanation).to_be_in_viewport()
    expect(playground.explanation).to_contain_text("Token 4")
    token, rail = (
        page.locator("#output [data-token]").nth(3).bounding_box(),
        page.locator("#rail").bounding_box(),
    )
    assert token and rail and token["y"] >= 0 and token["y"] + token["height"] <= rail["y"], "it is covered"
    assert not violations_in_both_themes(page)
    page.get_by_role("button", name="Close the panel").click()
    expect(playground.explanation).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 720})


def test_settings_are_filtered_explained_and_marked(playground: Playground) -> None:
    page = playground.page
    playground.reset()
    field = page.get_by_label("Filter settings")
    field.fill("mirostat")
    expect(page.locator("#decoder-mirostat_tau")).to_be_visible()
    expect(page.locator("#decoder-temperature")).to_be_hidden()
    field.fill("no such words")
    expect(page.get_by_text("No setting has these words.")).to_be_visible()
    field.press("Escape")
    expect(page.locator("#decoder-mirostat_tau")).to_be_hidden()
    hint = page.locator("#decoder-temperature-hint")
    expect(hint).to_be_hidden()
    page.get_by_role("button", name="What is Temperature?").click()
    expect(hint).to_be_visible()
    control = page.locator(".control", has=page.locator("#decoder-temperature"))
    assert control.get_attribute("data-changed") is None
    playground.set(temperature=0.3)
    assert control.get_attribute("data-changed") is not None
    assert not violations_in_both_themes(page)
    playground.reset()
    assert control.get_attribute("data-changed") is None


def test_an_emptied_number_field_is_reported_there_and_nothing_is_generated(playground: Playground) -> None:
    playground.prompt.fill("It was")
    playground.set(top_k=5)
    before = playground.output.text_content()
    playground.page.locator("#decoder-top_k").fill("")
    playground.open("Model")
    playground.generate.click()
    expect(playground.status).to_contain_text("Top-k has no value")
    field = playground.page.locator("#decoder-top_k")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_error_message(re.compile("Enter a number from 0"))
    assert playground.output.text_content() == before
    field.fill("3")
    expect(playground.page.locator("#decoder-controls .field-problem")).to_have_count(0)
    expect(playground.status).to_be_empty()
    playground.reset()


def test_an_example_that_replaces_a_prompt_can_be_undone(playground: Playground) -> None:
    if playground.page.locator("#clear").is_enabled():
        playground.page.locator("#clear").click()
    playground.prompt.fill("What I wrote myself")
    playground.page.get_by_role("button", name="A speech").click()
    expect(playground.prompt).to_have_value(re.compile("Fellow citizens"))
    playground.page.get_by_test_id("undo-text").click()
    expect(playground.prompt).to_have_value("What I wrote myself")


def test_undo_after_a_generation_restores_what_was_typed(playground: Playground) -> None:
    playground.write("What I wrote", max_new_tokens=5)
    playground.page.get_by_test_id("undo-text").click()
    expect(playground.output).to_be_empty()
    expect(playground.prompt).to_have_value("What I wrote")


def test_stop_ends_the_reading_of_a_prompt_for_its_highlights(playground: Playground) -> None:
    playground.write("It was a fine morning, and " * 200, max_new_tokens=1)
    playground.coloured.check()
    expect(playground.status).to_have_text("Reading the prompt…")
    playground.stop.click()
    expect(playground.status).to_have_text("Stopped.", timeout=3000)
    expect(playground.page.locator("#prompt-tokens")).to_be_hidden()
    playground.coloured.uncheck()


def test_generating_from_a_token_keeps_the_text_before_it(playground: Playground) -> None:
    playground.write("It was a fine morning, and", max_new_tokens=12, temperature=1)
    tokens = playground.page.locator("#output [data-token]")
    tokens.nth(4).click()
    expect(playground.explanation).to_contain_text("Token 5")
    kept = "".join(tokens.all_text_contents()[:5])
    playground.explanation.get_by_role("button", name="Generate from here").click()
    expect(playground.output).to_be_focused()
    expect(playground.status).to_have_text(re.compile(r"after \d+ token"), timeout=START)
    assert (playground.output.text_content() or "").startswith(kept)
    expect(playground.branches.get_by_role("treeitem")).not_to_have_count(1)


def put_caret(playground: Playground, at: int) -> None:
    playground.prompt.evaluate("(field, at) => { field.focus(); field.setSelectionRange(at, at); }", at)


def test_generating_from_the_caret_keeps_what_followed_it(playground: Playground) -> None:
    playground.set(max_new_tokens=6)
    if playground.page.locator("#clear").is_enabled():
        playground.page.locator("#clear").click()
    start, rest = "The goose went", " to the river and sang a song."
    playground.prompt.fill(start + rest)
    expect(playground.from_here).to_be_disabled()  # the caret is at the end
    put_caret(playground, len(start))
    expect(playground.from_here).to_be_enabled()
    before = playground.branches.get_by_role("treeitem").count()
    playground.prompt.press("Control+Shift+Enter")
    expect(playground.prompt).to_have_value(start)
    expect(playground.status).to_have_text(re.compile(r"after \d+ token"), timeout=START)
    items = playground.branches.get_by_role("treeitem")
    expect(items).to_have_count(before + 2)
    playground.undo_text.click()
    expect(playground.prompt).to_have_value(start + rest)
    put_caret(playground, len(start))
    playground.from_here.click()
    expect(playground.output).to_be_focused()
    expect(items).to_have_count(before + 3)  # what followed is there already
    expect(playground.status).to_have_text(re.compile(r"after \d+ token"), timeout=START)
    items.filter(has_text=rest.strip()).click()
    expect(playground.output).to_have_text(rest, use_inner_text=False)
    expect(playground.prompt).to_have_value(start)


def test_generating_from_here_follows_the_selected_token_or_the_caret(playground: Playground) -> None:
    playground.write("It was a fine morning, and", max_new_tokens=12, temperature=1)
    tokens = playground.page.locator("#output [data-token]")
    tokens.nth(2).click()
    kept = "".join(tokens.all_text_contents()[:3])
    expect(playground.explanation).to_contain_text("Token 3")
    playground.from_here.click()
    expect(playground.status).to_have_text(re.compile(r"after \d+ token"), timeout=START)
    assert (playground.output.text_content() or "").startswith(kept)
    expect(playground.from_here).to_be_disabled()  # nothing is selected any more
    tokens.nth(2).click()
    expect(playground.explanation).to_contain_text("Token 3")
    put_caret(playground, len("It was"))
    playground.prompt.press("Control+Shift+Enter")
    expect(playground.prompt).to_have_value("It was")
    expect(playground.status).to_have_text(re.compile(r"after \d+ token"), timeout=START)


def test_on_a_phone_the_tabs_are_tall_enough(browser: Browser, site_url: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740}, service_workers="block")
    play = Playground(page, site_url + "playground/")
    tabs = page.locator("#rail").get_by_role("tab")
    expect(tabs).to_have_count(5)
    for tab in tabs.all():
        box = tab.bounding_box()
        assert box and box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= 360
        assert tab.evaluate("(tab) => tab.scrollWidth <= tab.offsetWidth"), "the label is cut off"
    play.open("Decoder")
    expect(page.get_by_role("tabpanel")).to_be_visible()
    page.close()


DROP = """([name, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name));
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
}"""


SET_LINES = """field => {
  const other = field.cloneNode();
  other.value = "a\\r\\nb\\rc";
  return other.value;
}"""
"""A field replaces the line ends itself, so that pages need not do it for what is typed or pasted."""


def test_a_dropped_text_becomes_the_prompt_and_starts_no_engine(browser: Browser, site_url: str) -> None:
    page = browser.new_page(service_workers="block")
    play = Playground(page, site_url + "playground/")
    play.prompt.fill("Mine")
    page.evaluate(DROP, ["notes.txt", "The goose of notes"])
    expect(play.prompt).to_have_value("The goose of notes")
    expect(play.status).to_contain_text("notes.txt is now the prompt")
    expect(play.status).not_to_contain_text("line ends")
    page.evaluate(DROP, ["windows.txt", "One\r\ntwo"])
    expect(play.status).to_contain_text("Windows line endings were replaced.")
    expect(play.prompt).to_have_value("One\ntwo")
    assert play.prompt.evaluate(SET_LINES) == "a\nb\nc"
    page.get_by_test_id("undo-text").click()
    page.get_by_test_id("undo-text").click()
    expect(play.prompt).to_have_value("Mine")
    play.open("Model")
    page.get_by_test_id("model-file").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"The goose"}
    )
    expect(play.status).to_contain_text("notes.txt is a text, not a model.")
    assert not [url for url in play.requests if "vendor/pyodide" in url]
    page.close()


NAMELESS = """() => [...document.querySelectorAll("button[aria-label]")].filter((button) => {
  const words = (text) => text.toLowerCase().replaceAll(/\\s+/g, " ").trim();
  const shown = [...button.childNodes].filter((node) => node.ariaHidden !== "true");
  const label = words(shown.map((node) => node.textContent).join(""));
  return !words(button.ariaLabel).includes(label);
}).map((button) => button.outerHTML)"""


def test_what_a_button_shows_is_in_its_name(playground: Playground) -> None:
    playground.write("It was a fine morning, and", max_new_tokens=6)
    playground.page.locator("#output [data-token]").nth(2).click()
    expect(playground.explanation).to_contain_text("Token 3")
    playground.open("Model")
    playground.page.get_by_text("Public RWKV models").click()
    expect(playground.page.get_by_role("button", name="Use link to").first).to_be_visible()
    assert playground.page.evaluate(NAMELESS) == []


def test_a_link_with_a_prompt_counts_more_than_what_the_tab_had(browser: Browser, site_url: str) -> None:
    page = browser.new_page(service_workers="block")
    play = Playground(page, site_url + "playground/")
    play.prompt.fill("Mine")
    page.goto(site_url + "storage/")
    page.goto(site_url + "playground/#prompt=From+the+link")
    expect(play.generate).to_be_enabled()
    expect(play.prompt).to_have_value("From the link")
    page.close()


def test_several_texts_at_once_are_saved_and_opened_as_branches(
    playground: Playground, tmp_path: Path
) -> None:
    page = playground.page
    playground.count.fill("3")
    before = playground.branches.get_by_role("treeitem").count()
    playground.write("The goose and the feather", max_new_tokens=8, temperature=1)
    items = playground.branches.get_by_role("treeitem")
    expect(items).to_have_count(max(before, 0) + 3)
    playground.count.fill("1")
    texts = {items.nth(before + nth).locator("strong").text_content() for nth in range(3)}
    assert len(texts) == 3, "the texts have the same seed"
    assert not violations_in_both_themes(page)
    with page.expect_download() as download:
        page.locator("#save-branches").click()
    path = tmp_path / "branches.json"
    download.value.save_as(path)
    playground.branches_file.set_input_files(path)
    expect(items).to_have_count(2 * (before + 3))
    path.write_text("{}")
    playground.branches_file.set_input_files(path)
    expect(playground.status).to_contain_text("does not contain branches")
    expect(items).to_have_count(2 * (before + 3))


def test_nothing_written_is_lost_on_reload_back_and_a_visit_elsewhere(
    browser: Browser, site_url: str
) -> None:
    page = browser.new_page(service_workers="block")
    play = Playground(page, site_url + "playground/")
    long = "All work and no play makes Jack a dull goose. " * 200  # more than an address has
    text = play.write("It was a fine morning, and", max_new_tokens=8)
    first = page.locator("#output [data-token]").all_text_contents()
    page.get_by_test_id("mark").click()
    play.prompt.fill(long)
    expect(play.status).to_have_text("Bookmarked.")
    page.reload()
    for way in ("reload", "menu", "back"):
        expect(play.generate).to_be_enabled()
        expect(play.prompt).to_have_value(long)
        expect(play.output).to_have_text(text, use_inner_text=False)
        expect(page.get_by_test_id("mark")).to_have_attribute("aria-pressed", "true")
        assert page.locator("#output [data-token]").all_text_contents() == first
        if way == "reload":
            page.goto(site_url + "storage/")
            page.get_by_role("link", name="Playground").first.click()
        if way == "menu":
            page.goto(site_url + "storage/")
            page.go_back()
    page.get_by_test_id("undo-text").click()
    expect(play.output).to_be_empty()
    expect(play.prompt).to_have_value("It was a fine morning, and")
    assert "goose" not in page.url.split("#")[-1]
    page.close()


def test_generate_waits_for_the_example_that_fills_the_prompt(page: Page, site_url: str) -> None:
    held = Held(page, re.compile("engine/parts.json"))
    page.goto(f"{site_url}playground/#max_new_tokens=2")
    page.get_by_test_id("generate").click()
    expect(page.get_by_test_id("prompt")).to_have_value("")
    held.answer()
    expect(page.get_by_test_id("prompt")).not_to_have_value("")
    expect(page.get_by_test_id("output")).not_to_be_empty(timeout=START)
