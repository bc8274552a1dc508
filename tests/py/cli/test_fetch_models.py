"""`goosequill fetch-models` from a site on this machine, and what then finds the models."""

import importlib.metadata
import json
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from goosequill.cli.embedders import find_folder
from goosequill.cli.fetch_models import own_site
from goosequill.cli.main import main
from goosequill.search.embedders import open_folder
from goosequill.search.model_folders import fetched_folder
from tests.py.api.hub import Hub, running
from tests.py.search.encoder import write_folder


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOSEQUILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("goosequill.cli.embedders._OWN", ())


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_folder(tmp_path / "site" / "models" / "minilm", name="minilm-l6")
    write_folder(tmp_path / "site" / "models" / "minilm-static", "static", name="static-minilm")
    return tmp_path / "site"


@pytest.fixture
def hub(site: Path) -> Iterator[Hub]:
    with running() as hub:
        for file in (site / "models").rglob("*.*"):
            hub.files[f"/prefix/{file.relative_to(site).as_posix()}"] = file.read_bytes()
        yield hub


def test_both_models_are_fetched_once_and_found(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert find_folder("minilm", None) is None
    assert main(["fetch-models", f"{hub.address}/prefix", "--json"]) == 0
    folders = json.loads(capsys.readouterr().out)["folders"]
    assert [str(find_folder(name, None)) for name in ("minilm", "static")] == folders
    assert [open_folder(folder).name for folder in folders] == ["minilm-l6", "static-minilm"]
    assert len(hub.asked) == 6
    assert main(["fetch-models", f"{hub.address}/prefix/"]) == 0
    assert [path.rpartition("/")[2] for path, _ in hub.asked[6:]] == ["config.json"] * 2


def test_a_file_that_is_not_the_listed_one_is_refused(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.files["/prefix/models/minilm/vocab.txt"] = b"other\n"
    assert main(["fetch-models", f"{hub.address}/prefix"]) == 1
    assert "SHA-256" in capsys.readouterr().err
    assert find_folder("minilm", None) is None


def test_newer_models_replace_the_old_ones(hub: Hub, site: Path) -> None:
    main(["fetch-models", f"{hub.address}/prefix"])
    before = open_folder(fetched_folder() / "minilm").fingerprint
    write_folder(site / "models" / "minilm", seed=1, name="minilm-l6")
    assert main(["fetch-models", str(site), "--quiet"]) == 0
    assert open_folder(fetched_folder() / "minilm").fingerprint != before


def test_a_folder_may_be_chosen(site: Path, tmp_path: Path) -> None:
    assert main(["fetch-models", str(site), "--out", str(tmp_path / "models")]) == 0
    assert find_folder("static", tmp_path / "models") and not find_folder("static", None)


@pytest.mark.parametrize("where", [(), ("nowhere",), ("ftp://a.example/",), ("{hub}",)])
def test_an_address_without_models_is_an_error(
    where: tuple[str, ...], hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goosequill.cli.fetch_models.own_site", str)
    assert main(["fetch-models", *(each.format(hub=hub.address) for each in where)]) == 1
    assert "ddress" in capsys.readouterr().err


def test_a_release_knows_its_site(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = Message()
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: facts)
    assert own_site() == ""
    facts["Project-URL"] = "Source, https://a.example/b"
    facts["Project-URL"] = "Documentation, https://b.example/goosequill/documentation/"
    assert own_site() == "https://b.example/goosequill/"
