"""Live columns: decoders side by side, the example, its repetition, blind votes, and the report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from goosequill.evaluation.votes import read_votes
from goosequill.weights.formats.safetensors import encode
from tests.py import checkpoints

from .accessibility import violations_in_both_themes

START = 60_000  # milliseconds that a start may take on a busy machine
ADDRESS = "compare/#page=write"
NAMES = ["greedy", "greedy-penalty", "top-p-0.8"]
SHAPES = """(sides) => sides.map((side, at) => {
  const copy = side.cloneNode(true);
  copy.querySelector(".bubble").replaceChildren();
  return copy.outerHTML.replaceAll(["First", "Second", "Third", "Fourth"][at], "?");
})"""
"""The sides of a vote as HTML without their texts and places."""


@pytest.fixture(scope="module")
def page(browser: Browser, site_url: str) -> Iterator[Page]:
    page = browser.new_page(service_workers="block")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site_url + ADDRESS)
    yield page
    page.close()
    assert not complaints


def texts(page: Page) -> list[str]:
    return page.get_by_test_id("output").all_text_contents()


def decoder(page: Page, at: int) -> Locator:
    return page.locator("#live-decoders > section").nth(at)


def write(page: Page, count: int = 3) -> list[str]:
    page.get_by_test_id("generate").click()
    expect(page.locator("#live-status")).to_have_text(re.compile("^Done"), timeout=START)
    expect(page.get_by_test_id("output")).to_have_count(count)
    return texts(page)


def write_blind(page: Page) -> Locator:
    page.locator("[name=blind]").check()
    page.get_by_test_id("generate").click()
    vote = page.get_by_role("group", name="Your vote")
    expect(vote).to_be_visible(timeout=START)
    return vote


def reset(page: Page, prompt: str, length: str = "8") -> None:
    page.get_by_role("button", name="Write", exact=True).click()
    page.locator("#live-reset").click()
    page.locator("[name=blind]").uncheck()
    page.get_by_test_id("live-prompt").fill(prompt)
    page.locator("#live-length").fill(length)


def save(page: Page, path: Path) -> dict[str, Any]:
    """The report of what was written."""
    with page.expect_download() as saved:
        page.locator("#live-save").click()
    saved.value.save_as(path)
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report


def test_the_example_stands_there_and_one_click_writes_it_again(page: Page) -> None:
    expect(page.get_by_test_id("output")).to_have_count(3)
    example = texts(page)
    assert all(example) and len(set(example)) == 3
    # Where two tokens are about equally likely, kernels differ.
    for before, after, alike in zip(example, write(page), (60, 60, 6), strict=True):
        assert after[:alike] == before[:alike]
    expect(page.locator("dl.measured").first).to_contain_text("Longest repeated passage")
    expect(page.locator("dl.measured").first).to_contain_text("tokens/s")
    expect(page.get_by_test_id("model-facts")).to_contain_text("relaxed kernel")


def test_what_repeats_is_underlined_and_a_sentence_says_so(page: Page) -> None:
    greedy = page.locator("[data-letter=A]")
    loop = greedy.locator(".loop").text_content() or ""
    words = re.findall(r"\w+", loop.lower())
    said = r"Repeats itself from the underlined part on: the same (\d+) words, \d+ times in a row\."
    found = re.fullmatch(said, greedy.locator(".loop-note").text_content() or "")
    assert found
    length = int(found[1])
    assert words[:length] == words[length : 2 * length]
    assert loop in texts(page)[0]
    expect(page.locator(".loop")).to_have_count(1)
    expect(page.locator("[data-letter=B] .loop-note")).to_have_count(0)


def test_axe_finds_nothing_and_it_fits_360_pixels(page: Page) -> None:
    assert violations_in_both_themes(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1280, "height": 720})


def test_the_report_holds_what_is_shown_and_the_comparer_opens_it(
    page: Page, browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    (prompt,) = save(page, path)["prompts"]
    assert prompt["prompt"] == "<novel>\n" + page.get_by_test_id("live-prompt").input_value()
    beginnings = [result["outputs"][0].split()[:4] for result in prompt["results"]]
    assert beginnings == [text.split()[:4] for text in texts(page)]
    assert [result["sampling_config"] for result in prompt["results"]] == NAMES
    assert {result["sampling_params"]["finish_reason"] for result in prompt["results"]} == {"length"}
    comparer = browser.new_page(service_workers="block")
    comparer.goto(page.url.split("#")[0])
    comparer.locator("input[type=file]").first.set_input_files(path)
    for name in NAMES:
        expect(comparer.locator("body")).to_contain_text(name)
    expect(comparer.locator("main")).to_contain_text(" ".join(texts(page)[0].split()[:4]))
    comparer.close()


def test_the_tag_of_a_style_is_shown_only_in_a_list(site_url: str, browser: Browser) -> None:
    page = browser.new_page(service_workers="block")
    page.goto(site_url + ADDRESS)
    prompt, style, as_list = (
        page.get_by_test_id("live-prompt"),
        page.get_by_test_id("style"),
        page.locator("#live-list"),
    )
    expect(prompt).to_have_value("It was a dark evening in November, and")
    expect(style.locator("option:checked")).to_have_text("novel")
    prompt.fill("One day\nThe king")
    style.select_option(label="novel")
    as_list.check()
    expect(prompt).to_have_value("<novel>\\nOne day\n<novel>\\nThe king")
    expect(style).to_be_hidden()
    prompt.fill("<novel>\\nOne day")
    as_list.uncheck()
    expect(prompt).to_have_value("One day")
    expect(style.locator("option:checked")).to_have_text("novel")
    page.close()


def test_a_decoder_of_its_own_writes_on_every_prompt_of_a_list(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps(["The goose was a", {"prompt": "One day\r\nthe king"}]), encoding="utf-8")
    page.get_by_test_id("prompt-file").set_input_files(path)
    expect(page.get_by_test_id("live-prompt")).to_have_value("The goose was a\nOne day\\nthe king")
    expect(page.locator("#live-status")).to_contain_text("Windows line endings were replaced.")
    decoder(page, 2).get_by_text("Settings", exact=True).click()
    decoder(page, 2).get_by_role("spinbutton", name="Temperature").fill("0.4")
    decoder(page, 2).get_by_role("spinbutton", name="Temperature").blur()
    expect(page.get_by_label("Preset of decoder C")).to_have_value("")
    page.locator("#live-length").fill("8")
    written = write(page, 6)
    assert all(written) and written[:3] != written[3:]
    report = save(page, tmp_path / "report.json")
    assert [prompt["prompt"] for prompt in report["prompts"]] == ["The goose was a", "One day\nthe king"]
    own = report["prompts"][1]["results"][2]
    assert own["sampling_params"]["temperature"] == 0.4
    assert own["outputs"][0].split()[:3] == written[5].split()[:3]


def test_a_blind_vote_names_the_decoders_only_afterwards(page: Page) -> None:
    reset(page, "The goose was a", "60")
    vote = write_blind(page)
    sides = page.locator(".duel section")
    expect(sides).to_have_count(3)
    assert len(set(sides.evaluate_all(SHAPES))) == 1
    for found in (
        page.locator("#vote-page").inner_html(),
        page.locator("main").aria_snapshot(),
        page.title(),
    ):
        for words in (*NAMES, "tokens/s", "loop", "seed", "live"):
            assert words not in found.lower()
    expect(page).not_to_have_url(re.compile("seed|decoders"))
    expect(page.get_by_test_id("report")).to_have_count(0)
    assert violations_in_both_themes(page) == []
    vote.get_by_role("button", name="Second is best").click()
    expect(page.locator("#live-status")).to_contain_text("Your vote: ")
    expect(page.locator("#live-status")).to_contain_text("2 of 2")  # the best text beats the two others
    expect(page.locator(".cell-name")).to_contain_text(NAMES)
    expect(page.locator("dl.measured")).to_have_count(3)
    expect(vote).to_have_count(0)


def test_blind_votes_go_through_every_prompt_before_a_name_is_shown(page: Page) -> None:
    def counted() -> tuple[int, int]:
        """How many comparisons were won, and in how many a decoder took part, over all decoders."""
        found = re.findall(r": (\d+) of (\d+)", page.locator("#live-status").text_content() or "")
        return sum(int(won) for won, _ in found), sum(int(seen) for _, seen in found)

    best, seen = counted()
    assert seen
    page.locator("#live-list").check()
    page.get_by_test_id("live-prompt").fill("The goose was a\nThe king said\nIn the evening")
    page.locator("#live-length").fill("8")
    vote, count = write_blind(page), page.locator("#vote-count")
    for at, choice in enumerate(("First is best", "Tie")):
        expect(count).to_have_text(f"{at} of 3 prompts judged")
        vote.get_by_role("button", name=choice).click()
    expect(count).to_have_text("2 of 3 prompts judged")
    page.keyboard.press("u")
    expect(count).to_have_text("1 of 3 prompts judged")
    vote.get_by_role("button", name="All are bad").click()
    expect(count).to_have_text("2 of 3 prompts judged")
    page.keyboard.press("3")
    expect(page.locator("#live-status")).to_contain_text("Your vote: ")
    # Of three pairs a winner takes part in two; "all are bad" counts for each of the three.
    assert counted() == (best + 4, seen + 2 * 2 + 2 * 3 + 2 * 2)
    expect(page.locator(".cell-name")).to_have_count(9)
    page.get_by_role("button", name="Judge", exact=True).click()
    page.keyboard.press("1")  # votes are locked once names are shown
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save votes").click()
    file = json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))
    votes = read_votes(file)
    assert [vote.choice for vote in votes[-5:-2]] == 3 * ["both_bad"]
    assert {vote.left for vote in votes} <= set(NAMES)
    assert file["revealed"] and file["pairs"] == len(votes) == 2 + 2 + 3 + 2


def test_the_address_holds_everything(site_url: str, browser: Browser) -> None:
    """The former address of the view, too."""
    page = browser.new_page(service_workers="block")
    page.goto(site_url + ADDRESS)
    decoder(page, 2).get_by_text("Settings", exact=True).click()
    decoder(page, 2).get_by_role("spinbutton", name="Temperature").fill("0.4")
    decoder(page, 2).get_by_role("spinbutton", name="Temperature").blur()
    expect(page.get_by_label("Preset of decoder C")).to_have_value("")
    page.locator("#live-length").fill("8")
    page.locator("#live-add").click()
    expect(page.get_by_label("Preset of decoder D")).to_be_visible()
    expect(page.locator("#live-add")).to_be_disabled()
    page.locator("#live-seed").fill("77")
    expect(page).to_have_url(re.compile("seed=77"))
    notes = "#live-decoders section > .note"
    settings = f"[...document.querySelectorAll('{notes}')].map((note) => note.textContent)"
    values = page.url.split("#page=write&")[-1] if "#page=write&" in page.url else page.url.split("#")[1]
    for address in (
        page.url,
        f"{site_url}playground/side.html#{values}",
        f"{site_url}playground/side.html?{values}",
    ):
        other = browser.new_page(service_workers="block")
        other.goto(address)
        expect(other.get_by_label("Preset of decoder D")).to_be_visible()
        assert "/compare/" in other.url
        assert other.evaluate(settings) == page.evaluate(settings)
        assert other.locator("#live-seed").input_value() == "77"
        assert other.locator("#live-length").input_value() == "8"
        assert "temperature 0.4" in other.locator(notes).nth(2).inner_text().lower()
        other.close()
    page.close()


def test_what_is_typed_before_the_script_runs_stays(site_url: str, browser: Browser) -> None:
    page = browser.new_page(service_workers="block")
    held: list[Route] = []
    page.route("**/compare/examples/live.json", lambda route: held.append(route))
    with page.expect_request("**/compare/examples/live.json"):
        page.goto(site_url + ADDRESS)
    page.get_by_test_id("live-prompt").fill("Typed early")
    page.locator("#live-seed").fill("78")
    held[0].continue_()
    expect(page).to_have_url(re.compile("seed=78"))
    expect(page.get_by_test_id("live-prompt")).to_have_value("Typed early")
    page.close()


def test_a_prompt_is_in_the_address_only_after_copy_link(site_url: str, browser: Browser) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], service_workers="block")
    page = context.new_page()
    page.goto(site_url + ADDRESS)
    # Filling takes two steps, and the first prompt must not appear between them.
    expect(page.get_by_test_id("live-prompt")).not_to_have_value("")
    page.get_by_test_id("live-prompt").fill("A line that I keep")
    page.locator("#live-seed").fill("78")
    expect(page).to_have_url(re.compile("seed=78"))
    assert "keep" not in page.url
    page.reload()
    expect(page.get_by_test_id("live-prompt")).to_have_value("A line that I keep")
    page.locator("#copy-link").click()
    expect(page.locator("#said")).to_contain_text("Link copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    other = browser.new_page(service_workers="block")
    other.goto(link)
    expect(other.get_by_test_id("live-prompt")).to_have_value("A line that I keep")
    other.close()
    page.get_by_label("Keep my prompts, texts and chats").uncheck()
    expect(page.get_by_text("Your prompts, texts and chats are deleted.")).to_be_visible()
    page.get_by_test_id("live-prompt").fill("Another line that I keep")
    page.locator("#live-seed").fill("79")
    expect(page).to_have_url(re.compile("seed=79"))
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert "79" in stored and "keep" not in stored and "keep" not in page.url
    page.goto(site_url + "search/")
    expect(page.get_by_label("Keep my prompts, texts and chats")).not_to_be_checked()
    context.close()


@pytest.mark.rest
def test_seeds_of_their_own_part_the_texts_of_equal_decoders(page: Page, tmp_path: Path) -> None:
    reset(page, "The goose was a", "12")
    for letter in "ABC":
        page.get_by_label(f"Preset of decoder {letter}").select_option("top-p-0.8")
    page.locator("#live-seed").fill("40")
    same = write(page)
    assert same[0] == same[1] == same[2] != ""
    page.locator("[name=own_seeds]").check()
    own = write(page)
    assert own[0] == same[0] and len(set(own)) == 3
    (prompt,) = save(page, tmp_path / "report.json")["prompts"]
    assert [result["sampling_params"]["seed"] for result in prompt["results"]] == [40, 41, 42]
    names = [result["sampling_config"] for result in prompt["results"]]
    assert names == ["top-p-0.8", "top-p-0.8 (2)", "top-p-0.8 (3)"]
    expect(page).to_have_url(re.compile("own_seeds=1"))


@pytest.mark.rest
def test_texts_stay_those_of_the_model_that_wrote_them_when_another_is_chosen(
    page: Page, tmp_path: Path
) -> None:
    reset(page, "The goose was a")
    before = write(page)
    name = save(page, tmp_path / "report.json")["model_name"]
    title = page.get_by_test_id("model-title").text_content()
    file = tmp_path / "small.safetensors"
    file.write_bytes(b"".join(encode(checkpoints.rwkv4(vocab=256).items())))
    page.get_by_text("Use your own model").click()
    page.get_by_test_id("model-file").set_input_files(file)
    expect(page.locator("#live-status")).to_contain_text("is ready", timeout=START)
    assert page.get_by_test_id("model-title").text_content() != title
    assert texts(page) == before and save(page, tmp_path / "report.json")["model_name"] == name
    assert write(page) != before
    assert save(page, tmp_path / "report.json")["model_name"] != name


@pytest.mark.rest
def test_the_view_is_built_once_however_often_it_is_opened_meanwhile(browser: Browser, site_url: str) -> None:
    page = browser.new_page(service_workers="block")
    held: list[Route] = []
    page.route("**/compare/examples/live.json", lambda route: held.append(route))
    with page.expect_request("**/compare/examples/live.json"):
        page.goto(site_url + ADDRESS)
    for length in (9, 10):
        page.evaluate("(length) => { location.hash = `page=write&length=${length}` }", length)
    expect(page.locator("#live-reset")).to_be_disabled()
    for route in held:
        route.continue_()
    expect(page.locator("#live-reset")).to_be_enabled()
    expect(page.locator("#live-length")).to_have_value("10")
    assert len(held) == 1
    page.close()


def test_a_model_that_an_address_names_is_fetched_only_when_the_visitor_agrees(
    browser: Browser, site_url: str
) -> None:
    for address in ("playground/#", f"{ADDRESS}&"):
        page = browser.new_page(service_workers="block")
        requests: list[str] = []
        page.on("request", lambda request, asked=requests: asked.append(request.url))
        page.goto(f"{site_url}{address}model=https://elsewhere.example/model.pth&prompt=A")
        expect(page.get_by_test_id("model-title")).to_have_text("model.pth")
        page.get_by_test_id("generate").click()
        expect(page.get_by_test_id("consent")).to_be_visible()
        page.get_by_test_id("consent-no").click()
        expect(page.locator("#status, #live-status")).to_have_text("Stopped.")
        assert not [url for url in requests if "elsewhere" in url]
        page.close()
