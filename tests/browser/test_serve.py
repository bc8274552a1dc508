"""Pages that use the model of `goosequill serve`, on an origin of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from goosequill.decoding import PRESETS, DecodingConfig, generate
from goosequill.serve.app import Served
from goosequill.serve.guards import origin_of
from tests.browser.conftest import Record
from tests.browser.search.test_asking import Search
from tests.py.serve.running import Running, load, only, running

KEY = "a secret"


@pytest.fixture(scope="module")
def server(site_url: str) -> Iterator[Running]:
    with running(Served(only(load()), key=KEY, origins=(origin_of(site_url),))) as found:
        yield found


def test_the_comparers_live_column_is_what_the_engine_writes(
    page: Page, site_url: str, record: Record, server: Running, tmp_path: Path
) -> None:
    report = {"model_name": "m", "prompts": [{"prompt": "Once upon a time", "results": []}]}
    (tmp_path / "r.json").write_text(json.dumps(report))
    page.goto(f"{site_url}compare/")
    page.get_by_test_id("file-input").set_input_files(tmp_path / "r.json")
    page.get_by_role("button", name="Write", exact=True).click()
    page.get_by_label("Maximum tokens").fill("64")
    page.get_by_label("A server", exact=True).check()
    page.get_by_label("Address", exact=True).fill(server.base)
    page.get_by_label("Key, if it needs one").fill(KEY)
    page.get_by_role("button", name="List its models").click()
    expect(page.get_by_label("Model", exact=True)).to_have_value("default")
    page.get_by_label("Send every decoder setting").check()
    page.get_by_label("Preset of decoder A").select_option("goosequill")
    page.get_by_label("Chat template").select_option("plain")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("#live-status")).to_have_text("Done: 1 prompt.")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save report").click()
    (result,) = json.loads(Path(saved.value.path()).read_text())["prompts"][0]["results"]
    config = DecodingConfig.from_dict({**PRESETS["goosequill"], "seed": 1, "max_new_tokens": 64})
    loaded = server.loaded
    text = "".join(map(str, generate(loaded.model, loaded.tokenizer, "Once upon a time", config)))
    assert result["outputs"] == [text]
    assert not record.console_errors


@pytest.mark.rest
def test_search_rewords_passages_with_it(page: Page, site_url: str, server: Running) -> None:
    search = Search(page, f"{site_url}search/")
    search.ask("what helps against heartburn at night")
    search.get("reword").click()
    search.get("with-server").check()
    search.get("server-address").fill(server.base)
    search.get("server-key").fill("wrong")
    search.get("write").click()
    expect(search.get("server-key")).to_have_accessible_description(re.compile("key is missing or wrong"))
    search.get("server-key").fill(KEY)
    search.get("write").click()
    expect(search.get("answer-check")).to_be_visible()
    assert search.get("answer").inner_text().strip()
