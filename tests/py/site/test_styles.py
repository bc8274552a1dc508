"""Style sheets take their sizes of type, radii, shadows and colours from the few in site/ui/tokens.css."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.command import ROOT

TOKENS = ROOT / "site" / "ui" / "tokens.css"
ALONE = ("site/compare/web-page.css", "site/embed/frame.css")
"""Sheets that no other sheet of the site reaches."""
SCRIPTS = ("site/widget/styles.js", "site/search/static/style.js")
"""Style sheets of elements in other people's pages. They and those that stand alone keep to the scale."""

DECLARATION = re.compile(r"(?:^|[;{\s])(--[\w-]+|[a-z-]+):\s*([^;{}]+)")
LITERAL_COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|color)\(|\b(?:oklch|oklab)\((?![^)]*var\()"
    r"|\b(?:white|black|gr[ae]y|silver|red|green|blue|orange|yellow|purple|teal|brown|pink|gold)\b",
    re.IGNORECASE,
)
LENGTH = re.compile(r"(?<![\w.-])(\d*\.?\d+)(px|rem|em|pt|%|vw|ch|ex)\b")


def sheets() -> list[Path]:
    found = [*(ROOT / "site").rglob("*.css"), *(ROOT / "docs" / "assets").rglob("*.css")]
    return sorted(path for path in found if not {"vendor", "models"} & set(path.relative_to(ROOT).parts))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


TOKENED = [path for path in sheets() if path != TOKENS and name(path) not in ALONE]


def declarations(css: str) -> Iterator[tuple[str, str]]:
    """Each property with its value, comments and addresses left out."""
    css = re.sub(r"/\*.*?\*/|url\([^)]*\)", "", css, flags=re.S)
    for found in DECLARATION.finditer(css):
        yield found[1], found[2].strip()


def faults(css: str) -> list[str]:
    """What a sheet states itself although the tokens have it."""
    found = []
    for key, value in declarations(css):
        said = f"{key}: {value}"
        size = value.split("/")[0] if key == "font" else value if key == "font-size" else ""
        derived = re.sub(r"clamp\(var.*", "", size)  # one of two tokens
        if LENGTH.search(derived) or re.search(r"\b(?:x?x-)?(?:small|large|medium|smaller|larger)\b", size):
            found.append(said)
        if key.endswith("radius") and LENGTH.search(value):
            found.append(said)
        if key in ("box-shadow", "text-shadow") and value not in ("none", "var(--shadow)"):
            found.append(said)
        if LITERAL_COLOUR.search(value) and key != "white-space":
            found.append(said)
    return found


@pytest.mark.parametrize("path", TOKENED, ids=name)
def test_a_sheet_uses_tokens(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "css",
    [
        "a { font-size: 0.93rem; }",
        "a { font: 600 15px / 1.2 var(--sans); }",
        "a { border-radius: 9px; }",
        "a { border-top-left-radius: 1rem; }",
        "a { box-shadow: 0 0 3px var(--ink); }",
        "a { color: #fff; }",
        "a { background: light-dark(white, var(--ink)); }",
        "a { --mine: rgb(1 2 3); }",
        "a { fill: oklch(0.5 0.1 20); }",
    ],
)
def test_a_literal_is_found(css: str) -> None:
    assert len(faults(css)) == 1


def test_what_is_derived_from_tokens_is_no_literal() -> None:
    css = """a { font: 600 var(--size-3) / 1.5 var(--sans); white-space: nowrap;
      border-radius: 0 var(--radius);
      color: color-mix(in oklab, var(--ink) 40%, transparent); background: url("#fff"); box-shadow: none; }"""
    assert faults(css) == []


def test_tokens_that_are_used_exist_and_those_that_exist_are_used() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*sheets(), *(ROOT / "site").rglob("*.js"))]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "overrides").rglob("*.html")]
    defined = {key for key, _ in declarations(TOKENS.read_text(encoding="utf-8")) if key.startswith("--")}
    used = {found for text in texts for found in re.findall(r"var\((--[\w-]+)", text)}
    unused = {key for key in defined - used if not re.match(r"--space-\d", key)}
    assert unused == set()


def test_a_property_that_a_sheet_uses_is_set_somewhere() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*sheets(), *(ROOT / "site").rglob("*.js"))]
    known = {found for text in texts for found in re.findall(r"(?:[{;\s]|[\"'`])(--[\w-]+)(?=[:\"'`])", text)}
    used = {found for text in texts for found in re.findall(r"var\((--[\w-]+)\)", text)}
    assert {one for one in used - known if not one.startswith("--md-")} == set()


def test_the_scale_has_seven_sizes() -> None:
    sizes = {key for key, _ in declarations(TOKENS.read_text(encoding="utf-8")) if key.startswith("--size-")}
    assert sizes == {*(f"--size-{index}" for index in range(1, 8)), "--size-part"}


def scale() -> set[float]:
    """The sizes and radii of the scale that do not depend on the window, in units of 16 px and in px."""
    tokens = dict(declarations(TOKENS.read_text(encoding="utf-8").split("@media print")[0]))
    sizes = (re.fullmatch(r"calc\(([\d.]+) \* var\(--u\)\)", value) for value in tokens.values())
    return {float(found[1]) for found in sizes if found} | {0}


@pytest.mark.parametrize("file", [*ALONE, *SCRIPTS])
def test_a_sheet_that_stands_alone_keeps_to_the_scale(file: str) -> None:
    css = (ROOT / file).read_text(encoding="utf-8").split("@media print")[0]
    sizes = re.findall(r"font-size:\s*(\d*\.?\d+)(rem|em|px)?", css)
    assert {float(size) for size, unit in sizes if unit != "px"} <= scale()
    radii = re.findall(r"radius:\s*([^;}]+)|radius,\s*([^)]+)\)", css)
    lengths = {length for pair in radii for length in re.findall(r"\d+px", "".join(pair))}
    assert lengths <= {"4px", "8px", "99px"}
