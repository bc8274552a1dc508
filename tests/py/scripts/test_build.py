"""The build as a whole: the same bytes every time; the wheel."""

import gzip
import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from scripts import build, kept


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_a_build_is_made_again_only_when_a_file_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, built = tmp_path / "source", []
    source.write_text("1")

    def copy(output: Path, _unshipped: Path) -> None:
        built.append(output)
        output.mkdir()
        (output / "page").write_text(source.read_text())

    monkeypatch.setattr(build, "build", copy)
    monkeypatch.setattr(build, "state_of_sources", source.read_text)
    for name in ("DIST", "ZIP", "BUILT"):
        monkeypatch.setattr(build, name, tmp_path / name)
    for times in (1, 1):
        assert build.main() == 0 and len(built) == times
    for altered, times in ((tmp_path / "DIST" / "page", 2), (tmp_path / "ZIP", 3), (source, 4)):
        altered.write_text("altered")
        assert build.main() == 0 and build.main() == 0 and len(built) == times
    assert (tmp_path / "DIST" / "page").read_text() == "altered"


def test_the_state_of_the_sources_is_of_what_a_build_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitignore").write_text("ignored\n")
    (tmp_path / "tests").mkdir()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.setattr(build, "ROOT", tmp_path)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / ".package-lock.json").write_text("")
    states = [build.state_of_sources()]
    for name in ("ignored", "tests/test_a.py", "page", "tests/golden.json"):
        (tmp_path / name).write_text("")
        states.append(build.state_of_sources())
    (tmp_path / "page").write_text("other")
    states.append(build.state_of_sources())
    assert states[0] == states[1] == states[2] and len(set(states[2:])) == 4
    monkeypatch.setenv("SITE_ADDRESS", "https://example.com/")
    assert build.state_of_sources() not in states


def test_the_documentation_is_made_again_only_for_what_it_may_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "ROOT", tmp_path / "source")
    monkeypatch.setattr(kept, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(build, "make_docs", lambda output: (made.append(output), output.mkdir()))
    declared, made = {"engine/model": "x"}, list[Path]()
    monkeypatch.setattr(build, "declarations", lambda: declared)
    names = ("docs/a.md", "site/compare/app.js", "site/lab/decay.js", "site/pages.json")
    for path in (tmp_path / "source" / name for name in (*names, "node_modules/.package-lock.json")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    monkeypatch.setattr(build, "sources", lambda: [tmp_path / "source" / name for name in names])
    times = []
    for turn, name in enumerate(("", *names)):
        if name:
            (tmp_path / "source" / name).write_text("altered")
        build.build_docs(tmp_path / f"made-{turn}")
        times.append(len(made))
    declared["engine/model"] = "y"
    build.build_docs(tmp_path / "declared")
    assert [*times, len(made)] == [1, 2, 2, 3, 4, 5]


@pytest.mark.rest
def test_two_builds_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One from what earlier builds have kept, one without that.

    Apart from the documentation: its search index, which grows with each change, has the order of changes.
    """
    some = shutil.ignore_patterns("docs.*", "new-*")
    shutil.copytree(kept.KEPT, tmp_path / "earlier", ignore=some, copy_function=shutil.copyfile)
    for name, folder in (("one", tmp_path / "earlier"), ("two", tmp_path / "kept")):
        monkeypatch.setenv(kept.VARIABLE, str(folder))  # for the processes that it starts
        monkeypatch.setenv("GOOSEQUILL_SEARCH_CACHE", str(tmp_path / f"cache of {name}"))
        monkeypatch.setattr(kept, "KEPT", folder)
        build.build(tmp_path / name / "site", tmp_path / name / "unshipped")
    assert {"site/index.html", "unshipped/components/index.html"} <= digests(tmp_path / "one").keys()
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_wheel_is_pure_and_contains_only_the_package(tmp_path: Path) -> None:
    build.build_wheel(tmp_path / "wheels")
    (wheel,) = (tmp_path / "wheels").iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith("METADATA"))
        requirements = [
            line
            for line in archive.read(metadata).decode().splitlines()
            if line.startswith("Requires-Dist") and "extra ==" not in line
        ]
    assert {name.split("/")[0].split("-")[0] for name in names} == {"goosequill"}
    assert requirements == ["Requires-Dist: numpy>=1.26"]


def test_a_models_files_get_gzipped_copies_that_its_description_lists(tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(b"goose" * 100)
    (tmp_path / "config.json").write_text('{"title": "é", "files": [{"name": "table", "bytes": 500}]}')
    build.pack_model(tmp_path)
    packed = (tmp_path / "table.gz").read_bytes()
    assert gzip.decompress(packed) == b"goose" * 100
    described = json.loads((tmp_path / "config.json").read_text("utf-8"))
    assert described["files"] == [{"name": "table", "bytes": 500, "gzip": len(packed)}]
