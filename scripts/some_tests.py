"""Run a few tests: those nearest to what has changed since the last commit, or those with a name.

    python scripts/some_tests.py          Python, JavaScript: tests that import a changed file; builds nothing
    python scripts/some_tests.py decay    pages too: tests whose path or name has "decay"; builds for them

Others may fail. What a test reaches without an import, such as a command or a data file, is not known here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from time import monotonic

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from scripts.imports import imports  # noqa: E402

SECONDS = 15
"""After this time no further test of what has changed is started."""
MOST = 30
"""Files of tests that are looked at for a change: a file that all import would take minutes."""
SOURCES = ("py", "scripts", "tests", "site", "npm")
SCRIPT = re.compile(r'\b(?:from|import)\s*\(?\s*"(\.[^"]+)"')
NODE = ("node", "--test", f"--test-concurrency={os.cpu_count()}", "--test-reporter=dot")
"""How tests in JavaScript are run; it shows those that fail."""


def used_by(path: Path) -> Iterable[Path]:
    """The files of the repository that one needs, as far as its text says."""
    if path.suffix == ".py":
        shared = (folder / "conftest.py" for folder in path.parents if is_test(path) and folder != ROOT)
        return {*imports(path), *(file for file in shared if file.is_file())}
    names = SCRIPT.findall(path.read_text(encoding="utf-8"))
    return {Path(os.path.normpath(path.parent / name)) for name in names}


def is_test(path: Path) -> bool:
    return (path.name.startswith("test_") and path.suffix == ".py") or path.name.endswith(".test.js")


def nearest(changed: set[Path], files: Iterable[Path]) -> list[Path]:
    """Return the tests that need a changed file: those named after one, then those fewest imports away."""
    users: dict[Path, set[Path]] = {}
    for path in files:
        for used in used_by(path):
            users.setdefault(used, set()).add(path)
    distance, ring = dict.fromkeys(changed, 0), changed
    while ring:
        ring = {user for path in ring for user in users.get(path, ())} - distance.keys()
        distance |= dict.fromkeys(ring, max(distance.values()) + 1)
    names = {name for path in changed for name in (f"test_{path.stem}.py", f"{path.stem}.test.js")}
    rooms = {path.parent.name for path in changed}
    tests = filter(is_test, distance)
    return sorted(
        tests, key=lambda path: (path.name not in names, distance[path], path.parent.name not in rooms, path)
    )


class Some:
    """A plugin for pytest: it runs tests whose id has a name, starts none after a time, and counts these."""

    def __init__(self, name: str = "", seconds: float = float("inf")) -> None:
        self._name, self._seconds, self._end = name.lower(), seconds, 0.0
        self._left: Counter[str] = Counter()
        self.files: set[Path] = set()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self._name in item.nodeid.lower()]
        self.files = {ROOT / item.nodeid.partition("::")[0] for item in items}
        self._end = monotonic() + self._seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        if monotonic() < self._end:
            return None
        self._left[item.nodeid.partition("::")[0]] += 1
        return True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for file, count in self._left.items():
            terminalreporter.write_line(f"not run for want of time: {count} tests of {file}")


def run_python(files: Iterable[Path], some: Some, *options: str) -> bool:
    """Run those tests of files that are not marked `rest`; return whether none fails."""
    paths = [str(path) for path in files]
    options += ("-q", "-m", "not rest")
    return not paths or pytest.main([*options, *paths], [some]) in (0, 5)  # 5: there is none


def run_scripts(files: Iterable[Path], *options: str) -> bool:
    paths = [str(path) for path in files]
    return not paths or subprocess.run([*NODE, *options, *paths], cwd=ROOT).returncode == 0


def run_changed() -> bool:
    git = ("git diff --name-only HEAD", "git ls-files --others --exclude-standard")
    listed = (subprocess.check_output(command.split(), cwd=ROOT, text=True).splitlines() for command in git)
    changed = {ROOT / name for names in listed for name in names}
    files = [
        path for folder in SOURCES for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".js")
    ]
    tests = [path for path in nearest(changed, files) if ROOT / "tests" / "browser" not in path.parents]
    for path in tests[MOST:]:
        print(f"not run, too many are nearer: {path.relative_to(ROOT)}")
    python, scripts = ([path for path in tests[:MOST] if path.suffix == suffix] for suffix in (".py", ".js"))
    return all([run_scripts(scripts), run_python(python, Some(seconds=SECONDS))])


def may_have(path: Path, part: str) -> bool:
    """Whether the id of a test in a file may have a name: in a path, a function, a title, or a parameter.

    A parameter's value is in the file itself or, of one that it imports, in quotes or the name of one beside.
    """
    text = path.read_text(encoding="utf-8")
    if re.search(rf"def test_\w*{part}|\b(?:test|it)\(\s*[\"'`][^\"'`]*{part}", text, re.IGNORECASE):
        return True
    if path.suffix == ".js":
        return bool(re.search(r"\b(?:test|it)\(\s*`[^`]*\$\{", text) and re.search(part, text, re.IGNORECASE))
    if not any(word in text for word in ("parametrize", "tiers(", "params=")):
        return False
    quoted = re.compile(rf"[\"'][^\"'\n]*{part}[^\"'\n]*[\"']", re.IGNORECASE)
    file = re.compile(part.replace(r"\-", "[-_]"), re.IGNORECASE)
    return bool(re.search(part, text, re.IGNORECASE)) or any(
        quoted.search(used.read_text(encoding="utf-8")) or any(map(file.search, os.listdir(used.parent)))
        for used in imports(path)
    )


def run_named(name: str) -> bool:
    part = re.escape(name)
    tests = [path for path in sorted((ROOT / "tests").rglob("*")) if is_test(path)]
    inside = [path for path in tests if name.lower() in path.relative_to(ROOT).as_posix().lower()]
    named = [path for path in tests if path in inside or may_have(path, part)]
    scripts = [path for path in inside if path.suffix == ".js"]
    titled = [path for path in named if path.suffix == ".js" and path not in inside]
    found = Some(name)
    if not run_python([path for path in named if path.suffix == ".py"], found, "--collect-only", "-qq"):
        return False
    python = sorted(found.files)
    if scripts or titled or any(ROOT / "tests" / "browser" in path.parents for path in python):
        subprocess.run([sys.executable, "scripts/build.py"], cwd=ROOT, check=True)
    pattern = f"--test-name-pattern=/{part}/i"
    return all([run_scripts(scripts), run_scripts(titled, pattern), run_python(python, Some(name))])


if __name__ == "__main__":
    sys.exit(0 if (run_named(sys.argv[1]) if sys.argv[1:] else run_changed()) else 1)
