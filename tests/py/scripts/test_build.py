"""The build as a whole: the same bytes every time; the wheel."""

from __future__ import annotations

import hashlib
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

    def copy(output: Path) -> None:
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


@pytest.mark.rest
def test_two_builds_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One from what earlier builds have kept, one without that."""
    build.build(tmp_path / "one")
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "kept"))  # for the processes that it starts
    monkeypatch.setattr(kept, "KEPT", tmp_path / "kept")
    build.build(tmp_path / "two")
    assert "index.html" in digests(tmp_path / "one")
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
