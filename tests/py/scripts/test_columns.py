"""Lines of hand-written JavaScript have at most 110 columns; the formatter checks code only, not comments."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 110


def comments_beyond(text: str) -> list[int]:
    """Line numbers of comments that are too long; a text that cannot be broken is no comment."""
    lines = enumerate(text.splitlines(), 1)
    return [
        number
        for number, line in lines
        if len(line) > LIMIT and line.lstrip().startswith(("//", "/*", "* ")) and " " in line.strip()[3:]
    ]


def test_no_comment_is_longer_than_a_line_may_be() -> None:
    folders = ("site", "npm", "docs", "types", "scripts", "tests/js")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.[jt]s")]
    sources = [path for path in sources if "vendor" not in path.parts]
    assert len(sources) > 100
    found = {str(path): comments_beyond(path.read_text(encoding="utf-8")) for path in sources}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_a_long_comment_is_found() -> None:
    long = "word " * 30
    assert comments_beyond(f"// {long}\nconst a = 1;\n/** {long} */\n * {long}\n{long}") == [1, 3, 4]
