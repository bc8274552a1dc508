"""Decoders side by side: the example, its repetition in the page, blind votes, and the report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from goosequill.evaluation.votes import read_votes
from goosequill.weights.formats.safetensors import encode
from tests.py import checkpoints

START = 60_000  # milliseconds that a start may take on a busy machine


@pytest.fixture(scope="module")
def page(browser: Browser, site_url: str) -> Iterator[Page]:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site_url + "playground/side.html")
    yield page
    page.close()
    assert not complaints


def texts(page: Page) -> list[str]:
    return page.get_by_test_id("output").all_text_contents()


def write(page: Page) -> list[str]:
    page.get_by_test_id("generate").click()
    expect(page.get_by_test_id("status")).to_have_text(re.compile("^Done"), timeout=START)
    return texts(page)


def test_the_example_stands_there_and_one_click_writes_it_again(page: Page) -> None:
    expect(page.get_by_test_id("output")).to_have_count(3)
    example = texts(page)
    assert all(example) and len(set(example)) == 3
    # Where two tokens are about equally likely, kernels differ.
    for before, after, alike in zip(example, write(page), (60, 60, 6), strict=True):
        assert after[:alike] == before[:alike]
    expect(page.locator("dl.measured").first).to_contain_text("Longest repeated passage")
    expect(page.get_by_test_id("model-facts")).to_contain_text("relaxed kernel")


def test_what_repeats_is_underlined_and_a_sentence_says_so(page: Page) -> None:
    greedy = page.locator(".column").first
    loop = greedy.locator(".loop").text_content() or ""
    words = re.findall(r"\w+", loop.lower())
    said = r"Repeats itself from the underlined part on: the same (\d+) words, \d+ times in a row\."
    found = re.fullmatch(said, greedy.locator(".loop-note").text_content() or "")
    assert found
    length = int(found[1])
    assert words[:length] == words[length : 2 * length]
    assert loop in texts(page)[0]
    expect(page.locator(".loop")).to_have_count(1)
    expect(page.locator(".column").nth(1).locator(".loop-note")).to_be_hidden()


def test_the_tag_of_a_style_is_shown_only_in_a_list(site_url: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(site_url + "playground/side.html")
    prompt, style, as_list = (page.get_by_test_id(name) for name in ("prompt", "style", "list"))
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


def test_the_report_holds_what_is_shown_and_the_comparer_opens_it(
    page: Page, browser: Browser, tmp_path: Path
) -> None:
    with page.expect_download() as saved:
        page.locator("#export").click()
    path = tmp_path / "report.json"
    saved.value.save_as(path)
    (prompt,) = json.loads(path.read_text(encoding="utf-8"))["prompts"]
    names = ["greedy", "greedy-penalty", "top-p-0.8"]
    assert prompt["prompt"] == "<novel>\n" + page.get_by_test_id("prompt").input_value()
    assert [result["outputs"][0] for result in prompt["results"]] == texts(page)
    assert [result["sampling_config"] for result in prompt["results"]] == names
    comparer = browser.new_page()
    comparer.goto(page.url.split("playground/")[0] + "compare/")
    comparer.locator("input[type=file]").first.set_input_files(path)
    for name in names:
        expect(comparer.locator("body")).to_contain_text(name)
    expect(comparer.locator("main")).to_contain_text(" ".join(texts(page)[0].split()[:4]))
    comparer.close()


def test_a_decoder_of_its_own_writes_on_every_prompt_of_a_list(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps(["The goose was a", {"prompt": "One day\r\nthe king"}]), encoding="utf-8")
    page.get_by_test_id("prompt-file").set_input_files(path)
    expect(page.get_by_test_id("prompt")).to_have_value("The goose was a\nOne day\\nthe king")
    expect(page.get_by_test_id("status")).to_contain_text("Windows line ends were replaced.")
    column = page.locator(".column").nth(2)
    column.get_by_text("Settings", exact=True).click()
    column.get_by_role("spinbutton", name="Temperature").fill("0.4")
    column.get_by_role("spinbutton", name="Temperature").blur()
    expect(column.get_by_label("Preset of decoder C")).to_have_value("")
    page.locator("#length").fill("8")
    last = write(page)
    assert all(last) and len(last) == 3
    page.get_by_test_id("shown").select_option("0")
    assert texts(page) != last
    with page.expect_download() as saved:
        page.locator("#export").click()
    saved.value.save_as(tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [prompt["prompt"] for prompt in report["prompts"]] == ["The goose was a", "One day\nthe king"]
    own = report["prompts"][1]["results"][2]
    assert (own["sampling_params"]["temperature"], own["outputs"]) == (0.4, [last[2]])


def test_a_blind_vote_names_the_decoders_only_afterwards(page: Page) -> None:
    page.locator("#list").uncheck()
    page.get_by_test_id("prompt").fill("The goose was a")
    page.locator("#blind").check()
    write(page)
    names = page.locator("#columns .column > select")
    for at in range(3):
        expect(names.nth(at)).to_be_hidden()
        expect(page.locator("dl.measured").nth(at)).to_be_hidden()
    page.get_by_role("group", name="Which reads best?").get_by_role("button", name="Text B").click()
    expect(names.nth(1)).to_be_visible()
    expect(page.get_by_test_id("status")).to_contain_text("Your vote: ")
    expect(page.locator("#tally")).to_contain_text("2 of 2")  # the best text beats the two others
    expect(page.get_by_role("group", name="Which reads best?")).to_be_hidden()


def test_the_address_holds_everything(site_url: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(site_url + "playground/side.html")
    column = page.locator(".column").nth(2)
    column.get_by_text("Settings", exact=True).click()
    column.get_by_role("spinbutton", name="Temperature").fill("0.4")
    column.get_by_role("spinbutton", name="Temperature").blur()
    expect(column.get_by_label("Preset of decoder C")).to_have_value("")
    page.locator("#length").fill("8")
    page.locator("#add").click()
    expect(page.locator(".column")).to_have_count(4)
    page.locator("#seed").fill("77")
    expect(page).to_have_url(re.compile("seed=77"))
    notes = ".column > .note:not(.loop-note)"
    settings = f"[...document.querySelectorAll('{notes}')].map((note) => note.textContent).sort()"
    other = browser.new_page()
    other.goto(page.url)
    expect(other.locator(".column")).to_have_count(4)
    assert other.evaluate(settings) == page.evaluate(settings)
    assert other.locator("#seed").input_value() == "77"
    assert other.locator("#length").input_value() == "8"
    assert "temperature 0.4" in other.locator(notes).nth(2).inner_text().lower()
    other.close()
    page.close()


def test_what_is_typed_before_the_script_runs_stays(site_url: str, browser: Browser) -> None:
    page = browser.new_page()
    held: list[Route] = []
    page.route("**/playground/example.json", lambda route: held.append(route))
    with page.expect_request("**/playground/example.json"):
        page.goto(site_url + "playground/side.html")
    page.get_by_test_id("prompt").fill("Typed early")
    page.locator("#seed").fill("78")
    held[0].continue_()
    expect(page).to_have_url(re.compile("seed=78"))
    expect(page.get_by_test_id("prompt")).to_have_value("Typed early")
    page.close()


def test_a_prompt_is_in_the_address_only_after_copy_link(site_url: str, browser: Browser) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(site_url + "playground/side.html")
    # Filling takes two steps, and the first prompt must not appear between them.
    expect(page.get_by_test_id("prompt")).not_to_have_value("")
    page.get_by_test_id("prompt").fill("A line that I keep")
    page.locator("#seed").fill("78")
    expect(page).to_have_url(re.compile("seed=78"))
    assert "keep" not in page.url
    page.reload()
    expect(page.get_by_test_id("prompt")).to_have_value("A line that I keep")
    page.get_by_test_id("copy-link").click()
    expect(page.get_by_test_id("status")).to_have_text("The link is copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    other = browser.new_page()
    other.goto(link)
    expect(other.get_by_test_id("prompt")).to_have_value("A line that I keep")
    other.close()
    page.get_by_label("Remember my prompts in this browser").uncheck()
    expect(page.get_by_text("Remembered prompts are deleted.")).to_be_visible()
    page.get_by_test_id("prompt").fill("Another line that I keep")
    page.locator("#seed").fill("79")
    expect(page).to_have_url(re.compile("seed=79"))
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert "79" in stored and "keep" not in stored and "keep" not in page.url
    page.goto(site_url + "search/")
    expect(page.get_by_label("Remember my prompts in this browser")).not_to_be_checked()
    context.close()


def save(page: Page, path: Path) -> dict[str, Any]:
    """The report of what is shown."""
    with page.expect_download() as saved:
        page.locator("#export").click()
    saved.value.save_as(path)
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report


def test_seeds_of_their_own_part_the_texts_of_equal_decoders(page: Page, tmp_path: Path) -> None:
    page.locator("#reset").click()
    page.locator("#blind").uncheck()
    for letter in "ABC":
        page.get_by_label(f"Preset of decoder {letter}").select_option("top-p-0.8")
    page.locator("#length").fill("12")
    page.locator("#seed").fill("40")
    same = write(page)
    assert same[0] == same[1] == same[2] != ""
    page.locator("#own-seeds").check()
    own = write(page)
    assert own[0] == same[0] and len(set(own)) == 3
    (prompt,) = save(page, tmp_path / "report.json")["prompts"]
    assert [result["sampling_params"]["seed"] for result in prompt["results"]] == [40, 41, 42]
    expect(page).to_have_url(re.compile("own_seeds=1"))


def counted(page: Page) -> tuple[int, int]:
    """How many comparisons were won, and in how many a decoder took part, over all decoders."""
    found = re.findall(r": (\d+) of (\d+)", page.locator("#tally").text_content() or "")
    return sum(int(won) for won, _ in found), sum(int(seen) for _, seen in found)


def test_blind_votes_go_through_every_prompt_before_a_name_is_shown(page: Page) -> None:
    page.locator("#reset").click()
    page.locator("#list").check()
    page.get_by_test_id("prompt").fill("The goose was a\nThe king said\nIn the evening")
    page.locator("#length").fill("8")
    page.locator("#blind").check()
    best, seen = counted(page)
    write(page)
    expect(page.locator("#save-box")).to_be_hidden()  # a report would name the decoders
    vote = page.get_by_role("group", name="Which reads best?")
    names, shown = page.locator("#columns .column > select"), page.get_by_test_id("shown")
    for at, (choice, left) in enumerate((("Text A", "2 more to judge"), ("Tie", "1 more to judge"))):
        expect(shown).to_have_value(str(at))
        vote.get_by_role("button", name=choice).click()
        expect(page.get_by_test_id("status")).to_contain_text(left)
        for place in range(3):
            expect(names.nth(place)).to_be_hidden()
    expect(shown).to_have_value("2")
    vote.get_by_role("button", name="Undo").click()
    expect(shown).to_have_value("1")
    vote.get_by_role("button", name="All are bad").click()
    expect(shown).to_have_value("2")
    vote.get_by_role("button", name="Text B").click()
    expect(page.get_by_test_id("status")).to_contain_text("Your vote: ")
    expect(names.first).to_be_visible()
    # Of three pairs a winner takes part in two; "all are bad" counts for each of the three.
    assert counted(page) == (best + 4, seen + 2 * 2 + 2 * 3 + 2 * 2)
    shown.select_option("1")
    expect(vote).to_be_hidden()  # votes are locked once names are shown
    page.locator("#blind").uncheck()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save votes").click()
    votes = read_votes(json.loads(Path(saved.value.path()).read_text(encoding="utf-8")))
    assert [vote.choice for vote in votes[-5:-2]] == 3 * ["both_bad"]
    assert {vote.left for vote in votes} <= {
        "greedy",
        "greedy-penalty",
        "top-p-0.8",
        "temperature 0.4, top_p 0.8",
    }


def test_texts_stay_those_of_the_model_that_wrote_them_when_another_is_chosen(
    page: Page, tmp_path: Path
) -> None:
    page.locator("#reset").click()
    page.locator("#length").fill("8")
    before = write(page)
    title = page.get_by_test_id("model-title").text_content()
    file = tmp_path / "small.safetensors"
    file.write_bytes(b"".join(encode(checkpoints.rwkv4(vocab=256).items())))
    page.get_by_text("Use your own model").click()
    page.get_by_test_id("model-file").set_input_files(file)
    expect(page.get_by_test_id("status")).to_contain_text("is ready", timeout=START)
    other = page.get_by_test_id("model-title").text_content()
    assert other != title
    assert texts(page) == before and save(page, tmp_path / "report.json")["model_name"] == title
    assert write(page) != before
    assert save(page, tmp_path / "report.json")["model_name"] == other


def test_a_model_that_an_address_names_is_fetched_only_when_the_visitor_agrees(
    browser: Browser, site_url: str
) -> None:
    page = browser.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{site_url}playground/#model=https://elsewhere.example/model.pth&prompt=A")
    expect(page.get_by_test_id("model-title")).to_have_text("model.pth")
    page.get_by_test_id("generate").click()
    expect(page.get_by_test_id("consent")).to_be_visible()
    page.get_by_test_id("consent-no").click()
    expect(page.get_by_test_id("status")).to_have_text("Stopped.")
    assert not [url for url in requests if "elsewhere" in url]
    page.close()
