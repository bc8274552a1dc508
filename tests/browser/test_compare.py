"""The comparer in a browser. The first tests are the faults of the original, one each."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from goosequill.decoding.presets import PRESETS

from .accessibility import violations, violations_in_both_themes
from .conftest import Record, watch
from .model_server import serve_model
from .variants import variants

Outputs = dict[str, dict[str, list[Any]]]
MakeFile = Callable[..., str]
NAMES = (("short", 1), ("long", 10))
INNER_WIDTH = "(box) => Math.floor(box.getBoundingClientRect().width)"
SCHEMES: tuple[Any, ...] = ("light", "dark")
each_scheme = pytest.mark.parametrize("scheme", variants(["light"], ["dark"]))
HOSTILE = (
    "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
    '<svg onload=window.hacked=1>"><iframe srcdoc="<script>parent.hacked=1</script>">'
    "\n\n![pixel](https://strangers.example/pixel.png) [click](javascript:window.hacked=1)"
)


def sampling(prompts: Outputs, model: str = "org/model", **more: object) -> dict[str, Any]:
    """A sampling report: {prompt: {configuration: [output]}}."""
    entries = [
        {
            "prompt": prompt,
            "results": [
                {"sampling_config": name, "sampling_params": {"temperature": 0.8}, "outputs": outputs}
                for name, outputs in configs.items()
            ],
        }
        for prompt, configs in prompts.items()
    ]
    return {"model_name": model, "date": "2026-01-02T03:04:05", "args": {}, "prompts": entries, **more}


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    """Writes a report, or bytes as they are, to a file and returns its path."""

    def write(name: str, content: dict[str, Any] | str | bytes) -> str:
        data = json.dumps(content) if isinstance(content, dict) else content
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return str(path)

    return write


@pytest.fixture
def comparer(page: Page, site_url: str, record: Record) -> Page:
    page.goto(f"{site_url}compare/")
    return page


def pick(page: Page, *files: str) -> None:
    page.get_by_test_id("file-input").set_input_files(list(files))


def serve(page: Page, path: str, body: dict[str, Any] | str, status: int = 200) -> None:
    """Lets the page's own server answer one more path."""
    text = json.dumps(body) if isinstance(body, dict) else body

    def answer(route: Route) -> None:
        route.fulfill(status=status, body=text, content_type="application/json")

    page.route(re.compile(rf"^[^?]*/{re.escape(path)}$"), answer)


def test_missing_samples_and_fields_never_blank_the_page(comparer: Page, make_file: MakeFile) -> None:
    report = sampling({"p": {"greedy": ["one"], "k50": ["two", "three"]}, "__proto__": {"greedy": ["four"]}})
    report["prompts"].append(
        {"prompt": "broken", "results": [{"sampling_config": "greedy", "outputs": None}]}
    )
    pick(comparer, make_file("r.json", report))
    expect(comparer.get_by_test_id("output")).to_have_text(["one", "two", "three", "four"])
    comparer.get_by_label("Sample", exact=True).select_option("2")
    expect(comparer.get_by_test_id("output")).to_have_text(["three"])
    expect(comparer.get_by_text("There is no sample 2 here, only 1.")).to_have_count(1)
    expect(comparer.get_by_test_id("message")).to_contain_text("prompts[2].results[0].outputs is null")
    comparer.reload()
    pick(comparer, make_file("s.json", sampling({"p": {"greedy": ["one"]}})))
    expect(comparer.get_by_test_id("prompt")).to_have_text(["p"])


def test_another_shape_and_a_404_are_said_plainly(comparer: Page, make_file: MakeFile, site_url: str) -> None:
    pick(comparer, make_file("other.json", '{"hello": 1}'), make_file("words.txt", "some words"))
    message = comparer.get_by_test_id("message")
    expect(message).to_contain_text("other.json: prompts is missing")
    expect(message).to_contain_text("words.txt: This is neither JSON nor a table")
    comparer.goto(f"{site_url}compare/?f=nowhere.json")
    expect(message).to_contain_text("nowhere.json: The server answered 404: there is no such file")


def test_a_truncated_report_shows_what_was_saved(comparer: Page, make_file: MakeFile) -> None:
    whole = json.dumps(sampling({"a": {"g": ["first"]}, "b": {"g": ["second", "third"]}}))
    pick(comparer, make_file("cut.json", whole[: whole.index("third") + 2]))
    expect(comparer.get_by_test_id("output")).to_have_text(["first", "second"])
    expect(comparer.get_by_test_id("message")).to_contain_text("cut off at line 1")


def test_markdown_mathematics_money_and_links(comparer: Page, make_file: MakeFile) -> None:
    text = (
        "|a|b|\n|-|-|\n|1|2|\n\n~~gone~~ $5 to $10, \\(x_1\\) and $y^2$, see https://example.com/x\n\n"
        "- [x] done\n\n\\[\nz = \\frac{1}{2}\n\\]\n\n```python\nprint('hi')\n```"
    )
    pick(comparer, make_file("r.json", sampling({"p": {"g": [text]}})))
    output = comparer.get_by_test_id("output")
    expect(output.locator("td")).to_have_text(["1", "2"])
    expect(output.locator("s")).to_have_text("gone")
    expect(output.locator("input[type=checkbox]")).to_be_checked()
    expect(output.locator("math")).to_have_count(3)
    expect(output).to_contain_text("$5 to $10")
    expect(output.get_by_role("link")).to_have_attribute("href", "https://example.com/x")
    expect(output.locator(".hljs-built_in")).to_have_text("print")
    comparer.get_by_role("button", name="Raw").click()
    expect(output.locator("td")).to_have_count(0)
    expect(output).to_contain_text("|1|2|")


def test_special_tokens_are_taken_out_visibly(comparer: Page, make_file: MakeFile) -> None:
    pick(comparer, make_file("r.json", sampling({"p": {"g": ["hello<|im_end|></s>"]}})))
    expect(comparer.get_by_test_id("output")).to_have_text("hello")
    expect(comparer.locator(".removed")).to_have_text("removed: <|im_end|> </s>")
    comparer.keyboard.press("t")
    expect(comparer.get_by_test_id("output")).to_have_text("hello<|im_end|></s>")


def test_files_of_one_model_are_told_apart_and_shared_prompts_come_first(
    comparer: Page, make_file: MakeFile
) -> None:
    first = sampling({"zebra": {"g": ["1"]}, "10": {"g": ["2"]}, "2": {"g": ["3"]}})
    first["prompts"].append(sampling({"zebra": {"g": ["again"]}})["prompts"][0])
    pick(comparer, make_file("one.json", first), make_file("two.json", sampling({"10": {"g": ["4"]}})))
    expect(comparer.get_by_test_id("prompt")).to_have_text(["10", "zebra", "2"])
    names = comparer.get_by_test_id("report").locator("strong")
    expect(names).to_have_text(["model · one.json", "model · two.json"])


def test_hostile_outputs_are_inert(
    comparer: Page, make_file: MakeFile, record: Record, site_url: str
) -> None:
    report = sampling({HOSTILE: {HOSTILE: [HOSTILE]}}, model=HOSTILE, args={HOSTILE: HOSTILE})
    pick(comparer, make_file("r.json", report))
    output = comparer.get_by_test_id("output")
    expect(output).to_contain_text("<script>window.hacked=1</script>")
    expect(output).to_contain_text("image: pixel (strangers.example)")
    comparer.keyboard.press("p")
    expect(comparer.locator("main img, main iframe, main svg, main script")).to_have_count(0)
    assert comparer.evaluate("window.hacked") is None
    origin = re.match(r"https?://[^/]+/", site_url)
    assert origin and not record.outside(origin.group())
    assert not record.console_errors


@pytest.mark.rest
def test_an_output_of_70_000_short_lines_is_shown_and_compared(
    comparer: Page, make_file: MakeFile, record: Record
) -> None:
    """One call with each line as an argument ("spread into push") exhausts the stack."""
    for name, word in (("one", "a"), ("two", "b")):
        texts: Outputs = {"p": {"g": [f"{word}\n" * 70_000 + f"the end of {name}"]}, "q": {"g": ["short"]}}
        report = sampling(texts, name)
        pick(comparer, make_file(f"{name}.json", report))
    output = comparer.get_by_test_id("output")
    expect(output).to_have_count(4)
    expect(output.first).to_contain_text("a a a")
    expect(comparer.get_by_role("button", name="Show more of this output")).to_have_count(2)
    comparer.get_by_label("Search prompts and outputs").fill("end of two")
    expect(comparer.locator("#count")).to_have_text("1 of 2 prompts")
    comparer.get_by_label("Baseline", exact=True).select_option("A")
    expect(comparer.locator("del").first).to_contain_text("a")
    comparer.get_by_label("Baseline", exact=True).select_option("")
    comparer.get_by_role("button", name="Raw").last.click()
    expect(output.last).to_contain_text("b b b")
    expect(comparer.locator("del")).to_have_count(0)
    assert not record.console_errors


def test_old_links_work_and_typing_neither_fetches_nor_fills_the_history(
    page: Page, site_url: str, record: Record
) -> None:
    serve(page, "compare/r/one.json", sampling({"p": {"g": ["1"]}}, "one"))
    serve(page, "two.json", sampling({"p": {"g": ["2"]}}, "two"))
    page.goto(f"{site_url}compare/?f=r%2Fone.json%0A{site_url}two.json")
    expect(page.get_by_test_id("report").locator("strong")).to_have_text(["one", "two"])
    expect(page.get_by_test_id("output")).to_have_text(["1", "2"])
    entries, asked = page.evaluate("history.length"), len(record.requests)
    page.get_by_test_id("url-input").press_sequentially("abcdef")
    page.get_by_label("Search prompts and outputs").press_sequentially("nothing")
    expect(page.locator("#count")).to_have_text("0 of 1 prompt")
    assert page.evaluate("history.length") == entries
    page.wait_for_timeout(400)
    assert not [url for url in record.requests[asked:] if "one.json" in url or "two.json" in url]


def test_a_link_carries_the_view(page: Page, site_url: str) -> None:
    serve(page, "one.json", sampling({"apple": {"g": ["1"], "k": ["2", "3"]}, "pear": {"g": ["4"]}}))
    page.goto(f"{site_url}compare/?f=one.json")
    page.get_by_label("Configuration").select_option("k")
    page.get_by_label("Search prompts and outputs").fill("apple")
    expect(page.get_by_test_id("output")).to_have_text(["2", "3"])
    expect(page).to_have_url(re.compile("config=k"))
    assert "?" not in page.url and "apple" not in page.url
    page.wait_for_function("() => JSON.stringify(history.state ?? '').includes('apple')")
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.get_by_label("Search prompts and outputs")).to_have_value("apple")
    expect(page.get_by_test_id("output")).to_have_text(["2", "3"])
    page.locator("#copy-link").click()
    expect(page).to_have_url(re.compile("config=k.*q=apple"))
    page.goto("about:blank")
    page.go_back()
    expect(page.get_by_test_id("output")).to_have_text(["2", "3"])
    expect(page.get_by_label("Search prompts and outputs")).to_have_value("apple")


OVERTAKEN = """([link, written]) => {
  location.hash = link;
  history.replaceState(null, "", written);
}"""
"""A link is followed, and what the page had to write into its address is written before it learns of that."""


def test_a_link_to_another_view_works_in_the_open_page(page: Page, site_url: str) -> None:
    serve(page, "one.json", sampling({"apple": {"g": ["1"]}, "pear": {"g": ["2"]}}))
    serve(page, "two.json", sampling({"apple": {"g": ["3"]}}))
    page.goto(f"{site_url}compare/?f=one.json&q=pear&v=1")
    expect(page.get_by_test_id("output")).to_have_text(["2"])
    expect(page).to_have_url(re.compile(r"compare/#f=one\.json&v=1$"))
    page.goto(f"{site_url}compare/#f=two.json&v=1")
    expect(page.get_by_test_id("output")).to_have_text(["3"])
    expect(page.get_by_test_id("report")).to_have_count(1)
    expect(page.get_by_test_id("url-input")).to_have_value("two.json")
    page.get_by_role("link", name="Skip to the prompts").press("Enter")
    expect(page.locator("#prompts")).to_be_focused()
    expect(page).to_have_url(re.compile(r"#f=two\.json&v=1$"))
    page.evaluate(OVERTAKEN, ["f=one.json&v=1", "#f=two.json&v=1"])
    expect(page.get_by_test_id("output")).to_have_text(["1", "2"])
    expect(page).to_have_url(re.compile(r"#f=one\.json&v=1$"))


def test_picked_files_survive_a_reload_if_wished(comparer: Page, make_file: MakeFile) -> None:
    pick(comparer, make_file("r.json", sampling({"p": {"g": ["kept"]}})))
    expect(comparer.get_by_test_id("output")).to_have_text("kept")
    comparer.reload()
    expect(comparer.get_by_text("with three decoders")).to_be_visible()
    expect(comparer.get_by_text("kept", exact=True)).to_have_count(0)
    pick(comparer, make_file("r.json", sampling({"p": {"g": ["kept"]}})))
    comparer.get_by_label("Keep these files").check()
    expect(comparer.get_by_text("The files are kept in this browser.")).to_be_visible()
    comparer.reload()
    expect(comparer.get_by_test_id("output")).to_have_text("kept")
    comparer.get_by_role("button", name="Close all").click()
    expect(comparer.get_by_test_id("report")).to_have_count(0)
    comparer.reload()
    expect(comparer.get_by_test_id("report")).to_have_count(3)
    expect(comparer.get_by_text("kept", exact=True)).to_have_count(0)


def test_it_fits_360_pixels(comparer: Page, make_file: MakeFile) -> None:
    comparer.set_viewport_size({"width": 360, "height": 740})
    wide = "|" + "column|" * 12 + "\n|" + "-|" * 12 + "\n\n" + "w" * 300 + "\n\n```\n" + "x " * 200 + "\n```"
    report = sampling({"p" * 200: {"configuration" * 9: [wide]}}, model="m" * 120)
    pick(comparer, make_file("f" * 80 + ".json", report))
    expect(comparer.get_by_test_id("output")).to_contain_text("wwww")
    for key in ("p", "m", "s"):
        comparer.keyboard.press(key)
        assert comparer.evaluate("document.documentElement.scrollWidth") <= 360


def test_dropped_and_zipped_files(comparer: Page) -> None:
    packed = list(gzip.compress(json.dumps(sampling({"p": {"g": ["dropped"]}})).encode()))
    transfer = comparer.evaluate_handle(
        """bytes => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "r.json.gz"));
          return transfer;
        }""",
        packed,
    )
    comparer.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(comparer.get_by_test_id("output")).to_have_text("dropped")


def test_search_by_words_by_expression_and_by_difference(comparer: Page, make_file: MakeFile) -> None:
    first = sampling({"a": {"g": ["red apple"]}, "b": {"g": ["green pear"]}, "c": {"g": ["only here"]}})
    second = sampling({"a": {"g": ["red apple"]}, "b": {"g": ["yellow pear"]}})
    pick(comparer, make_file("1.json", first), make_file("2.json", second))
    prompts, query = comparer.get_by_test_id("prompt"), comparer.get_by_label("Search prompts and outputs")
    query.fill("PEAR green")
    expect(prompts).to_have_text(["b"])
    query.fill("^(red|only)")
    expect(prompts).to_have_count(0)
    comparer.get_by_label("Regular expression").check()
    expect(prompts).to_have_text(["a", "c"])
    query.fill("(")
    expect(comparer.locator("#count")).to_contain_text("not a regular expression")
    query.fill("")
    comparer.get_by_label("Only where outputs differ").check()
    expect(prompts).to_have_text(["b"])
    comparer.get_by_label("Only where outputs differ").uncheck()
    comparer.get_by_label("Prompts", exact=True).select_option("some")
    expect(prompts).to_have_text(["c"])


def test_where_nothing_is_shown_the_page_says_why_and_leads_out(comparer: Page, make_file: MakeFile) -> None:
    pick(comparer, make_file("1.json", sampling({"a": {"g": ["x"]}}, "one")))
    pick(comparer, make_file("2.json", sampling({"b": {"g": ["y"]}}, "two")))
    summary = comparer.locator("#summary")
    expect(summary).to_contain_text("have no prompt in common")
    comparer.get_by_label("Prompts", exact=True).select_option("all")
    empty = comparer.get_by_test_id("empty")
    expect(empty).to_contain_text("The shown reports have no prompt in common.")
    assert violations_in_both_themes(comparer) == []
    comparer.get_by_role("button", name="Metrics", exact=True).click()
    expect(empty).to_contain_text("no prompt in common")
    empty.get_by_role("button", name="Show all prompts").press("Enter")
    comparer.get_by_role("button", name="Read", exact=True).click()
    comparer.get_by_label("Search prompts and outputs").fill("goose")
    empty.get_by_role("button", name="Clear the search").press("Enter")
    expect(comparer.locator("#prompts")).to_be_focused()
    expect(comparer.get_by_test_id("prompt")).to_have_text(["a", "b"])
    comparer.get_by_role("button", name="Close all").click()
    comparer.get_by_role("button", name="Open the examples").press("Enter")
    expect(comparer.get_by_test_id("report")).to_have_count(3)


def test_a_long_list_is_shown_a_page_at_a_time(comparer: Page, make_file: MakeFile, site_url: str) -> None:
    report = sampling({f"prompt {i}": {"g": [f"text {i}"]} for i in range(120)})
    serve(comparer, "long.json", report)
    comparer.goto(f"{site_url}compare/#f=long.json&at=75&v=1")  # a link to a row opens its page
    prompts, pages = comparer.get_by_test_id("prompt"), comparer.get_by_role("navigation", name="Pages of")
    expect(prompts.first).to_have_text("prompt 50")
    expect(comparer.get_by_text("prompt 74", exact=True)).to_be_in_viewport()
    expect(pages).to_contain_text("of 120")
    assert violations(comparer) == []
    pages.get_by_role("button", name="Next").press("Enter")
    expect(comparer.locator("#prompt-101")).to_be_focused()
    expect(prompts).to_have_count(20)
    expect(pages.get_by_role("button", name="Next")).to_be_disabled()
    comparer.keyboard.press("k")  # goes on to the page before
    expect(comparer.locator("#prompt-100")).to_be_focused()
    expect(comparer).to_have_url(re.compile("at=100"))
    pages.get_by_label("Prompts").select_option("1 to 50")
    expect(prompts.first).to_have_text("prompt 0")
    comparer.get_by_label("Search prompts and outputs").fill("prompt 119")
    expect(prompts).to_have_text(["prompt 119"])
    expect(pages).to_be_hidden()


@each_scheme
def test_what_differs_comes_first_and_leads_to_the_prompts(
    comparer: Page, make_file: MakeFile, scheme: Any
) -> None:
    comparer.emulate_media(color_scheme=scheme)
    words = [f"{w} is a word" for w in ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")]
    for name, times in NAMES:
        texts: Outputs = {f"p{i}": {"g": [f"{w} " * times * (i + 1)]} for i, w in enumerate(words)}
        pick(comparer, make_file(f"{name}.json", sampling(texts, name)))
        expect(comparer.get_by_test_id("report").filter(has_text=name)).to_have_count(1)
    summary, status = comparer.locator("#summary"), comparer.locator("#summary-body").get_by_role("status")
    expect(status).not_to_be_empty()
    before = summary.bounding_box()
    expect(status).to_contain_text("Over the 10 prompts that both have.")
    expect(summary.get_by_role("row", name="B · long")).to_contain_text(re.compile(r"\d to \d"))
    after = summary.bounding_box()
    assert before and after and after["height"] == pytest.approx(before["height"], abs=1)  # nothing moves
    assert violations(comparer) == []
    comparer.get_by_label("Search prompts and outputs").fill("p3")
    link = summary.get_by_role("link").first
    expect(link).to_have_text("10 p9")
    link.press("Enter")
    expect(comparer.locator("#prompt-10")).to_be_focused()
    prompts, order = comparer.get_by_test_id("prompt"), comparer.get_by_label("Order")
    order.select_option("words")
    expect(prompts.first).to_have_text("p9")
    expect(comparer).to_have_url(re.compile("sort=words"))
    comparer.get_by_role("button", name="Metrics", exact=True).click()
    expect(summary).to_be_hidden()


def test_what_differs_in_the_examples_is_known_without_python(comparer: Page, record: Record) -> None:
    summary = comparer.locator("#summary-body")
    expect(summary.get_by_role("status")).to_contain_text("Over the 10 prompts that both have.")
    expect(summary.get_by_role("row", name="C · default · sampling.json")).to_contain_text(
        "difference from A"
    )
    expect(summary.get_by_role("link")).to_have_count(3)
    assert not [url for url in record.requests if "pyodide" in url]


def test_an_expression_that_never_ends_is_stopped(comparer: Page, make_file: MakeFile) -> None:
    pick(comparer, make_file("r.json", sampling({"p": {"g": ["a" * 5000 + "!"]}})))
    expect(comparer.get_by_test_id("output")).to_have_count(1)
    comparer.get_by_label("Regular expression").check()
    comparer.get_by_label("Search prompts and outputs").fill("(a+)+$")
    expect(comparer.locator("#count")).to_contain_text("takes too long")
    comparer.get_by_label("Search prompts and outputs").fill("a!")
    expect(comparer.get_by_test_id("prompt")).to_have_count(1)


def test_differences_from_a_baseline(comparer: Page, make_file: MakeFile) -> None:
    first = sampling({"a": {"g": ["the quick fox"]}}, "one")
    second = sampling({"a": {"g": ["the slow fox"]}}, "two")
    third = sampling({"a": {"g": ["the quick fox"]}}, "three")
    pick(comparer, make_file("1.json", first), make_file("2.json", second), make_file("3.json", third))
    comparer.get_by_label("Baseline", exact=True).select_option("A")
    changed = comparer.get_by_test_id("output").nth(1)
    expect(changed.locator("del")).to_have_text("quick")
    expect(changed.locator("ins")).to_have_text("slow")
    expect(comparer.get_by_text("same as the baseline")).to_have_count(1)


def test_axe_finds_nothing(comparer: Page, make_file: MakeFile) -> None:
    texts = ["- [ ] a\n\n```js\nlet a = 1\n```\n\n|a|\n|-|\n|b|\n\n$$x^2$$", "long " * 400]
    first = sampling({"a": {"g": texts}, "b": {"g": ["same", "same"]}})
    pick(comparer, make_file("1.json", first), make_file("2.json", sampling({"a": {"g": ["x", "y"]}})))
    pick(comparer, make_file("bad.json", "{}"))
    expect(comparer.locator("math, .hljs-keyword")).to_have_count(2)
    assert violations_in_both_themes(comparer) == []
    comparer.keyboard.press("b")
    expect(comparer.locator("ins")).not_to_have_count(0)
    assert violations_in_both_themes(comparer) == []


def test_votes_are_blind_kept_undone_and_locked(comparer: Page, make_file: MakeFile) -> None:
    files = [
        make_file(f"{name}.json", sampling({f"p{i}": {"cfg": [f"text {i} {mark}"]} for i in range(3)}, name))
        for name, mark in (("secretone", "x"), ("secrettwo", "y"))
    ]
    pick(comparer, *files)
    comparer.get_by_label("Keep these files").check()
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_label("Your name").fill("ann")
    comparer.get_by_label("Rubric").fill("Is it true?")
    comparer.get_by_role("button", name="Begin").click()
    expect(comparer.get_by_text("Is it true?")).to_be_visible()
    for words in ("secretone", "secrettwo", "cfg", "--hue"):
        assert words not in comparer.content()
    assert "secret" not in comparer.title()
    count = comparer.locator("#vote-count")
    comparer.get_by_label("Note").fill("nice")
    comparer.get_by_role("button", name="First is better").click()
    comparer.keyboard.press("=")
    expect(count).to_have_text("2 votes of 3 pairs")
    comparer.keyboard.press("u")
    expect(count).to_have_text("1 vote of 3 pairs")
    comparer.wait_for_timeout(300)
    comparer.reload()
    expect(count).to_have_text("1 vote of 3 pairs")
    assert "secret" not in comparer.content()
    with comparer.expect_download() as saved:
        comparer.get_by_role("button", name="Save votes").click()
    votes = json.loads(Path(saved.value.path()).read_text())
    assert votes["rater"] == "ann" and votes["votes"][0]["note"] == "nice"
    comparer.get_by_role("button", name="Reveal names").click()
    comparer.get_by_role("dialog").get_by_role("button", name="Show the names").click()
    expect(comparer.get_by_text("these votes are locked")).to_be_visible()
    comparer.keyboard.press("1")
    comparer.get_by_text("All votes").click()
    rows = comparer.locator("details tbody tr").filter(has_text="nice")
    expect(rows).to_contain_text("secretone")


def test_what_is_wrong_with_a_file_of_votes_stays_until_the_next_try(
    comparer: Page, make_file: MakeFile, tmp_path: Path
) -> None:
    pick(comparer, *[make_file(f"{x}.json", sampling({"p": {"cfg": [x]}}, x)) for x in ("one", "two")])
    comparer.get_by_role("button", name="Judge", exact=True).click()
    file = tmp_path / "votes.json"
    file.write_text('{"format": "goosequill-votes", "votes": 3}', encoding="utf-8")
    comparer.locator("#votes-file").set_input_files(file)
    problem = comparer.locator("#votes-problem")
    expect(problem).to_contain_text("votes.json: votes ")
    expect(comparer.locator("#said")).not_to_have_class(re.compile("shown"))  # the spoken words have gone
    expect(problem).to_be_visible()
    expect(comparer.locator("#votes-file")).to_have_attribute("aria-describedby", "votes-problem")
    assert violations(comparer) == []
    file.write_text('{"format": "goosequill-votes", "votes": []}', encoding="utf-8")
    comparer.locator("#votes-file").set_input_files(file)
    expect(comparer.locator("#vote-count")).to_have_text("0 votes of 1 pair")
    expect(problem).to_have_count(0)


@pytest.mark.parametrize(
    "damaged",
    variants(['{"format": "goosequill-votes", "vo'], ['{"format": "x"}']),
)
def test_damaged_votes_are_set_aside_and_offered_before_the_next_vote(
    comparer: Page, make_file: MakeFile, damaged: str
) -> None:
    pick(comparer, *[make_file(f"{x}.json", sampling({"p": {"cfg": [x]}}, x)) for x in ("one", "two")])
    comparer.get_by_label("Keep these files").check()
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_role("button", name="Begin").click()
    expect(comparer.locator("#vote-count")).to_have_text("0 votes of 1 pair")
    keys = "Object.keys(localStorage).filter((key) => key.includes('round.'))"
    comparer.evaluate(f"(text) => {{ for (const key of {keys}) localStorage[key] = text; }}", damaged)
    comparer.reload()
    notice = comparer.locator("#message").get_by_text("They have been set aside.")
    expect(notice).to_be_visible()
    with comparer.expect_download() as saved:
        comparer.get_by_role("button", name="Download them").click()
    assert Path(saved.value.path()).read_text(encoding="utf-8") == damaged
    assert saved.value.suggested_filename.startswith("votes (damaged)")
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_role("button", name="Begin").click()
    comparer.get_by_role("button", name="Tie").click()
    aside = comparer.evaluate("Object.entries(localStorage).filter(([key]) => key.includes('(damaged)'))")
    assert [text for _, text in aside] == [damaged]


def test_a_round_over_several_prompts_ends_without_a_question(comparer: Page, make_file: MakeFile) -> None:
    for mark in "xyz":
        prompts = {f"p{i}": {"cfg": [f"text {i} {mark}"]} for i in range(2)}
        pick(comparer, make_file(f"{mark}.json", sampling(prompts, f"secret{mark}")))
        expect(comparer.get_by_test_id("report")).to_have_count("xyz".index(mark) + 1)
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_role("button", name="Begin").click()
    shown = []
    for at in range(6):
        expect(comparer.locator("#vote-count")).to_have_text(f"{at} vote{'' if at == 1 else 's'} of 6 pairs")
        sides = comparer.locator(".duel .bubble").all_text_contents()
        shown.append((comparer.locator(".duel-prompt").text_content(), frozenset(sides)))
        assert "secret" not in comparer.content()
        comparer.keyboard.press("1")
    expect(comparer.get_by_text("Every pair has been judged.")).to_be_visible()
    assert len(set(shown)) == 6 and {shown[0][0], shown[1][0]} == {"p0", "p1"}
    comparer.get_by_role("button", name="Reveal names").click()
    expect(comparer.locator("#unblinded")).to_have_text("Names were revealed; these votes are locked.")


def test_a_blind_round_stays_blind_until_the_judge_ends_it(comparer: Page, make_file: MakeFile) -> None:
    """Leaving the Judge view in mid-round once showed the names."""
    outputs = {f"p{i}": {"cfg": [f"text {i}"]} for i in range(3)}
    others = {prompt: {"cfg": ["other"]} for prompt in outputs}
    pick(
        comparer,
        make_file("1.json", sampling(outputs, "secretone")),
        make_file("2.json", sampling(others, "secrettwo")),
    )
    comparer.get_by_label("Keep these files").check()
    comparer.get_by_label("Search prompts and outputs").fill("text")
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_role("button", name="Begin").click()
    comparer.get_by_role("button", name="Tie").click()
    for name in ("Read", "Metrics", "Coverage"):
        expect(comparer.get_by_role("button", name=name, exact=True)).to_be_disabled()
    comparer.keyboard.press("e")
    plain = comparer.url.split("#")[0]
    comparer.goto(plain)
    expect(comparer.locator("#vote-count")).to_have_text("1 vote of 3 pairs")
    comparer.goto(plain + "#page=read&hide=B")
    expect(comparer.locator("#vote-count")).to_have_text("1 vote of 3 pairs")
    comparer.goto(plain + "?page=read&hide=B")
    expect(comparer.locator("#vote-count")).to_have_text("1 vote of 3 pairs")
    assert "secret" not in comparer.content() + comparer.title()
    comparer.get_by_role("button", name="Reveal names").click()
    dialog = comparer.get_by_role("dialog", name="End the round now?")
    expect(dialog).to_contain_text("judged 1 of 3 pairs")
    assert violations(comparer) == []
    dialog.get_by_role("button", name="Continue judging").click()
    comparer.get_by_role("button", name="Reveal names").click()
    dialog.get_by_role("button", name="Show the names").click()
    expect(comparer.locator("#unblinded")).to_contain_text("after 1 of 3 pairs, before the round was over")
    expect(comparer.get_by_test_id("report")).to_have_count(2)
    with comparer.expect_download() as saved:
        comparer.get_by_role("button", name="Save votes").click()
    votes = json.loads(Path(saved.value.path()).read_text())
    assert votes["revealed"] and votes["pairs"] == 3 and len(votes["votes"]) == 1
    comparer.get_by_role("button", name="Read", exact=True).click()
    expect(comparer.get_by_test_id("output")).to_have_count(6)


@pytest.mark.rest
def test_axe_finds_nothing_in_judging_and_live(comparer: Page, make_file: MakeFile) -> None:
    names = ("one", "two")
    files = [
        make_file(f"{name}.json", sampling({f"p{i}": {"g": [f"{name} {i}"]} for i in range(2)}, name))
        for name in names
    ]
    pick(comparer, *files)
    open_live(comparer)
    expect(comparer.get_by_label("Maximum prompts")).to_be_visible()
    assert violations_in_both_themes(comparer) == []
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_label("Rubric").fill("Is it true?")
    assert violations_in_both_themes(comparer) == []
    comparer.get_by_role("button", name="Begin").click()
    expect(comparer.get_by_role("button", name="Tie")).to_be_visible()
    assert violations_in_both_themes(comparer) == []
    for key in ("1", "="):
        comparer.keyboard.press(key)
    expect(comparer.get_by_text("Every pair has been judged")).to_be_visible()
    assert violations_in_both_themes(comparer) == []
    comparer.get_by_role("button", name="Reveal names").click()
    expect(comparer.locator("#strengths tbody tr")).to_have_count(2, timeout=60_000)
    comparer.get_by_text("All votes").click()
    assert violations_in_both_themes(comparer) == []
    comparer.set_viewport_size({"width": 360, "height": 740})
    assert comparer.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.rest
def test_the_engine_judges_votes_of_two_raters(comparer: Page, make_file: MakeFile, record: Record) -> None:
    names = ("one", "two")
    files = [
        make_file(f"{name}.json", sampling({f"p{i}": {"g": [f"{name} {i}"]} for i in range(4)}, name))
        for name in names
    ]
    votes = [
        {
            "prompt": f"p{i}",
            "left": {"name": "one", "config": "g", "sample": 1},
            "right": {"name": "two", "config": "g", "sample": 1},
            "choice": "left",
        }
        for i in range(4)
    ]
    mine = {"format": "goosequill-votes", "rater": "ann", "revealed": True, "votes": votes}
    other = {**mine, "rater": "bob", "votes": [{**vote, "choice": "tie"} for vote in votes[:2]]}
    pick(comparer, *files)
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_label("Open votes").set_input_files([make_file("ann.json", mine)])
    comparer.get_by_label("Open votes").set_input_files([make_file("bob.json", other)])
    table = comparer.locator("#strengths")
    expect(table).to_contain_text("6 votes on 4 prompts by ann, bob", timeout=60_000)
    expect(table.locator("tbody th")).to_have_text(["one", "two"])
    expect(table).to_contain_text("too few votes")
    expect(comparer.locator("#agreement")).to_contain_text("the same on 0 of 2")
    expect(comparer.locator("#position")).to_contain_text("won 4 of 4 votes with a winner")
    comparisons = comparer.locator("#comparisons")
    expect(comparisons).to_contain_text("one against two: won 4, lost 0 and tied 2 on 4 prompts.")
    expect(comparisons).to_contain_text("They differ on only 4 prompts, which is too few")
    expect(table.locator("tbody tr").first.locator("td").last).to_have_text("6 of 6")
    assert not record.console_errors


def test_the_engine_measures_outputs(comparer: Page, make_file: MakeFile, record: Record) -> None:
    first = sampling({f"p{i}": {"g": ["no no no no no no no no", "fine."]} for i in range(9)}, "one")
    second = sampling({f"p{i}": {"g": ["A short answer."]} for i in range(9)}, "two")
    pick(comparer, make_file("1.json", first), make_file("2.json", second))
    comparer.get_by_label("Baseline", exact=True).select_option("B")
    comparer.get_by_role("button", name="Metrics").click()
    looping = comparer.get_by_role("region", name="Looping", exact=True)
    expect(looping.locator(".mean circle")).to_have_count(2, timeout=60_000)
    looping.get_by_text("Table").click()
    row = looping.locator("tbody tr").filter(has_text="A · one")
    expect(row).to_contain_text("50% (23% to 77%)")
    expect(row.locator("td").nth(1)).to_contain_text("*")
    expect(row.locator("td").last).to_have_text("p = 0.035")
    expect(looping).to_contain_text("There are 512 ways to swap the two within prompts; 2 of them give")
    differences = comparer.locator("#differences")
    expect(differences).to_contain_text("A · one: differs significantly in words, ")
    expect(differences).to_contain_text("on the 9 prompts that both have")
    looping.get_by_text("Outputs, highest first").click()
    highest = looping.get_by_role("region", name="Looping, 27 outputs").locator("tbody tr").first
    expect(highest).to_contain_text("no no no no")
    assert violations(comparer) == []
    comparer.get_by_label("Baseline", exact=True).select_option("")
    comparer.get_by_role("region", name="Words", exact=True).get_by_text("Outputs, highest first").click()
    comparer.get_by_role("button", name="Show prompt 5").last.click()
    expect(comparer.get_by_role("article", name="p4")).to_be_focused()
    expect(comparer.get_by_text("8 words · 13% different · 100% looping")).to_have_count(9)
    assert not record.console_errors


@each_scheme
def test_a_saved_web_page_opens_anywhere_with_everything(
    browser: Browser, comparer: Page, make_file: MakeFile, tmp_path: Path, record: Record, scheme: Any
) -> None:
    for name in ("one", "two"):
        prompts: Outputs = {
            f"p{i}": {"g": [f"{name} {i} is here", *2 * [f"{HOSTILE} {name}"]]} for i in range(3)
        }
        pick(comparer, make_file(f"{name}.json", sampling(prompts, name)))
        expect(comparer.get_by_test_id("report").filter(has_text=name)).to_have_count(1)
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_label("Your name").fill("ann")
    comparer.get_by_role("button", name="Begin").click()
    expect(comparer.get_by_role("button", name="First is better")).to_be_visible()
    comparer.keyboard.press("1")
    comparer.get_by_role("button", name="Reveal names").click()
    if comparer.get_by_role("dialog").count():
        comparer.get_by_role("dialog").get_by_role("button", name="Show the names").click()
    expect(comparer.locator("#strengths")).to_be_visible(timeout=60_000)
    comparer.get_by_label("Baseline", exact=True).select_option("A")
    comparer.get_by_label("Save what is shown").select_option("html")
    dialog = comparer.get_by_role("dialog", name="Save as a web page")
    expect(dialog).to_contain_text("marked against the baseline, A · one.")
    assert violations(comparer) == []
    with comparer.expect_download() as saved:
        dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert not record.console_errors
    path = tmp_path / "moved" / "page.html"
    path.parent.mkdir()
    saved.value.save_as(path)
    page = browser.new_context(color_scheme=scheme).new_page()  # of somebody who was never on the site
    elsewhere = watch(page)
    page.goto(path.as_uri())
    expect(page.locator("article")).to_have_count(3)
    expect(page.locator("#votes")).to_contain_text("won 1, lost 0 and tied 0 on 1 prompt")
    expect(page.locator("#metrics")).to_contain_text("Corrected for ")
    expect(page.locator("article ins").first).to_have_text("two")
    expect(page.locator("article .output").nth(1)).to_have_text(f"{HOSTILE} one")
    expect(page.locator("article").first).to_contain_text("2 identical samples")
    expect(page.locator("article .votes")).to_contain_text(re.compile("ann: (one|two) is better than"))
    assert page.evaluate("window.hacked") is None and elsewhere.requests == [path.as_uri()]
    assert violations(page) == []
    page.get_by_role("checkbox", name="B two").uncheck()
    expect(page.locator(".cell:visible")).to_have_count(3)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not elsewhere.console_errors
    page.context.close()


@pytest.mark.rest
def test_saving_a_web_page_can_be_cancelled(comparer: Page, record: Record) -> None:
    expect(comparer.get_by_test_id("prompt")).to_have_count(10)
    comparer.route(re.compile(r"/pyodide\.asm\.wasm"), lambda route: None)  # Python never starts
    comparer.get_by_label("Save what is shown").select_option("html")
    dialog = comparer.get_by_role("dialog", name="Save as a web page")
    expect(dialog.get_by_label("Votes")).to_have_count(0)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    expect(dialog.get_by_role("status")).to_contain_text(re.compile("Starting|Loading"))
    comparer.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    comparer.get_by_label("Save what is shown").select_option("html")
    dialog.get_by_label("Metrics with intervals").uncheck()
    with comparer.expect_download() as saved:
        dialog.get_by_role("button", name="Save").click()
    assert "Metrics</h2>" not in Path(saved.value.path()).read_text(encoding="utf-8")


def save(page: Page, chart: Locator, kind: str) -> bytes:
    """Saves a chart and returns the file."""
    with page.expect_download() as saved:
        chart.get_by_role("button", name=kind).click()
    assert saved.value.suggested_filename == f"words.{kind.lower()}"
    return Path(saved.value.path()).read_bytes()


def test_charts_are_loaded_when_drawn_read_with_keys_and_saved(
    comparer: Page, make_file: MakeFile, record: Record
) -> None:
    prompts = [(f"p{i}", i % 5) for i in range(10)]  # fewer have no interval
    reports = {name: {p: {"g": ["word " * (i + extra)]} for p, i in prompts} for name, extra in NAMES}
    pick(comparer, *(make_file(f"{name}.json", sampling(made, name)) for name, made in reports.items()))
    expect(comparer.get_by_test_id("output")).to_have_count(20)
    assert not [url for url in record.requests if re.search(r"/(plot\.js|chart\.css)$", url)]
    comparer.get_by_role("button", name="Metrics").click()
    chart = comparer.get_by_role("region", name="Words", exact=True).locator(".chart")
    drawing = chart.get_by_role("application", name="Words: chart of 2 means with intervals")
    expect(chart.locator(".mean circle")).to_have_count(2, timeout=60_000)
    drawing.press("ArrowDown")
    read_out = chart.locator(".chart-read-out")
    expect(read_out).to_have_text(re.compile(r"^short: 3\.00 \(\d\.\d\d to \d\.\d\d\)$"))
    expect(read_out).to_have_attribute("aria-live", "polite")
    drawing.press("ArrowDown")
    expect(read_out).to_have_text(re.compile(r"^long: 12\.0 \("))
    for scheme in SCHEMES:
        comparer.emulate_media(color_scheme=scheme)
        assert violations(comparer) == []
    chart.locator(".mean circle").first.hover()
    expect(read_out).to_have_text(re.compile(r"^short: 3\.00 \("))
    saved = {kind: save(comparer, chart, kind) for kind in ("CSV", "SVG", "PNG")}
    title, source, head, *rows = csv.reader(saved["CSV"].decode().splitlines())
    assert title == ["# Words"] and source[0].startswith("# Source: ")
    assert head == ["name", "mean", "low", "high"]
    assert [row[:2] for row in rows] == [["short", "3"], ["long", "12"]]
    picture = ElementTree.fromstring(saved["SVG"])
    assert picture.findtext("{*}title") == "Words"
    assert b"url(data:font/woff2;base64," in saved["SVG"] and b"var(" not in saved["SVG"]
    assert saved["PNG"][:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(saved["PNG"][16:20], "big") == 2 * int(picture.attrib["width"])
    assert not record.console_errors


@pytest.mark.rest
def test_a_chart_is_drawn_for_its_width_so_that_text_keeps_its_size(
    comparer: Page, make_file: MakeFile
) -> None:
    pick(comparer, make_file("r.json", sampling({"p": {"g": ["one two three"]}})))
    comparer.get_by_role("button", name="Metrics").click()
    drawing = comparer.get_by_role("region", name="Words", exact=True).get_by_role("application")
    expect(drawing).to_be_visible(timeout=60_000)
    for width in (320, 1280):
        comparer.set_viewport_size({"width": width, "height": 640})
        drawn = drawing.locator("> svg")
        expect(drawn).to_have_attribute("width", str(drawing.evaluate(INNER_WIDTH)))
        sizes = drawn.locator("text").evaluate_all(
            "(all) => all.map((one) => getComputedStyle(one).fontSize)"
        )
        assert sizes and all(float(size.removesuffix("px")) >= 11 for size in sizes)
        assert comparer.evaluate("document.documentElement.scrollWidth") <= width


def open_live(page: Page) -> None:
    """The view of live columns; reports are open, and one decoder is to write for their prompts."""
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_test_id("generate")).to_be_enabled()


@pytest.mark.rest
def test_a_live_column_streams_stops_goes_on_and_is_a_report(
    comparer: Page, make_file: MakeFile, record: Record
) -> None:
    count = 20  # more than the fastest machine writes before Stop is pressed
    prompts: Outputs = {f"The goose {i}": {"g": ["x"]} for i in range(count)}
    pick(comparer, make_file("r.json", sampling(prompts, "one")))
    assert not [url for url in record.requests if "vendor/pyodide" in url or "models/" in url]
    open_live(comparer)
    comparer.get_by_label("Preset of decoder A").select_option("greedy-penalty")
    comparer.get_by_label("Maximum tokens").fill("400")
    comparer.get_by_role("button", name="Generate").click()
    comparer.wait_for_function(
        "() => /\\S/.test(document.querySelector('[data-letter=B] [data-testid=output]')?.textContent ?? '')",
        timeout=90_000,
    )
    comparer.get_by_role("button", name="Stop").click()
    expect(comparer.locator("#live-status")).to_contain_text("Stopped")
    comparer.get_by_label("Maximum tokens").fill("8")
    comparer.get_by_role("button", name="Generate").click()
    # What was finished before Stop is not written again.
    expect(comparer.locator("#live-status")).to_have_text(
        re.compile(r"^Done: ([1-9]|1\d|20) prompts?\.$"), timeout=60_000
    )
    expect(comparer.get_by_test_id("output")).to_have_count(2 * count)
    with comparer.expect_download() as saved:
        comparer.get_by_role("button", name="Save report").click()
    report = json.loads(Path(saved.value.path()).read_text())
    assert [len(entry["results"][0]["outputs"]) for entry in report["prompts"]] == count * [1]
    assert report["prompts"][0]["results"][0]["sampling_params"]["max_new_tokens"] in (400, 8)
    last = report["prompts"][-1]["results"][0]
    assert last["sampling_config"] == "greedy-penalty"
    assert last["sampling_params"] == {
        **PRESETS["greedy-penalty"],
        "max_new_tokens": 8,
        "seed": 1,
        "template": "plain",
        "finish_reason": "length",
    }
    assert not record.console_errors


def test_a_server_writes_a_live_column(
    comparer: Page, make_file: MakeFile, record: Record, site_url: str
) -> None:
    pick(comparer, make_file("r.json", sampling({"one": {"g": ["x"]}, "two": {"g": ["x"]}}, "m")))
    open_live(comparer)
    comparer.get_by_label("Maximum tokens").fill("64")
    comparer.get_by_label("A server", exact=True).check()
    comparer.get_by_role("button", name="Generate").click()
    address = comparer.get_by_label("Address", exact=True)
    expect(address).to_have_accessible_description(re.compile("address is missing"))
    expect(comparer.locator("#live-status")).to_contain_text("could not be generated")
    status = comparer.locator("#live-status")
    with serve_model(re.sub(r"(//[^/]+).*", r"\1", site_url), "right-key") as server:
        address.fill(server.address)
        comparer.get_by_role("button", name="List its models").click()
        model, key = comparer.get_by_label("Model", exact=True), comparer.get_by_label("Key, if it needs one")
        expect(model).to_have_value("test-goose")
        key.fill("wrong")
        comparer.get_by_role("button", name="Generate").click()
        expect(key).to_have_accessible_description(re.compile("no such key"))
        assert violations(comparer) == []
        key.fill("right-key")
        comparer.get_by_role("button", name="Generate").click()
        expect(status).to_have_text("Done: 2 prompts.")
        written = comparer.locator("[data-letter=B]").get_by_test_id("output")
        expect(written).to_have_text(["one: <b>written</b>", "two: <b>written</b>"])

        server.endless.set()
        comparer.get_by_label("Chat template").select_option("plain")
        comparer.get_by_role("button", name="Generate").click()
        expect(written.filter(has_text="one: <b>written</b>..")).to_have_count(1)
        comparer.get_by_role("button", name="Stop").click()
        expect(status).to_contain_text("Stopped")
        assert server.left.wait(60)
        assert [path for path, _ in server.requests[-2:]] == ["/v1/chat/completions", "/v1/completions"]
        with comparer.expect_download() as saved:
            comparer.get_by_role("button", name="Save report").click()
        text = Path(saved.value.path()).read_text()
        report = json.loads(text)
        assert report["args"] == {"model": "test-goose", "server": server.address}
        assert "right-key" not in text + comparer.content()
    results = report["prompts"][0]["results"]
    assert results[0] == {
        "sampling_config": "greedy, chat",
        "sampling_params": {"temperature": 0, "seed": 1, "max_new_tokens": 64, "template": "chat"},
        "outputs": ["one: <b>written</b>"],
    }
    assert len(record.console_errors) == 1 and "401" in record.console_errors[0]


@pytest.mark.rest
def test_a_blind_round_stops_the_live_column(comparer: Page, make_file: MakeFile, record: Record) -> None:
    """One that came in mid-round once ended the round and showed names; a text was judged unfinished."""
    for name, text in (("one", "x"), ("two", "y")):
        pick(
            comparer,
            make_file(f"{name}.json", sampling({f"The goose {i}": {"g": [text]} for i in range(3)}, name)),
        )
    open_live(comparer)
    comparer.get_by_label("Maximum tokens").fill("1000")
    status, count = comparer.locator("#live-status"), comparer.locator("#vote-count")

    def begin() -> None:
        comparer.get_by_role("button", name="Judge", exact=True).click()
        comparer.get_by_role("button", name="Begin").click()
        expect(status).to_have_text(re.compile("^Stopped|^Done"))

    comparer.get_by_role("button", name="Generate").click()
    begin()  # while the engine is being loaded
    expect(count).to_have_text("0 votes of 3 pairs")
    comparer.get_by_role("button", name="End this round").click()
    comparer.get_by_role("button", name="Write", exact=True).click()
    comparer.get_by_role("button", name="Generate").click()
    live = comparer.locator("[data-letter=C]").get_by_test_id("output")
    expect(live.first).to_contain_text(re.compile(r"\S"), timeout=90_000)
    begin()  # while it writes
    expect(comparer.get_by_test_id("report")).to_have_count(0)
    pairs = count.text_content() or ""
    comparer.get_by_role("button", name="End this round").click()
    comparer.get_by_role("button", name="Read", exact=True).click()
    expect(comparer.get_by_test_id("report")).to_have_count(3)
    assert pairs == f"0 votes of {3 + 2 * live.count()} pairs"
    assert not record.console_errors


def test_it_opens_with_examples_that_make_room(comparer: Page, make_file: MakeFile) -> None:
    expect(comparer.get_by_test_id("report")).to_have_count(3)
    expect(comparer.get_by_test_id("prompt")).to_have_count(10)
    expect(comparer.get_by_text("with three decoders")).to_be_visible()
    pick(comparer, make_file("r.json", sampling({"p": {"g": ["own"]}})))
    expect(comparer.get_by_test_id("output")).to_have_text(["own"])
    expect(comparer.get_by_test_id("report")).to_have_count(1)
    assert "examples" not in comparer.url


@pytest.mark.rest
def test_an_expression_that_is_slow_to_mark_does_not_block_the_page(
    comparer: Page, make_file: MakeFile
) -> None:
    """It finds the first word at once, but looks for ever for a second one."""
    pick(comparer, make_file("r.json", sampling({"p": {"g": ["word\n" + "a" * 60 + "!"]}})))
    expect(comparer.get_by_test_id("output")).to_have_count(1)
    comparer.get_by_label("Regular expression").check()
    query = comparer.get_by_label("Search prompts and outputs")
    query.fill("word|^(a+)+$")
    expect(comparer.locator("#count")).to_have_text("1 prompt")
    query.fill("^w")
    marks = "[...(CSS.highlights.get('found') ?? [])].length"
    while comparer.evaluate(marks) != 1:
        comparer.wait_for_timeout(50)


def test_a_link_names_the_other_sites_and_asks_before_it_opens_many_files(page: Page, site_url: str) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        assert "cookie" not in route.request.headers and "referer" not in route.request.headers
        body = json.dumps(sampling({"p": {"g": ["x"]}}, f"m{len(asked)}"))
        route.fulfill(body=body, headers={"access-control-allow-origin": "*"})

    page.route(re.compile(r"^https://\w+\.example/"), answer)
    files = [f"https://{host}.example/{n}.json" for host in ("a", "b", "c", "d") for n in range(6)]
    page.goto(f"{site_url}compare/#f={'%0A'.join(files)}&v=1")
    message = page.get_by_test_id("message")
    expect(message).to_contain_text(
        "files from other sites: 6 from a.example, 6 from b.example, and 6 from c.exa"
    )
    expect(message).to_contain_text("has 6 more files: 6 from d.example")
    expect(page.get_by_test_id("report")).to_have_count(18)
    assert len(asked) == 18 and not [url for url in asked if "d.example" in url]
    message.get_by_role("button", name="Open 6 more files").click()
    expect(page.get_by_test_id("report")).to_have_count(24)


def test_a_file_that_never_comes_can_be_cancelled(page: Page, site_url: str) -> None:
    serve(page, "good.json", sampling({"p": {"g": ["here"]}}))
    page.route(re.compile(r"/stuck\.json$"), lambda route: None)
    page.goto(f"{site_url}compare/?f=stuck.json%0Agood.json")
    page.get_by_role("button", name="Cancel stuck.json").click()
    expect(page.get_by_test_id("message")).to_contain_text("stuck.json: Cancelled.")
    expect(page.get_by_test_id("output")).to_have_text("here")


def test_a_report_pasted_among_the_urls_is_opened_as_a_file(
    comparer: Page, make_file: MakeFile, record: Record
) -> None:
    """It was taken for URLs, fetched, and printed whole."""
    field = comparer.get_by_label("Report URLs, one per line")
    expect(comparer.get_by_test_id("report")).to_have_count(3)
    cut = json.dumps(sampling({"pasted prompt": {"g": ["pasted text"]}}), indent=1)
    field.fill(cut.replace("prompts", "pompts"))
    comparer.get_by_role("button", name="Open", exact=True).click()
    message = comparer.get_by_test_id("message")
    expect(message).to_contain_text("pasted.json: prompts is missing")
    expect(field).to_have_value(re.compile("pompts"))  # nothing is lost
    field.fill(cut)
    comparer.get_by_role("button", name="Open", exact=True).click()
    expect(comparer.get_by_test_id("output")).to_have_text("pasted text")
    expect(field).to_have_value("")
    expect(message).to_be_empty()
    assert not [url for url in [comparer.url, *record.requests] if "pasted" in url or "%7B" in url]


def test_text_that_is_not_a_url_is_neither_fetched_nor_printed_whole(comparer: Page, record: Record) -> None:
    field = comparer.get_by_label("Report URLs, one per line")
    expect(comparer.get_by_test_id("report")).to_have_count(3)
    field.fill("a.json\n" + "some words, " * 5000)
    comparer.get_by_role("button", name="Open", exact=True).click()
    message = comparer.get_by_test_id("message")
    expect(message).to_contain_text("is not a URL. Enter one URL per line")
    assert len(message.inner_text()) < 300
    assert not [url for url in record.requests if "words" in url or "a.json" in url]
    comparer.goto(f"{comparer.url.split('#')[0]}?f={'x' * 3000}")
    expect(message).to_contain_text("The server answered")
    assert len(message.inner_text()) < 500


def test_errors_of_earlier_attempts_do_not_pile_up(comparer: Page, make_file: MakeFile) -> None:
    partial = json.dumps(sampling({"a": {"g": ["first"]}, "b": {"g": ["second", "third"]}}))
    pick(comparer, make_file("partial.json", partial[: partial.index("third") + 2]))
    message = comparer.get_by_test_id("message")
    expect(message).to_contain_text("partial.json")
    for name in ("one.json", "two.json"):
        pick(comparer, make_file(name, '{"hello": 1}'))
        expect(message).to_contain_text(f"{name}: prompts is missing")
    expect(message.locator(".message")).to_have_count(2)  # the partly read file is still open
    pick(comparer, make_file("good.json", sampling({"p": {"g": ["here"]}})))
    expect(comparer.get_by_test_id("report")).to_have_count(2)
    expect(message.locator(".error")).to_have_count(0)


def test_escape_and_a_click_elsewhere_close_the_reading_popover(comparer: Page) -> None:
    summary = comparer.locator("summary", has_text="Display options")
    box = comparer.get_by_label("Shorten long outputs")
    expect(comparer.get_by_test_id("prompt")).to_have_count(10)
    summary.click()
    box.focus()
    comparer.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(summary).to_be_focused()
    summary.click()
    expect(box).to_be_visible()
    comparer.locator("body").click(position={"x": 3, "y": 3})
    expect(box).to_be_hidden()


MISNAMED = """() => [...document.querySelectorAll("button, a, summary")]
  .map((one) => [one.innerText.trim().replace(/\\s+/g, " "), one.getAttribute("aria-label") ?? ""])
  .filter(([words, name]) => name && !name.toLowerCase().includes(words.toLowerCase()))"""
UNREACHABLE = """() => [...document.querySelectorAll("main *")].filter((one) =>
  one.getClientRects().length && one.scrollWidth > one.clientWidth + 1 && one.tabIndex < 0 &&
  !one.matches(".tabs") &&  // all that scrolls there is buttons
  /auto|scroll/.test(getComputedStyle(one).overflowX)).map((one) => one.outerHTML.slice(0, 80))"""


def test_names_contain_labels_and_what_scrolls_can_be_focused(comparer: Page, make_file: MakeFile) -> None:
    comparer.set_viewport_size({"width": 360, "height": 740})
    wide = "|" + "column|" * 12 + "\n|" + "-|" * 12 + "\n\n```\n" + "x " * 200 + "\n```"
    report = sampling({"p": {"g": [wide]}, "q": {"g": [wide]}}, "m" * 60)
    pick(comparer, make_file("r.json", report), make_file("s.json", "{}"))
    expect(comparer.get_by_test_id("output").locator("table")).to_have_count(2)
    expect(comparer.get_by_test_id("message")).to_contain_text("s.json")
    comparer.get_by_role("button", name="Add reports").click()
    comparer.locator(".chip").click()
    assert comparer.evaluate(MISNAMED) == []
    assert comparer.evaluate(UNREACHABLE) == []
    comparer.get_by_role("button", name="Coverage", exact=True).click()
    expect(comparer.get_by_role("region", name="Prompts of each report")).to_be_visible()
    assert comparer.evaluate(MISNAMED) == []
    assert comparer.evaluate(UNREACHABLE) == []


@each_scheme
def test_a_phone_shows_an_output_in_its_first_screen(comparer: Page, scheme: Any) -> None:
    comparer.set_viewport_size({"width": 360, "height": 740})
    comparer.reload()
    output = comparer.get_by_test_id("output").first
    expect(output).to_contain_text(re.compile(r"\w"))
    box = output.bounding_box()
    assert box and box["y"] + 100 < 740
    url, search = comparer.get_by_label("Report URLs"), comparer.get_by_label("Search prompts and outputs")
    expect(url).to_be_hidden()
    expect(search).to_be_hidden()
    assert violations(comparer) == []
    for name, inside in (("Add reports", url), ("Search, filter, save", search)):
        button = comparer.get_by_role("button", name=name)
        button.press("Enter")
        expect(button).to_have_attribute("aria-expanded", "true")
        expect(inside).to_be_visible()
    chip = comparer.get_by_role("button", name="B repetition-penalty", exact=True)
    pin = comparer.get_by_role("button", name="Baseline: B, default · repetition-penalty.json")
    expect(pin).to_be_hidden()
    chip.press("Enter")
    pin.press("Enter")
    expect(pin).to_have_attribute("aria-pressed", "true")
    expect(pin).to_be_focused()  # though the list was drawn anew
    assert violations(comparer) == []
    assert comparer.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_phone_judges_with_two_buttons_in_reach_of_the_thumb(comparer: Page, make_file: MakeFile) -> None:
    comparer.set_viewport_size({"width": 360, "height": 740})
    for name in ("one", "two"):
        prompts = {f"p{i}": {"g": [f"{name} {i} " * 400]} for i in range(2)}
        pick(comparer, make_file(f"{name}.json", sampling(prompts, name)))
        expect(comparer.get_by_test_id("report").filter(has_text=name)).to_have_count(1)
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_role("button", name="Begin").click()
    for name in ("First is better", "Second is better"):
        box = comparer.get_by_role("button", name=name).bounding_box()
        assert box and box["height"] >= 56 and box["width"] >= 150  # pixels; WCAG asks for 24, phones for 44
        assert 500 < box["y"] < 740 - box["height"]
    assert violations(comparer) == []
    comparer.get_by_role("button", name="Second is better").click()
    expect(comparer.locator("#vote-count")).to_have_text("1 vote of 2 pairs")
