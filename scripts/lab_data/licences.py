"""Which of a Debian package's font files have a permissive licence, from its copyright file.

Permissive here means: anyone may use, change and pass on the work, if the notice stays with it. A file whose
licence is not certain counts as not permissive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch

PERMISSIVE = {
    "OFL-1.1": r"(sil[ -]?)?(ofl|sil|open font|sil open font)([ -_]?(font )?(license|licence))?"
    r"(,? ?-?(version )?1\.[01])?( ?-? ?rfn)?( – 26 february 2007)?",
    "Apache-2.0": r"apache(-2(\.0)?)?",
    "MIT": r"mit|expat|x11",
    "BSD": r"bsd-?[23](-clause)?|0bsd",
    "ISC": r"isc",
    "CC0-1.0": r"cc0(-1\.0)?",
    "Bitstream Vera": r"bitstream([- ]?vera)?|dejavu-license",
    "M+": r"m\+(-?fonts?)?",
    "Aenigma": r"madduck-special-license",  # attribution and a note of changes; its words are in the notices
    "public domain": r"public[ -]domain(-\w+)?|pd|unlicense",
}
FORBIDDING = re.compile(
    r"general public|\bgpl|non-?commercial|personal use|share-?alike|by-sa|by-nc|lppl|latex project|"
    r"may not be (used(?! to endorse)|modified)|end.user licen[cs]e agreement",
    re.IGNORECASE,
)
# What a licence other than the fonts' may cover in a source package: no font is made from it.
OTHER_FILES = re.compile(
    r"^debian/|\.(py|pl|sh|xml|html?|css|js|txt|in|md|am|ac|m4|conf|yml|json|pdf|rb|php)$|"
    r"(^|/)(configure|makefile|build|install-sh|missing|scripts?|tools?|documents?|docs?|web)(/|\.|\*|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Rule:
    """One paragraph of a copyright file: patterns of files, their licence and copyright."""

    patterns: tuple[str, ...]
    licence: str  # a name of PERMISSIVE, or "" if it is not permissive
    notice: str
    text: str  # the licence's words, as far as the copyright file has them


def name_of(written: str) -> str:
    """Return the permissive licence that a short name of Debian's means; "" if it means none.

    Of alternatives ("GPL-2 or OFL-1.1") one must be permissive; of several at once ("and"), all.
    """
    for choice in re.split(r"\s+or\s+|\|", written.strip().lower()):
        parts = [part.strip() for part in re.split(r"\s+and\s+|,\s*(?=and )|\s*/\s*", choice) if part.strip()]
        names = [
            next((name for name, rule in PERMISSIVE.items() if re.fullmatch(rule, part)), "")
            for part in parts
        ]
        if names and all(names):
            return " and ".join(dict.fromkeys(names))
    return ""


def read(text: str) -> list[Rule]:
    """Return the paragraphs of a copyright file, machine-readable or not."""
    if not re.match(r"\s*Format", text):
        return [_read_prose(text)]
    paragraphs = [
        {
            key.lower(): value.strip()
            for key, value in re.findall(r"^([\w-]+):((?:.*)(?:\n[ \t].*)*)", paragraph, re.MULTILINE)
        }
        for paragraph in re.split(r"\n[ \t]*\n(?=\S)", text)
    ]
    alone = [fields["license"] for fields in paragraphs if "license" in fields and "files" not in fields]
    texts = {written.strip(): words for written, _, words in (each.partition("\n") for each in alone)}
    rules = []
    for fields in paragraphs:
        if "files" in fields and "license" in fields:
            written = fields["license"].split("\n")[0].strip()
            notice = " ".join(fields.get("copyright", "").split())
            patterns = tuple(re.split(r"[\s,]+", fields["files"].strip()))
            own = fields["license"].partition("\n")[2]
            if not own:  # it stands alone, or its parts do
                parts = re.split(r"\s+and\s+|\s+or\s+", written)
                own = texts.get(written) or "\n\n".join(filter(None, map(texts.get, parts)))
            rules.append(Rule(patterns, name_of(written), notice, _dedented(own)))
    return rules


def _dedented(text: str) -> str:
    """Return a licence's words without the indentation and the dots of a copyright file."""
    return "\n".join("" if line.strip() == "." else line.strip() for line in text.split("\n")).strip()


def _read_prose(text: str) -> Rule:
    free = re.search(r"open font licen[cs]e", text, re.IGNORECASE) and not FORBIDDING.search(text)
    notices = re.findall(r"^\s*(?:copyright|©|\(c\)).*", text, re.IGNORECASE | re.MULTILINE)
    notice = "; ".join(dict.fromkeys(" ".join(line.split()) for line in notices if re.search(r"\d{4}", line)))
    return Rule(("*",), "OFL-1.1" if free else "", notice[:600], text[text.find("SIL OPEN FONT") :])


def rule_of(rules: list[Rule], file: str) -> Rule | None:
    """Return the paragraph that covers a font file, or None if its licence is not permissive or not certain.

    A binary package has other folders than its source, and a font may be built from a source of another
    suffix: so a paragraph covers a file if one of its patterns names it, with or without suffix. Without
    such a paragraph the general one counts, if no other could cover the font.
    """
    named = [rule for rule in rules if any(_names(pattern, file) for pattern in rule.patterns)]
    if named:
        return named[-1] if named[-1].licence else None
    fonts = [rule for rule in rules if not all(OTHER_FILES.search(pattern) for pattern in rule.patterns)]
    if not fonts or not all(rule.licence for rule in fonts):
        return None
    return fonts[0]


def _names(pattern: str, file: str) -> bool:
    last = pattern.rsplit("/", 1)[-1]
    if last in ("*", "") or fnmatch(file, last):
        return last not in ("*", "")
    stem, dot, _ = last.rpartition(".")
    return bool(dot and stem and stem[0] != "*") and fnmatch(file.rsplit(".", 1)[0], stem)


def forbids(stated: str) -> bool:
    """Return whether a font's own statement of its licence has words that no permissive licence has."""
    return bool(FORBIDDING.search(stated))
