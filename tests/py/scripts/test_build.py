"""The build as a whole: the same bytes every time; the wheel."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from scripts import build


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build.build(tmp_path / name)
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
