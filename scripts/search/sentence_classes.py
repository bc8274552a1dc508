"""Write Unicode's Sentence_Break and Word_Break classes, packed, as the modules in `TABLES`.

    python scripts/search/sentence_classes.py

They come from the package `regex`, whose version decides which Unicode they are of: 2025.11.3 has Unicode 17,
as the browsers' ICU 78. Run it, with that package beside it, only to move to another Unicode;
tests/py/search/test_sentences.py and tests/py/tokenizers/test_word_breaks.py compare the results with
Intl.Segmenter.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

import regex

PACKAGE = Path(__file__).resolve().parents[2] / "py" / "goosequill"
SENTENCES = "Extend Format Sp Lower Upper OLetter Numeric ATerm STerm SContinue Close"
WORDS = (
    "Extend Format ALetter Hebrew_Letter Numeric Katakana ExtendNumLet MidLetter MidNum MidNumLet WSegSpace"
)
TABLES = {
    "search/sentence_classes.py": {name: rf"\p{{Sentence_Break={name}}}" for name in SENTENCES.split()},
    "tokenizers/word_classes.py": {
        **{name: rf"\p{{Word_Break={name}}}" for name in WORDS.split()},
        "Pictograph": r"\p{Extended_Pictographic}",
        "Alone": r"(?=\p{Word_Break=Other})[\p{L}\p{Nl}]",
    },
}
"""Module -> name of a class -> the expression of its members."""
UNICODE = "17"
"""The version of Unicode that `regex` has."""
HEAD = '''"""Classes of Unicode {unicode}, written by scripts/search/sentence_classes.py.

The standard library knows no such classes, and its Unicode changes with Python's version. Each class is a
list of ranges: the hexadecimal distance from the end of the one before, and "+length" if longer than one.
"""

from __future__ import annotations

'''


def members(expression: str) -> list[int]:
    """Return the code points of a class, surrogates left out."""
    text = "".join(map(chr, [*range(0xD800), *range(0xE000, sys.maxunicode + 1)]))
    return [ord(match[0]) for match in regex.finditer(expression, text)]


def packed(points: list[int]) -> str:
    """Return code points as ranges; see HEAD."""
    end, items = 0, []
    for _, group in groupby(enumerate(points), lambda pair: pair[1] - pair[0]):
        run = [point for _, point in group]
        items.append(f"{run[0] - end:x}" + (f"+{run[-1] - run[0]:x}" if len(run) > 1 else ""))
        end = run[-1]
    return " ".join(items)


def wrapped(text: str, width: int = 108) -> str:
    """Return a text in lines of at most `width` characters."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def main() -> None:
    """Write the modules."""
    for path, classes in TABLES.items():
        parts = [HEAD.format(unicode=UNICODE)]
        for name, expression in classes.items():
            parts.append(f'{name.upper()} = """\n{wrapped(packed(members(expression)))}\n"""\n')
        (PACKAGE / path).write_text("".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
