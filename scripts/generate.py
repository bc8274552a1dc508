"""Write every committed file that comes from another, or check that each is current.

    python scripts/generate.py            `make generate`
    python scripts/generate.py --check    a part of `make check`: fail if a file is not what would be written

A generator is a function that returns texts by path. What takes a network, a model or a browser is no
generator: recordings, pictures, measurements. The catalogues of translations are written here, too, but
checked by words.py, which lists what is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from scripts import abi, figures, maps, notices, rooms, settings_types, words  # noqa: E402

GENERATORS: tuple[Callable[[], dict[Path, str]], ...] = (
    abi.files,
    figures.files,
    notices.files,
    settings_types.files,
    rooms.files,
    maps.files,  # after the rooms
)


def stale(generators: tuple[Callable[[], dict[Path, str]], ...] = GENERATORS) -> Iterator[tuple[Path, str]]:
    """Yield every file that is not current, with what it should contain."""
    for files in generators:
        for path, text in files().items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                yield path, text


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        names = [path.relative_to(ROOT).as_posix() for path, _ in stale()]
        if names:
            print(f"generate: not current: {', '.join(names)}; run make generate", file=sys.stderr)
        return 1 if names else 0
    for path, text in stale():
        path.write_text(text, encoding="utf-8")
        print(f"generate: {path.relative_to(ROOT)}")
    return words.main([])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
