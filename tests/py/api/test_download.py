"""Downloads: once, resumed, checked, and never mixed from two versions."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from goosequill.api import download
from goosequill.api.download import fetch
from goosequill.api.ids import ModelId, parse_model_id
from goosequill.errors import LoadError, SettingsError
from tests.py.api.hub import Hub, running
from tests.py.refusals import refused

DATA = bytes(range(256)) * 40
WHERE = "/o/r/resolve/main/a/m.pth"
MODEL = ModelId("o", "r", "a/m.pth")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as hub:
        hub.files[WHERE] = DATA
        yield hub


def ask(hub: Hub, cache: Path, sha256: str = "") -> Path:
    return fetch(ModelId("o", "r", "a/m.pth", sha256=sha256), host=hub.address, cache=cache)


def test_a_file_is_fetched_once_with_progress(hub: Hub, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    path = fetch(MODEL, host=hub.address, cache=tmp_path, progress=lambda *step: steps.append(step))
    assert path == tmp_path / "o" / "r" / "main" / "a" / "m.pth"
    assert path.read_bytes() == DATA
    assert steps[-1] == (len(DATA), len(DATA))
    assert ask(hub, tmp_path) == path
    assert len(hub.asked) == 1
    assert sorted(each.name for each in path.parent.iterdir()) == ["m.pth", "m.pth.download.json"]


def test_an_answer_that_breaks_off_is_continued(hub: Hub, tmp_path: Path) -> None:
    hub.breaks = [3000, 7000]
    assert ask(hub, tmp_path).read_bytes() == DATA
    assert [asked for _, asked in hub.asked] == ["", "bytes=3000-", "bytes=7000-"]


def test_a_later_call_continues(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    hub.breaks = [3000]
    with refused(LoadError, "network"):
        ask(hub, tmp_path)
    assert ask(hub, tmp_path).read_bytes() == DATA
    assert hub.asked[-1] == (WHERE, "bytes=3000-")


def test_another_version_is_not_continued(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    hub.breaks = [3000]
    with pytest.raises(LoadError):
        ask(hub, tmp_path)
    hub.files[WHERE], hub.tag = DATA[::-1], '"2"'
    assert ask(hub, tmp_path).read_bytes() == DATA[::-1]


def test_a_host_that_cannot_resume_sends_all_again(hub: Hub, tmp_path: Path) -> None:
    hub.breaks, hub.resumes = [3000], False
    assert ask(hub, tmp_path).read_bytes() == DATA


def test_a_part_that_was_complete_is_kept(hub: Hub, tmp_path: Path) -> None:
    part = tmp_path / "o" / "r" / "main" / "a" / "m.pth.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(DATA)
    assert ask(hub, tmp_path).read_bytes() == DATA
    assert len(hub.asked) == 1


def test_what_another_process_downloads_is_left_alone(hub: Hub, tmp_path: Path) -> None:
    theirs = tmp_path / "o" / "r" / "main" / "a" / "m.pth.part.123-4"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"theirs")
    assert ask(hub, tmp_path).read_bytes() == DATA
    assert theirs.read_bytes() == b"theirs"


def test_the_digest_is_checked(hub: Hub, tmp_path: Path) -> None:
    digest = hashlib.sha256(DATA).hexdigest()
    path = ask(hub, tmp_path, digest)
    with refused(LoadError, "checksum", match=f"is {digest}, not 00"):
        ask(hub, tmp_path, "0" * 64)
    assert not list(path.parent.glob("*.part*"))


def test_a_cached_file_that_was_altered_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    path = ask(hub, tmp_path)
    path.write_bytes(DATA[:-1])
    assert ask(hub, tmp_path).read_bytes() == DATA
    path.write_bytes(DATA[::-1])
    assert ask(hub, tmp_path, hashlib.sha256(DATA).hexdigest()).read_bytes() == DATA


def test_a_file_that_is_not_there_is_an_error(hub: Hub, tmp_path: Path) -> None:
    hub.files.clear()
    with refused(LoadError, "not-found", match="HTTP 404"):
        ask(hub, tmp_path)


def test_a_host_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with running() as hub:
        address = hub.address
    with refused(LoadError, "network"):
        fetch(MODEL, host=address, cache=tmp_path)


def listed(hub: Hub, *names: str, revision: str = "main") -> None:
    """Let the host list the files of the repository o/r."""
    files = [{"rfilename": name} for name in names]
    hub.files[f"/api/models/o/r/revision/{revision}"] = json.dumps({"siblings": files}).encode()


def test_a_repository_alone_means_its_only_file_of_weights(hub: Hub, tmp_path: Path) -> None:
    listed(hub, ".gitattributes", "README.md", "tokenizer.json", "a/m.pth")
    path = fetch(parse_model_id("o/r"), host=hub.address, cache=tmp_path)
    assert path.read_bytes() == DATA and path == ask(hub, tmp_path)
    hub.files["/o/r/resolve/refs%2Fpr%2F1/b.gguf"] = DATA
    listed(hub, "b.gguf", revision="refs%2Fpr%2F1")
    path = fetch(parse_model_id("o/r@refs/pr/1"), host=hub.address, cache=tmp_path)
    assert path.name == "b.gguf"


def test_without_a_network_the_only_file_in_the_cache_is_meant(hub: Hub, tmp_path: Path) -> None:
    path = ask(hub, tmp_path)
    nowhere = "http://127.0.0.1:1"
    assert fetch(parse_model_id("o/r"), host=nowhere, cache=tmp_path) == path
    path.with_name("n.pth").write_bytes(DATA)
    for short in ("o/r", "o/s"):
        with refused(LoadError, "network"):
            fetch(parse_model_id(short), host=nowhere, cache=tmp_path)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["b.pth", "a.gguf", "README.md"],
            "has 2 files of weights. Write one of these: o/r:a.gguf, o/r:b.pth$",
        ),
        (["README.md"], "has no files of weights. Choose another repository"),
        ([f"{number:02}.pth" for number in range(30)], r"o/r:19\.pth, \.\.\.$"),
        (["../../m.pth"], "is not the id of a model"),
    ],
)
def test_a_choice_is_listed(hub: Hub, tmp_path: Path, names: list[str], said: str) -> None:
    listed(hub, *names)
    with refused(SettingsError, "model-id", match=said):
        fetch(parse_model_id("o/r"), host=hub.address, cache=tmp_path)


def test_a_list_that_is_none_and_a_repository_that_is_not_there_are_said(hub: Hub, tmp_path: Path) -> None:
    for data in (b"[", b"[]", b"{}", b'{"siblings": [1]}', b'{"siblings": [{}]}', b"[" * 200):
        hub.files["/api/models/o/r/revision/main"] = data
        with refused(LoadError, "http-status", match="is not a list of files"):
            fetch(parse_model_id("o/r"), host=hub.address, cache=tmp_path)
    with refused(LoadError, "not-found"):
        fetch(parse_model_id("o/s"), host=hub.address, cache=tmp_path)
