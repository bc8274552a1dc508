"""One version everywhere, notes for it, and the files that a release publishes."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from scripts.command import ROOT, BuildError
from scripts.release import COPIES, check_tag, gather, main, notes, released, set_version, version
from scripts.sbom import write_sbom

import goosequill

NAMES = [*COPIES, "CHANGELOG.md"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the files that state the version."""
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def test_every_file_states_the_one_version() -> None:
    found = {name: pattern.findall((ROOT / name).read_text("utf-8")) for name, pattern in COPIES.items()}
    assert found == {name: [goosequill.__version__] for name in COPIES}
    assert version() == goosequill.__version__


def test_no_other_file_states_the_version() -> None:
    """Outside of text for people, of tests and of what others pin."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    kinds = (".py", ".js", ".ts", ".toml", ".json", ".yml", ".html", ".cff", ".webmanifest")
    stated = re.compile(rf"version[\W_]+{re.escape(version())}\b", re.IGNORECASE)
    files = [name for name in listed.stdout.splitlines() if name.endswith(kinds)]
    files = [name for name in files if not name.startswith("tests/") and "lock" not in name]
    found = {name for name in files if stated.search((ROOT / name).read_text("utf-8"))}
    assert found == set(COPIES)


def test_a_new_version_is_written_everywhere_with_its_date(tree: Path) -> None:
    set_version("1.2.3", "2027-03-04", tree)
    for name, pattern in COPIES.items():
        assert pattern.findall((tree / name).read_text("utf-8")) == ["1.2.3"], name
    assert released(tree) == "2027-03-04"
    text = (tree / "CHANGELOG.md").read_text("utf-8")
    assert "## Unreleased\n\n## 1.2.3 - 2027-03-04\n" in text
    check_tag("v1.2.3", tree)


def test_the_notes_of_a_release_are_its_section_alone(tree: Path) -> None:
    text = (
        "# Changelog\n\n## Unreleased\n\n### Added\n\n- One thing.\n\n## 0.1.0 - 2026-01-02\n\n- Another.\n"
    )
    (tree / "CHANGELOG.md").write_text(text, encoding="utf-8")
    set_version("1.2.3", "2027-03-04", tree)
    assert notes(tree) == "### Added\n\n- One thing.\n"


def test_a_wrong_version_tag_or_changelog_is_refused(tree: Path) -> None:
    for wrong in ("1.2", "v1.2.3", '1.2.3"', ""):
        with pytest.raises(BuildError, match="is not a version"):
            set_version(wrong, "2027-03-04", tree)
    with pytest.raises(BuildError, match=r"the tag v9\.9\.9 is not v"):
        check_tag("v9.9.9", tree)
    (tree / "CHANGELOG.md").write_text("## Unreleased\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"run scripts/release.py --set"):
        check_tag(f"v{version(tree)}", tree)


def test_the_changelog_has_the_notes_of_this_version() -> None:
    assert len(notes()) > 100
    check_tag(f"v{version()}")


def test_the_command_of_the_workflow_needs_no_package(capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-S", "scripts/release.py", "--tag"]
    assert subprocess.run([*command, f"v{version()}"], cwd=ROOT).returncode == 0
    assert main(["--tag", "v0"]) == 1
    assert "the tag v0 is not" in capfd.readouterr().err


def test_the_bill_of_materials_is_valid_and_has_every_part(tmp_path: Path) -> None:
    write_sbom(tmp_path / "one.json", "1.0.0", "2027-03-04")
    text = (tmp_path / "one.json").read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    parts = {part["purl"]: part for part in bill["components"]}
    lock = json.loads((ROOT / "vendor.lock.json").read_text("utf-8"))
    names = {re.sub(r".*/", "", package["name"]) for package in lock["packages"]}
    assert names | {"plot", "stemmer", "mkdocs-material"} <= {part["name"] for part in bill["components"]}
    carried = {part["purl"] for part in parts["pkg:pypi/open-webui@0.12.4"]["components"]}
    assert any(purl.startswith("pkg:pypi/numpy@") for purl in carried)
    locked = {file["sha256"] for package in lock["packages"] for file in package["files"]}
    assert locked <= {hash["content"] for part in parts.values() for hash in hashes_of(part)}
    write_sbom(tmp_path / "two.json", "1.0.0", "2027-03-04")
    assert (tmp_path / "two.json").read_text("utf-8") == text


def hashes_of(part: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    inner = [hash for each in part.get("components", []) for hash in hashes_of(each)]  # type: ignore[arg-type]
    return [*part.get("hashes", []), *inner]


def test_the_files_of_a_release_lie_where_the_workflow_publishes_them_from(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOSEQUILL_REPOSITORY", "https://example.org/geese/quill")
    stated = version(tree)
    (tree / "build" / "npm").mkdir(parents=True)
    shutil.copyfile(tree / "npm" / "package.json", tree / "build" / "npm" / "package.json")
    for name in ("goosequill-site.zip", "python/a.whl", "python/a.tar.gz"):
        (tree / "build" / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / "build" / name).write_text(name)
    gather(tree / "release", tree)
    found = {path.relative_to(tree / "release").as_posix() for path in (tree / "release").rglob("*.*")}
    assert found == {
        "npm/goosequill.tgz",
        "python/a.whl",
        "python/a.tar.gz",
        f"files/goosequill-site-{stated}.zip",
        f"files/goosequill-{stated}.cdx.json",
        "notes.md",
    }
    with tarfile.open(tree / "release" / "npm" / "goosequill.tgz") as packed:
        content = json.load(
            packed.extractfile("package/package.json") or pytest.fail("it has no package.json")
        )
    assert content["repository"] == {"type": "git", "url": "git+https://example.org/geese/quill.git"}
    assert content["version"] == stated
