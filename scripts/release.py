"""Make a release: its version, its date, its notes, and the files that it publishes, in build/release/.

    python scripts/release.py --set 0.2.0    write the version and today's date wherever they stand
    python scripts/release.py --tag v0.2.0   refuse a tag that is not the version, or has no notes
    python scripts/release.py                gather what `make release` built: npm/, python/, files/, notes.md

The version is that of py/goosequill/__init__.py. COPIES lists every other file that states it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.command import ROOT, BuildError

SOURCE = "py/goosequill/__init__.py"
VERSION = re.compile(r'^__version__ = "(\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?)"$', re.MULTILINE)
COPIES = {
    SOURCE: VERSION,
    "npm/package.json": re.compile(r'^  "version": "([^"]+)"', re.MULTILINE),
    "site/widget/version.js": re.compile(r'^export const VERSION = "([^"]+)"', re.MULTILINE),
    "CITATION.cff": re.compile(r"^version: (\S+)$", re.MULTILINE),
}
"""The file with the version, and those with a copy that a program reads without Python."""
DATE = re.compile(r'^date-released: "([^"]+)"$', re.MULTILINE)
UNRELEASED = re.compile(r"^## (Unreleased)$", re.MULTILINE)
SECTION = re.compile(r"^## (\S+)(?: - (\d{4}-\d\d-\d\d))?\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def version(root: Path = ROOT) -> str:
    """Return the version of everything that is published.

    Raises:
        BuildError: the source does not state one
    """
    found = VERSION.search((root / SOURCE).read_text(encoding="utf-8"))
    if found is None:
        raise BuildError(f"{SOURCE} has no __version__ of the form MAJOR.MINOR.PATCH")
    return found[1]


def set_version(new: str, date: str, root: Path = ROOT) -> None:
    """Write a version and its date everywhere, and give what is unreleased in the changelog to it."""
    if not VERSION.fullmatch(f'__version__ = "{new}"'):
        raise BuildError(f"{new!r} is not a version of the form MAJOR.MINOR.PATCH")
    for name, pattern in COPIES.items():
        rewrite(root / name, pattern, new)
    rewrite(root / "CITATION.cff", DATE, date)
    rewrite(root / "CHANGELOG.md", UNRELEASED, f"Unreleased\n\n## {new} - {date}")


def rewrite(path: Path, pattern: re.Pattern[str], new: str) -> None:
    """Replace the group of a pattern, which a file must contain once."""
    text = path.read_text(encoding="utf-8")
    found = list(pattern.finditer(text))
    if len(found) != 1:
        raise BuildError(f"{path.name} must have one line like {pattern.pattern!r}; it has {len(found)}")
    start, end = found[0].span(1)
    path.write_text(text[:start] + new + text[end:], encoding="utf-8")


def notes(root: Path = ROOT) -> str:
    """Return the changelog's section of the current version.

    Raises:
        BuildError: it has none with a date
    """
    wanted = version(root)
    for name, date, text in SECTION.findall((root / "CHANGELOG.md").read_text(encoding="utf-8")):
        if name == wanted and date:
            return str(text.strip()) + "\n"
    raise BuildError(f"CHANGELOG.md has no '## {wanted} - DATE': run scripts/release.py --set {wanted}")


def released(root: Path = ROOT) -> str:
    """Return the date of the current version, as YYYY-MM-DD."""
    (date,) = DATE.findall((root / "CITATION.cff").read_text(encoding="utf-8"))
    return str(date)


def check_tag(tag: str, root: Path = ROOT) -> None:
    """Refuse a tag for another version than the tree's, and a version without notes."""
    if tag != f"v{version(root)}":
        raise BuildError(f"the tag {tag} is not v{version(root)}, the version in {SOURCE}")
    notes(root)


def gather(output: Path, root: Path = ROOT) -> None:
    """Copy what was built to where the workflow publishes it from, and write the SBOM and the notes."""
    from scripts.package_metadata import repository  # a tag is checked where nothing is installed
    from scripts.sbom import write_sbom

    build = root / "build"
    shutil.rmtree(output, ignore_errors=True)
    for folder in ("npm", "python", "files"):
        (output / folder).mkdir(parents=True)
    pack_npm(build / "npm", output / "npm", repository(root))
    for path in sorted((build / "python").iterdir()):
        shutil.copyfile(path, output / "python" / path.name)
    shutil.copyfile(build / "goosequill-site.zip", output / "files" / f"goosequill-site-{version(root)}.zip")
    write_sbom(output / "files" / f"goosequill-{version(root)}.cdx.json", version(root), released(root))
    (output / "notes.md").write_text(notes(root), encoding="utf-8")


def pack_npm(package: Path, output: Path, address: str) -> None:
    """Pack the npm package with its repository's address, without which npm accepts no provenance."""
    path = package / "package.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    if address:
        content["repository"] = {"type": "git", "url": f"git+{address}.git"}
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    command = ["npm", "pack", "--silent", "--pack-destination", str(output)]
    subprocess.run(command, cwd=package, check=True, stdout=subprocess.DEVNULL)
    (packed,) = output.iterdir()
    packed.rename(output / "goosequill.tgz")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Set the version, check a tag, or gather a release's files.")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--set", metavar="VERSION", help="write this version and today's date everywhere")
    chosen.add_argument("--tag", help="check that this tag may be released")
    options = parser.parse_args(arguments)
    try:
        if options.set:
            set_version(options.set, datetime.date.today().isoformat())
        elif options.tag:
            check_tag(options.tag)
        else:
            gather(ROOT / "build" / "release")
    except (BuildError, OSError, subprocess.CalledProcessError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
