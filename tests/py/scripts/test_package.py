"""What the package index gets: a wheel with kernels, and a source distribution that builds the same wheel."""

import email
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import pytest
from scripts import native_builds
from scripts.package_metadata import index_readme, repository, urls

from goosequill.kernels import native

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = "https://github.com/Owner/goosequill"


def hatchling(target: str, source: Path, output: Path) -> Path:
    """Build one target of a tree with the real backend, as pip does, and return its path."""
    code = (
        "import sys; from hatchling import build\n"
        f"print(build.build_{target}(sys.argv[1]))"
    )  # fmt: skip
    environment = {**os.environ, "GOOSEQUILL_REPOSITORY": ADDRESS} if source == ROOT else {**os.environ}
    environment.pop("GOOSEQUILL_PURE", None)
    command = [sys.executable, "-c", code, str(output)]
    result = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=True)
    return output / result.stdout.split()[-1]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of this tree, the source distribution, and the wheel of that."""
    native_builds.build_all(native, native.FOLDER)
    folder = tmp_path_factory.mktemp("package")
    for name in ("wheel", "again", "sdist"):
        (folder / name).mkdir()
    sdist = hatchling("sdist", ROOT, folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (tree,) = (folder / "unpacked").iterdir()
    found = {"sdist": sdist, "tree": tree, "wheel": hatchling("wheel", ROOT, folder / "wheel")}
    return {**found, "again": hatchling("wheel", tree, folder / "again")}


@pytest.fixture(scope="module")
def metadata(made: dict[str, Path]) -> Message:
    with zipfile.ZipFile(made["wheel"]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(wheel.read(name))


@pytest.mark.rest
def test_the_source_distribution_builds_the_same_wheel(made: dict[str, Path]) -> None:
    first, second = (hashlib.sha256(made[name].read_bytes()).hexdigest() for name in ("wheel", "again"))
    assert first == second


@pytest.mark.rest
def test_the_wheel_has_the_kernels_of_all_systems(made: dict[str, Path]) -> None:
    names = zipfile.ZipFile(made["wheel"]).namelist()
    wanted = {f"goosequill/kernels/builds/{build.file}" for build in native.BUILDS}
    assert wanted <= set(names)
    assert "goosequill/py.typed" in names
    assert not [name for name in names if name.endswith((".so", ".dll", ".dylib"))]  # Pyodide would load them


@pytest.mark.rest
def test_the_source_distribution_has_what_the_package_needs_and_no_more(made: dict[str, Path]) -> None:
    with tarfile.open(made["sdist"]) as archive:  # building from its tree leaves compiled files there
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    own = {name for name in names if not name.startswith("py/goosequill/")}
    assert own == {
        *("LICENSE", "README.md", "CHANGELOG.md", "PKG-INFO", "pyproject.toml", "REPOSITORY", ".gitignore"),
        "py/THIRD-PARTY-NOTICES.txt",
        *("scripts/native_builds.py", "scripts/package_metadata.py"),
    }
    assert {"simd.c", "simd/abi.h", "native.py"} <= {
        name.removeprefix("py/goosequill/kernels/") for name in names
    }
    here = {path.name for path in native.SOURCE.parent.glob("*.wasm")}
    assert here == {Path(name).name for name in names if name.endswith(".wasm")}


@pytest.mark.rest
def test_the_metadata_say_where_everything_is(metadata: Message) -> None:
    addresses = dict(line.split(", ") for line in metadata.get_all("Project-URL") or [])
    assert addresses["Source"] == ADDRESS
    assert addresses["Documentation"] == "https://owner.github.io/goosequill/documentation/"
    classifiers = metadata.get_all("Classifier") or []
    assert "Typing :: Typed" in classifiers and "Programming Language :: Python :: 3.13" in classifiers
    text = str(metadata.get_payload())
    version = metadata["Version"]
    assert f"]({ADDRESS}/raw/v{version}/docs/assets/playground.png)" in text
    assert f"[LICENSE]({ADDRESS}/blob/v{version}/LICENSE)" in text


def test_without_an_address_a_readme_has_no_relative_links() -> None:
    text = "![A](a.png)\n\nSee [b](docs/b.md), [c](https://c.org) and [d](#d)."
    assert index_readme(text, "", "1.0").strip() == "See b, [c](https://c.org) and [d](#d)."
    assert urls("") == {}


def test_the_address_comes_from_the_environment_or_from_the_file(tmp_path: Path) -> None:
    workflow = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r"}
    assert repository(tmp_path, {}) == ""
    assert repository(tmp_path, workflow) == "https://github.com/o/r"
    (tmp_path / "REPOSITORY").write_text("https://kept.example/o/r\n")
    assert repository(tmp_path, workflow) == "https://kept.example/o/r"
    assert (
        repository(tmp_path, {"GOOSEQUILL_REPOSITORY": "https://set.example/o/r/"})
        == "https://set.example/o/r"
    )


@pytest.mark.rest
def test_the_package_offers_users_extras_only_and_developers_groups(metadata: Message) -> None:
    extras = set(metadata.get_all("Provides-Extra") or [])
    assert extras == {"pdf", "cluster", "completion", "lancedb", "native", "notebook", "serve"}
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    named = set(re.findall(r"\$\(STAMPS\)/(\w+)", (ROOT / "Makefile").read_text(encoding="utf-8"))) - {"base"}
    assert named <= set(groups)
