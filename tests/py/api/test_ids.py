"""Ids of models, with the cases that npm's reader of ids is tested with too."""

import json
from pathlib import Path
from typing import Any

import pytest

from goosequill.api.ids import HOST, ModelId, checked_host, is_model_id, is_short_id, parse_model_id
from goosequill.errors import SettingsError
from tests.py.refusals import refused

CASES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "model-ids.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["valid"], ids=lambda case: case["id"])
def test_an_id_has_an_address(case: dict[str, str]) -> None:
    assert is_model_id(case["id"])
    found = parse_model_id(case["id"])
    assert found.address(case.get("host", CASES["host"])) == case["address"]
    assert found.sha256 == case.get("sha256", "")


def test_an_id_has_parts() -> None:
    found = parse_model_id("a/b:c/d.pth@v1#sha256=" + "0A" * 32)
    assert found == ModelId("a", "b", "c/d.pth", "v1", "0a" * 32)


@pytest.mark.parametrize("text", [*CASES["invalid"], "a/b:" + "c" * 1000])
def test_an_invalid_id_is_refused(text: str) -> None:
    assert is_model_id(text)
    with refused(SettingsError, "model-id", match="is not the id of a model"):
        parse_model_id(text)


@pytest.mark.parametrize("text", CASES["not_ids"])
def test_paths_and_addresses_are_not_ids(text: str) -> None:
    assert not is_model_id(text)


def test_a_short_id_is_what_no_path_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("o/r", "fla-hub/rwkv7-0.1B-g1", "o/r@v1.0", "o/r@refs/pr/1"):
        assert is_short_id(text) and not is_model_id(text)
    assert parse_model_id("o/r@v1") == ModelId("o", "r", "", "v1")
    for text in (
        "o",
        "o/r/",
        "o/r/s",
        "./o/r",
        "/o/r",
        "../r",
        "o/.r",
        "o/r.pth",
        "o/R.GGUF",
        "o/r#a",
        "o/r\n",
    ):
        assert not is_short_id(text)
    (tmp_path / "o").mkdir()  # o/r is then a path with a mistake
    assert not is_short_id("o/r")


@pytest.mark.parametrize("host", CASES["invalid_hosts"])
def test_an_invalid_host_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="is not a model host"):
        checked_host(host)


def test_the_host_is_the_hub_unless_the_environment_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOSEQUILL_HUB", raising=False)
    assert CASES["host"] == HOST
    assert parse_model_id("o/r:m.pth").address().startswith(f"{HOST}/o/r/")
    monkeypatch.setenv("GOOSEQUILL_HUB", "http://127.0.0.1:1")
    assert parse_model_id("o/r:m.pth").address() == "http://127.0.0.1:1/o/r/resolve/main/m.pth"
