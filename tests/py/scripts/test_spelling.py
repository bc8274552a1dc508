"""Prose is in British English with -ize, as Oxford dictionaries spell it; names and code are not prose."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
AMERICAN = re.compile(
    r"\b(colors?|colored|coloring|neighbors?|neighboring|neighborhoods?|favors?|favored|favorite|behaviors?|"
    r"honors?|honored|centers?|centered|grays?|grayscale|catalogs?|labeled|labeling|canceled|canceling|"
    r"modeled|modeling|traveled|fulfills?|judgments?|analyz(?:e|es|ed|ing)|"
    r"(?:recogn|summar|normal|initial|optim|organ|minim|maxim|general|emphas|special|separat|tokenis|quantis|"
    r"serial|visual|random|stabil|categor)is(?:e|es|ed|ing|ation|ations))\b",
    re.IGNORECASE,
)
"""American words, and -ise where -ize is the rule."""

NO_PROSE = re.compile(
    r"```.*?```|``[^`]+``|`[^`\n]*`|<style.*?</style>|<script.*?</script>|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>|"
    r"\]\([^)]*\)|https?://\S+|\{#[^}]*\}|“[^”]*”",
    re.DOTALL,
)
"""Code, markup, addresses, and quotations, which keep their spelling."""

NAME = re.compile(r"[\w./\-]*[_/.\\=(#:][\w./\-]*\w|\w+(?=[(=])|--?[\w\-]+")
"""A name of code within a comment: with a sign that no word has."""


TYPES = re.compile(r"(@\w+ )?\{[^{}]*(\{[^{}]*\}[^{}]*)*\}( \[?\w+)?")
"""What JSDoc says of a parameter: its type and its name."""


def american(text: str) -> list[str]:
    """The words of a text that are spelled otherwise than the rule has it."""
    prose = NAME.sub(" ", NO_PROSE.sub(" ", text))
    return [found.group() for found in AMERICAN.finditer(prose)]


def python_prose(text: str) -> Iterator[str]:
    """The comments and docstrings of a Python file."""
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        starts = before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and starts):
            yield token.string
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token.type


def script_prose(text: str) -> Iterator[str]:
    """The comments of a JavaScript file."""
    for found in re.finditer(r"/\*\*?(.*?)\*/|^\s*//([^\n]*)", text, re.DOTALL | re.MULTILINE):
        yield TYPES.sub(" ", found.group(1) or found.group(2) or "")


def files(folders: tuple[str, ...], endings: tuple[str, ...]) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in endings]
    return [path for path in found if not {"vendor", "node_modules"} & set(path.parts)]


def test_prose_is_spelled_as_the_rule_has_it() -> None:
    texts = [
        (path, [path.read_text("utf-8")]) for path in files(("docs", "overrides", "site"), (".md", ".html"))
    ]
    texts += [(ROOT / name, [(ROOT / name).read_text("utf-8")]) for name in ("README.md", "CONTRIBUTING.md")]
    for path in files(("py", "scripts"), (".py",)):
        texts.append((path, list(python_prose(path.read_text("utf-8")))))
    for path in files(("site", "scripts"), (".js",)):
        texts.append((path, list(script_prose(path.read_text("utf-8")))))
    assert len(texts) > 500
    found = {
        str(path.relative_to(ROOT)): sorted({word for text in prose for word in american(text)})
        for path, prose in texts
    }
    assert {name: words for name, words in found.items() if words} == {}


def test_names_code_and_quotations_keep_their_spelling() -> None:
    kept = "`color` and ``center``, <a color=red>, background-color: x, set_color, --gray, “Gray”, f(color=1)"
    assert american(kept) == []
    assert american("A gray neighbor recognises it.") == ["gray", "neighbor", "recognises"]
    assert list(python_prose('"""Doc."""\nx = "text"  # note\n')) == ['"""Doc."""', "# note"]
    assert list(script_prose("/** A. */\nconst a = 'b'; \n// c\n")) == [" A. ", " c"]
