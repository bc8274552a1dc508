"""Vendored parts: a file that does not match the lock never reaches the site."""

import hashlib
import io
import json
import tarfile
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


NAMES = ("pyodide.mjs", "pyodide-lock.json", "numpy-2.4.3-cp314-cp314-pyemscripten_2026_0_wasm32.whl")


def release(path: Path, **altered: bytes | None) -> list[vendor.Part]:
    """Write an archive like Pyodide's, some files of it altered or left out; return the right parts."""
    parts = []
    with tarfile.open(path, "w:bz2") as archive:
        archive.addfile(tarfile.TarInfo("pyodide/unused.whl"))
        for name in NAMES:
            data = altered.get(name.split(".")[0].replace("-", "_"), name.encode())
            if data is not None:
                member = tarfile.TarInfo(f"pyodide/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
            digest = hashlib.sha256(name.encode()).hexdigest()
            parts.append(vendor.Part("npm", "pyodide", "314.0.4", name, f"pyodide/{name}", digest))
    return parts


def test_pyodide_comes_from_a_release_archive_without_a_download(
    tmp_path: Path, downloads: list[str]
) -> None:
    parts = [*release(tmp_path / "release.tar.bz2"), PART]
    cache = tmp_path / "cache"
    vendor.verify(vendor.fetch_missing(parts, cache, tmp_path / "release.tar.bz2"))
    assert downloads == ["some-package"]
    assert all(vendor.is_cached(part, cache) for part in parts)
    assert len(list(cache.iterdir())) == len(parts)


def test_a_given_archive_is_verified_even_if_the_cache_has_everything(tmp_path: Path) -> None:
    parts = release(tmp_path / "good.tar.bz2")
    vendor.fetch_missing(parts, tmp_path / "cache", tmp_path / "good.tar.bz2")
    release(tmp_path / "bad.tar.bz2", pyodide=b"altered")
    with pytest.raises(vendor.VendorError, match=r"pyodide 314\.0\.4: pyodide\.mjs"):
        vendor.verify(vendor.fetch_missing(parts, tmp_path / "cache", tmp_path / "bad.tar.bz2"))


def test_an_archive_that_lacks_a_part_or_is_none_is_refused(tmp_path: Path) -> None:
    parts = release(tmp_path / "core.tar.bz2", numpy_2=None)
    with pytest.raises(vendor.VendorError, match=r"core\.tar\.bz2 has no pyodide/numpy-.*another version"):
        vendor.fetch(parts, tmp_path / "cache", tmp_path / "core.tar.bz2")
    (tmp_path / "text").write_text("no archive")
    for wrong in (tmp_path / "text", tmp_path / "absent", tmp_path):
        with pytest.raises(vendor.VendorError, match="is not a release archive of Pyodide"):
            vendor.fetch(parts, tmp_path / "cache", wrong)
    release(tmp_path / "half.tar.bz2")
    (tmp_path / "half.tar.bz2").write_bytes((tmp_path / "half.tar.bz2").read_bytes()[:200])
    with pytest.raises(vendor.VendorError, match="is not a release archive"):
        vendor.fetch(parts, tmp_path / "cache", tmp_path / "half.tar.bz2")


def test_a_link_or_a_huge_member_of_an_archive_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = release(tmp_path / "release.tar.bz2")
    monkeypatch.setattr(vendor, "LARGEST", 5)
    with pytest.raises(vendor.VendorError, match="of at most 5 bytes"):
        vendor.fetch(parts, tmp_path / "cache", tmp_path / "release.tar.bz2")
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        link = tarfile.TarInfo(f"pyodide/{NAMES[0]}")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(vendor.VendorError, match="is not a file"):
        vendor.fetch(parts, tmp_path / "cache", tmp_path / "link.tar")


def test_a_newer_pyodide_is_locked_from_its_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = release(tmp_path / "release.tar.bz2")
    files = [{"member": name, "target": f"pyodide/{name}"} for name in NAMES]
    packages = [{"registry": "npm", "name": "pyodide", "version": "314.0.4", "files": files}]
    path = tmp_path / "vendor.lock.json"
    path.write_text(json.dumps({"packages": packages}))
    monkeypatch.setattr(vendor, "LOCK", path)
    vendor.relock(*vendor.read_lock(path), tmp_path / "cache", tmp_path / "release.tar.bz2")
    assert vendor.read_lock(path)[1] == parts


def test_the_interpreter_that_the_sources_name_is_the_vendored_one() -> None:
    info = json.loads((vendor.OUTPUT / "pyodide" / "pyodide-lock.json").read_text("utf-8"))["info"]
    major, minor, _ = info["python"].split(".")
    worker = (vendor.ROOT / "site" / "engine" / "worker" / "library.js").read_text("utf-8")
    assert f'LIBRARY = "/lib/python{major}.{minor}/"' in worker
    (pyodide,) = (each for each in vendor.read_lock()[0]["packages"] if each["name"] == "pyodide")
    assert f'"{pyodide["version"]}"' in (vendor.OUTPUT / "pyodide" / "pyodide.mjs").read_text("utf-8")


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
