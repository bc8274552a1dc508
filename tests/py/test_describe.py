"""What the pages are given: complete, plain data that agrees with the package's own rules."""

import json
from pathlib import Path

import pytest

from goosequill.chat.formats import EFFORTS, FORMATS, ChatFormat
from goosequill.decoding import PARAMETERS, PRESETS, DecodingConfig
from goosequill.describe import describe_pages

ROOT = Path(__file__).resolve().parents[2]
CHAT = json.loads((ROOT / "site" / "models" / "default" / "config.json").read_text(encoding="utf-8"))["chat"]
PAGES = json.loads(json.dumps(describe_pages(CHAT)))


def test_pages_get_every_part_preset_template_and_limit() -> None:
    assert {p["name"] for part in PAGES["parts"] for p in part["parameters"]} == set(PARAMETERS)
    assert {preset["name"]: preset["settings"] for preset in PAGES["presets"]} == PRESETS
    assert [template["name"] for template in PAGES["templates"]] == ["plain", "dialogue", *FORMATS]
    assert all(template["title"] for template in PAGES["templates"])


def test_pages_get_the_chat_formats_and_how_long_a_model_may_think() -> None:
    formats = {one["name"]: one["reasons"] for one in PAGES["chat"]["formats"]}
    assert formats == {name: chat.reasons for name, chat in FORMATS.items() if name != "g1-quick"}
    (effort,) = PAGES["chat"]["parameters"]
    assert effort["name"] == "reasoning_effort"
    assert effort["choices"] == ["auto", *EFFORTS]
    assert len(effort["choice_labels"]) == len(effort["choices"])


def test_the_first_preset_is_the_playgrounds_default() -> None:
    assert PAGES["presets"][0]["name"] == "goosequill"


@pytest.mark.parametrize("name", ["dialogue", *FORMATS])
def test_a_template_writes_what_the_chat_format_writes(name: str) -> None:
    chat = ChatFormat.from_dict(CHAT) if name == "dialogue" else FORMATS[name]
    (template,) = (one for one in PAGES["templates"] if one["name"] == name)
    expected = chat.prompt([{"role": "user", "content": "How are you?"}])
    assert template["before"] + "How are you?" + template["after"] == expected
    assert template["between"] == chat.separator
    assert tuple(template["stop"]) == chat.stop


def test_the_plain_template_adds_nothing() -> None:
    plain = PAGES["templates"][0]
    assert (plain["name"], plain["before"] + plain["after"], plain["stop"]) == ("plain", "", [])


def test_limits_are_the_settings_own() -> None:
    DecodingConfig(max_new_tokens=PAGES["limits"]["max_new_tokens"], seed=PAGES["limits"]["seed"])
