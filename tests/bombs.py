"""Bombs for every reader of `tests.soak.readers`: files that become far more than they are, or say so.

Each goes a little beyond a bound, or stays just below all of them. Sizes follow the bounds as they are when a
bomb is made: within `smaller`, gigabytes become megabytes.
"""

import contextlib
import dataclasses
import gzip
import io
import json
import logging
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from goosequill.lab import recordings
from goosequill.search import index_files
from goosequill.search.documents import limits
from goosequill.support import budget
from goosequill.tuning import examples
from goosequill.weights.formats import gguf, pth, safetensors
from tests.py.search.documents.pdfs import file_of
from tests.py.weights import make_hostile
from tests.py.work import measured_memory
from tests.soak.readers import SEEDS, check, inputs, seed

try:
    import pypdf
except ImportError:  # as in a page
    pypdf = None

FACTOR = 64
"""By how much `smaller` divides."""
_BOUND = re.compile(r"_?(MOST|MAX|LARGEST)(_(?!DIM)[A-Z]+)*")
_SMALL = 10_000
"""Bounds below this stay: they are of names and nesting."""


@contextlib.contextmanager
def smaller(factor: int = FACTOR) -> Iterator[None]:
    """Divide all large bounds of the package's modules, also where they are a parameter's default."""
    modules = [module for name, module in sorted(sys.modules.items()) if name.startswith("goosequill.")]
    kept = [(*place, getattr(*place)) for module in modules for place in _bounds(module)]
    of_pypdf = _shrunk(dataclasses.asdict(pypdf.Configuration()), factor) if pypdf else {}
    for owner, name, value in kept:
        setattr(owner, name, _shrunk(value, factor))
    try:
        with pypdf.apply_configuration(**of_pypdf) if pypdf else contextlib.nullcontext():
            yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def _bounds(module: ModuleType) -> Iterator[tuple[Any, str]]:
    for name, value in vars(module).items():
        if _BOUND.fullmatch(name):
            yield module, name
        elif getattr(value, "__module__", "") == module.__name__:
            function = value.__init__ if isinstance(value, type) else value
            if isinstance(function, FunctionType):
                yield from ((function, kind) for kind in ("__defaults__", "__kwdefaults__"))


def _shrunk(value: Any, factor: int) -> Any:
    if isinstance(value, dict):
        return {key: _shrunk(each, factor) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_shrunk(each, factor) for each in value)
    return value // factor if type(value) is int and value >= _SMALL else value


Bomb = Callable[[], bytes]


def filled(unit: str | bytes, size: int, start: str | bytes = b"", end: str | bytes = b"") -> bytes:
    """Return a text of at most `size` bytes that repeats a unit."""
    start, unit, end = (each.encode() if isinstance(each, str) else each for each in (start, unit, end))
    return start + unit * ((size - len(start) - len(end)) // len(unit)) + end


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method, compresslevel=1) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


def lying(data: bytes, size: int) -> bytes:
    """Return a zip that says of its files that each has so many bytes."""
    changed = bytearray(data)
    for signature, place in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        for found in re.finditer(re.escape(signature), data):
            struct.pack_into("<I", changed, found.start() + place, size)
    return bytes(changed)


def overlapping(data: bytes, count: int) -> bytes:
    """Return a zip of one file with a list that names it so many times."""
    at = data.index(b"PK\1\2")
    entry, end = data[at:-22], bytearray(data[-22:])
    struct.pack_into("<HHI", end, 8, count, count, len(entry) * count)
    return data[:at] + entry * count + bytes(end)


def zips(inner: Callable[[], dict[str, bytes]], name: str) -> dict[str, Bomb]:
    """Return the bombs of a zip; `inner` is what a sound one has, of which the file `name` is repeated."""
    return {
        "many members": lambda: zipped(inner() | {f"{at}": b"" for at in range(limits.MOST_ENTRIES + 1)}),
        "long names": lambda: zipped(
            inner() | {f"{at:09}{'n' * 60_000}": b"" for at in range(limits.MOST_DIRECTORY // 60_000 + 1)}
        ),
        "a size that is too small": lambda: lying(zipped({name: bytes(limits.MOST_FILE)}), 10),
        "a size that is too large": lambda: lying(zipped(inner()), 0xFFFFFFF0),
        "one file many times": lambda: overlapping(zipped({name: bytes(limits.MOST_FILE)}), 500),
        "zeros": lambda: zipped({name: bytes(limits.MOST_XML + 1)}),
    }


def nested(data: bytes, levels: int, name: str) -> bytes:
    """Return a zip in a zip, so many times."""
    for _ in range(levels):
        data = zipped({name: data})
    return data


def texts(units: dict[str, tuple[str, str]]) -> dict[str, Bomb]:
    """Return files as long as a document may be: name -> how each begins, and what it repeats."""
    made = {
        name: lambda start=start, unit=unit: filled(unit, limits.MOST_FILE, start)
        for name, (start, unit) in units.items()
    }
    return made | {
        "one byte more": lambda: bytes(limits.MOST_FILE + 1),
        "wide characters": lambda: filled("€ \U0001f600\n\n", limits.MOST_FILE),
        "bytes of an old code page": lambda: filled(b"\x80\xe9 ", limits.MOST_FILE),
        "line ends": lambda: filled("\r\n", limits.MOST_FILE),
    }


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_ATTRIBUTES = " ".join(f"a{at}=''" for at in range(500))
_LAUGHS = "".join(f'<!ENTITY l{at + 1} "{10 * f"&l{at};"}">' for at in range(9))


def word(body: str, before: str = "") -> bytes:
    text = f'{before}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    return zipped({"word/document.xml": text.encode()})


def word_filled(unit: str, start: str = "", count: int = 0) -> bytes:
    """A Word document that repeats a unit up to the number of elements, by default a little beyond."""
    return word(start + unit * (count or limits.MOST_ELEMENTS // max(1, unit.count("<w:")) + 1))


WORD: dict[str, Bomb] = {
    "entities": lambda: word("&l9;", f'<!DOCTYPE d [<!ENTITY l0 "laugh">{_LAUGHS}]>'),
    "a deep tree": lambda: word("<w:r>" * (limits.MOST_DEPTH + 1)),
    "a deep tree within bounds": lambda: word("<w:r>" * (limits.MOST_DEPTH - 9)),
    "repeated text": lambda: word(f"<w:p><w:t>{'x' * limits.MOST_FILE}</w:t></w:p>"),
    "repeated emoji": lambda: word(f"<w:p><w:t>{'😀' * (limits.MOST_FILE // 4 - 9)}</w:t></w:p>"),
    "paragraphs": lambda: word_filled("<w:p><w:t>a</w:t></w:p>"),
    "paragraphs within bounds": lambda: word_filled(
        "<w:p><w:t>a</w:t></w:p>", count=limits.MOST_ELEMENTS // 2 - 9
    ),
    "breaks": lambda: word_filled("<w:br/>", "<w:p>"),
    "cells": lambda: word_filled("<w:tc><w:p><w:t>ab</w:t></w:p></w:tc>", "<w:tbl><w:tr>"),
    "rows": lambda: word_filled("<w:tr><w:p><w:t>ab</w:t></w:p></w:tr>", "<w:tbl>"),
    "items": lambda: word_filled("<w:p><w:numPr/><w:t>ab</w:t></w:p>"),
    "headings": lambda: word_filled(
        '<w:p><w:outlineLvl w:val="0"/><w:t>ab</w:t></w:p><w:p><w:t>c</w:t></w:p>'
    ),
    "attributes": lambda: word(f"<w:p {_ATTRIBUTES}/>" * (limits.MOST_ELEMENTS // 500 + 1)),
    "different names": lambda: word("".join(f"<n{at}/>" for at in range(limits.MOST_NAMES // 4))),
    "a long tag": lambda: word(f'<w:p a="{"x" * (limits.MOST_TAG + 2_000_000)}"/>'),
    "namespaces": lambda: word("".join(f'<p:a xmlns:p="u{at}"/>' for at in range(limits.MOST_NAMES // 4))),
    "styles": lambda: zipped(
        {
            "word/document.xml": f'<d xmlns="{_WORD}"><body/></d>'.encode(),
            "word/styles.xml": filled(
                '<style styleId="aaaaaaaaaa"/>', 20 * limits.MOST_ELEMENTS, f'<d xmlns="{_WORD}">'
            ),
        }
    ),
    **zips(lambda: {"word/document.xml": f'<d xmlns="{_WORD}"/>'.encode()}, "word/document.xml"),
}


def page(stream: bytes, *more: bytes, packing: str = "", pages: int = 1) -> bytes:
    """A PDF of pages that all show one stream; further objects have the numbers from 7."""
    kids = " ".join(["5 0 R"] * pages)
    forms = " ".join(f"/F{number} {number} 0 R" for number in range(7, 7 + len(more)))
    return file_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode(),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Title () >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R /Resources "
            b"<< /Font << /F1 3 0 R >> /XObject << %s >> >> >>" % forms.encode(),
            b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), packing.encode(), stream),
            *more,
        ]
    )


def form(stream: bytes, uses: str = "") -> bytes:
    """An object that a page of a PDF draws."""
    return (
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] "
        b"/Resources << /Font << /F1 3 0 R >> /XObject << %s >> >> /Length %d >>\nstream\n%s\nendstream"
        % (uses.encode(), len(stream), stream)
    )


def drawing(levels: int, times: int, last: bytes) -> bytes:
    """A page with a form that draws another so many times, and so on."""
    forms = [form(f"/F{8 + at} Do ".encode() * times, f"/F{8 + at} {8 + at} 0 R") for at in range(levels)]
    return page(b"/F7 Do", *forms, form(last))


_TEXT = b"BT /F1 9 Tf (a line of text) Tj ET "
PDF: dict[str, Bomb] = {
    "repeated text": lambda: page(b"BT /F1 9 Tf " + b"(%s) Tj T* " % (b"x" * 90) * (limits.MOST_FILE // 90)),
    "a page many times": lambda: page(_TEXT, pages=limits.MOST_PAGES),
    "too many pages": lambda: page(_TEXT, pages=limits.MOST_PAGES + 1),
    "forms within forms": lambda: drawing(3, 5, _TEXT),
    "forms without text": lambda: drawing(3, 5, b""),
    "a form in a circle": lambda: page(b"/F7 Do", form(b"/F7 Do " * 9, "/F7 7 0 R")),
    "a packed stream": lambda: page(
        zlib.compress(_TEXT * (limits.MOST_FILE // 9), 1), packing="/Filter /FlateDecode"
    ),
    "a stream packed twice": lambda: page(
        zlib.compress(zlib.compress(bytes(16 * limits.MOST_FILE), 1), 1),
        packing="/Filter [/FlateDecode /FlateDecode]",
    ),
    "operators": lambda: page(b"q Q " * (limits.MOST_FILE // 8)),
    "arrays in arrays": lambda: page(b"[" * 100_000),
    "an array of numbers": lambda: page(b"[" + b"1 " * (limits.MOST_FILE // 8) + b"] TJ"),
    "a long text": lambda: page(b"BT (" + b"(" * 100_000),
    "dictionaries in dictionaries": lambda: page(_TEXT, b"<< /A " * 5_000),
    "pages in a circle": lambda: page(_TEXT).replace(b"[5 0 R]", b"[2 0 R]"),
    "a count of pages that lies": lambda: page(_TEXT).replace(b"/Count 1 ", b"/Count 999999999 "),
    "a length that lies": lambda: page(_TEXT).replace(b"/Length ", b"/Length 9999999"),
    "a list of objects that lies": lambda: page(_TEXT).replace(b"xref\n0 7", b"xref\n0 999999999"),
    "one byte more": lambda: b"%PDF-" + bytes(limits.MOST_PDF),
}

HTML = texts(
    {
        "a deep tree": ("", "<ul>"),
        "entities": ("<p>", "&CounterClockwiseContourIntegral;"),
        "short entities": ("<p>", "&lt"),
        "attributes": ("<p ", "a=1 "),
        "comments without end": ("", "<!--"),
        "tags without end": ("", "<a "),
        "headings": ("", "<h1>a</h1><p>b"),
        "headings with ids": ("", "<h2 id=aaaa>a</h2><p>b"),
        "cells": ("<table><tr>", "<td>ab"),
        "items": ("<ul>", "<li>ab"),
        "links in headings": ("<h1>", "<a href=#>¶</a>"),
        "lines": ("<pre>", "a\n"),
        "titles": ("", "<title>a"),
        "mains": ("", "<main>a"),
    }
)
MARKDOWN = texts(
    {
        "headings": ("", "# a\n\nb\n\n"),
        "brackets": ("", "["),
        "links in links": ("", "[a]("),
        "code": ("", "`a` "),
        "open code": ("", "``` a\n"),
        "emphasis": ("", "*a_"),
        "quotes": ("", "> "),
        "cells": ("|", "ab|"),
        "rows": ("", "|ab|\n"),
        "items": ("", "- a\n"),
        "items within items": ("", "- "),
        "front matter": ("---\n", "title: a\n"),
        "entities": ("", "&amp;"),
        "tags": ("", "<a"),
        "tabs": ("", "\t"),
    }
)
TEXT = texts({"words": ("", "a "), "paragraphs": ("", "a\n\n"), "one word": ("", "a"), "lines": ("", "a\n")})
TABLE = texts(
    {
        "too wide a table": ("", "ab,"),
        "a wide table": ("", "ab," * 999 + "\n"),
        "a wide table of wide characters": ("", "€€," * 999 + "\n"),
        "a wide table of nothing": ("", "," * 999 + "\n"),
        "rows": ("title,text\n", "a,b\n"),
        "long rows": ("title,text\n", f"a,{'b ' * 500}\n"),
        "quotation marks": ("", '""'),
        "a mark without end": ('"', "ab,\n"),
        "paragraphs": ('title,text\na,"', "a\n\n"),
    }
) | {"old wide table": lambda: filled(b"\x80\x80," * 999 + b"\n", limits.MOST_FILE)}
ZIP: dict[str, Bomb] = {
    **zips(lambda: {"a.txt": b"a"}, "a.txt"),
    "zips in zips": lambda: nested(b"a", limits.MOST_NESTING + 1, "a.zip"),
    "a zip of zeros in a zip": lambda: nested(bytes(limits.MOST_UNPACKED + 1), limits.MOST_NESTING, "a.zip"),
    "many zips of zeros": lambda: zipped(
        {f"{at}.zip": zipped({"a.txt": filled("a b\n", limits.MOST_FILE)}) for at in range(24)}
    ),
    "documents": lambda: zipped({f"{at}.docx": WORD["paragraphs within bounds"]() for at in range(6)}),
    "a table in a zip": lambda: zipped({"a.csv": TABLE["a wide table"]()}),
    "an old spreadsheet": lambda: zipped({"a.xlsx": zipped({"xl/workbook.xml": b"<a>"}), "b.odt": b"PK\3\4"}),
    "another method": lambda: zipped({"a.txt": b"a"}).replace(b"\x08\0", b"\x0c\0"),
}


def of_json(most: Callable[[], int], start: str = "", end: str = "") -> dict[str, Bomb]:
    """Return JSON of at most `most()` bytes, in a frame of JSON."""

    def repeated(unit: str, last: str, *around: str) -> bytes:
        count = min(budget.MOST_VALUES // sum(map(unit.count, ",[{")) - 9, most() // len(unit) - 9)
        return (start + around[0] + unit * count + last + around[1] + end).encode()

    def names() -> bytes:
        return (start + json.dumps({f"{at:08}": 0 for at in range(most() // 20)})[: most()] + end).encode()

    units = {
        "empty lists": "[],",
        "empty objects": "{},",
        "numbers": "0.5,",
        "texts": '"ab",',
        "wide texts": '"é€",',
    }
    return {
        **{name: lambda unit=unit: repeated(unit, unit[:-1], "[", "]") for name, unit in units.items()},
        "a deep list": lambda: filled("[", min(most(), 1_000_000), start),
        "a deep object": lambda: filled('{"a":', min(most(), 1_000_000), start),
        "different names": names,
        "too many values": lambda: (start + "[" + "0," * budget.MOST_VALUES + "0]" + end).encode(),
        "a long text": lambda: filled("x", most(), start + '"', '"' + end),
        "escaped emoji": lambda: filled("\\ud83d\\ude00", most(), start + '"', '"' + end),
        "many digits": lambda: filled("9", min(most(), 100_000), start, end),
        "white space": lambda: filled(" ", most(), start, end),
        "line ends": lambda: filled("\n", most(), start, end),
    }


def lines(record: Any, most: Callable[[], int]) -> bytes:
    return filled(json.dumps(record) + "\n", most())


def path(count: int) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[at % 2], "content": "a"} for at in range(count)]


def replies(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"text": "a", "role": "assistant"}
    for at in range(depth):
        tree = {"text": "a", "role": ("prompter", "assistant")[at % 2], "replies": [tree]}
    return tree


def chatgpt(children: Callable[[int], list[str]], count: int) -> bytes:
    said = {"author": {"role": "user"}, "content": {"parts": ["a"]}}
    return json.dumps(
        {"mapping": {f"{at}": {"message": said, "children": children(at)} for at in range(count)}}
    ).encode()


def rated(count: int) -> bytes:
    """A conversation in which each message of a long path has two more replies, one of them better."""
    rows = [{"message_id": "m0", "parent_id": None, "text": "a", "role": "prompter"}]
    for at in range(1, count):
        role = ("prompter", "assistant")[at % 2]
        message = {"parent_id": f"m{at - 1}", "text": "a", "role": role}
        rows += [{**message, "message_id": f"{name}{at}", "rank": rank} for rank, name in enumerate("mn")]
    return "\n".join(map(json.dumps, rows)).encode()


def conversing(most: Callable[[], int]) -> dict[str, Bomb]:
    """Return files of conversations of at most so many bytes."""
    return {
        **of_json(most),
        "a long conversation": lambda: json.dumps({"messages": path(budget.MOST_VALUES // 3 - 9)}).encode(),
        "many conversations": lambda: lines({"messages": path(2)}, most),
        "many rated replies": lambda: lines({"prompt": "a", "completion": "b", "label": True}, most),
        "a long path of rated replies": lambda: rated(min(most() // 180, 3_000)),
        "replies to replies": lambda: json.dumps({"message_tree_id": "a", "prompt": replies(240)}).encode(),
        "replies too deep": lambda: json.dumps({"message_tree_id": "a", "prompt": replies(400)}).encode(),
        "threads of the same": lambda: lines(
            {"thread": [{"message_id": f"{at}", "text": "a", "role": "user"} for at in range(300)]}, most
        ),
        "a chain": lambda: chatgpt(lambda at: [f"{at + 1}"], most() // 150),
        "children of all": lambda: chatgpt(lambda at: [f"{child}" for child in range(300)], most() // 3_000),
        "packed zeros": lambda: gzip.compress(bytes(budget.MOST_BYTES + 1), 1),
        "packed line ends": lambda: gzip.compress(b"{}\n" + b"\n" * budget.MOST_BYTES, 1),
        "packed records": lambda: gzip.compress(
            lines({"messages": path(2)}, lambda: budget.MOST_BYTES // 2), 1
        ),
        "packed twice": lambda: gzip.compress(gzip.compress(bytes(budget.MOST_BYTES), 1), 1),
        "packed without end": lambda: gzip.compress(bytes(budget.MOST_BYTES), 1)[:-100],
        "a packed length that lies": lambda: gzip.compress(b"{}")[:-4] + b"\xff" * 4,
    }


def npy(header: str, body: bytes, length: int | None = None) -> bytes:
    head = header.encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head) if length is None else length) + head + body


def shaped(shape: str, kind: str = "<f8") -> bytes:
    return npy(f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}", bytes(800))


RECORDING: dict[str, Bomb] = {
    "a shape that lies": lambda: shaped("(999999999999, 2)"),
    "a shape of many axes": lambda: shaped(f"({'9,' * 1_000})"),
    "a shape of many digits": lambda: shaped(f"({'9' * 3_000},)"),
    "an empty axis": lambda: shaped("(0, 999999999999)"),
    "objects": lambda: shaped("(1, 1)", "|O"),
    "a header that lies": lambda: npy("{}", b"", 0xFFFF),
    "numbers": lambda: filled("0.5,1\n", recordings.LARGEST_FILE),
    "rows": lambda: filled("0,1\n", 4 * recordings.LARGEST),
    "too many rows": lambda: filled("0,1\n", recordings.LARGEST_FILE),
    "empty rows": lambda: filled("\n", recordings.LARGEST_FILE, "0,1\n1,0\n"),
    "comments": lambda: filled("##\n", recordings.LARGEST_FILE, "0,1\n1,0\n"),
    "wide rows": lambda: filled("0," * 99 + "0\n", recordings.LARGEST_FILE),
    "a row without end": lambda: filled("0,", recordings.LARGEST_FILE),
    "many digits": lambda: filled("9" * 199 + "\n", recordings.LARGEST_FILE),
    "wide characters": lambda: filled("😀\n", recordings.LARGEST_FILE),
    "one byte more": lambda: bytes(recordings.LARGEST_FILE + 1),
}


def tensors(count: int, name: str = "{}", metadata: dict[str, str] | None = None) -> bytes:
    """A safetensors file of empty tensors."""
    nothing = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    about = {"__metadata__": metadata} if metadata else {}
    return make_hostile.safetensors({**about, **{name.format(at): nothing for at in range(count)}}, b"")


def header(text: bytes) -> bytes:
    return make_hostile.safetensors(text[: safetensors.MAX_HEADER])


def unpacking(text: bytes, storage: bytes = b"\0" * 8) -> bytes:
    """A .pth file whose parts are compressed."""
    return make_hostile.zipped(text, compression=zipfile.ZIP_DEFLATED, storage=storage, level=1)


_SOUND = make_hostile.tensor(2, 0, (2,), (1,))
SAFETENSORS: dict[str, Bomb] = {
    "many tensors": lambda: tensors(5_001),
    "long names": lambda: tensors(30, "n" * (safetensors.MAX_HEADER // 40) + "{}"),
    "a header of white space": lambda: header(filled(" ", safetensors.MAX_HEADER, "{}")),
    "a header of lists": lambda: header(filled("[],", safetensors.MAX_HEADER, '{"a":[', "0]}")),
    "a header of a deep list": lambda: header(filled("[", safetensors.MAX_HEADER, '{"a":')),
    "a header of different names": lambda: header(
        json.dumps({f"{at}": 0 for at in range(safetensors.MAX_HEADER // 14)}).encode()
    ),
    "metadata": lambda: tensors(1, metadata={f"{at}": "" for at in range(safetensors.MAX_HEADER // 18)}),
    "a shape that lies": lambda: make_hostile.safetensors({"a": make_hostile.F32 | {"shape": [1 << 40]}}),
}
PTH: dict[str, Bomb] = {
    "zeros": lambda: unpacking(_SOUND, bytes(limits.MOST_FILE)),
    "a packed description": lambda: unpacking(b"\x80\x02" + b"(" * limits.MOST_FILE),
    "many marks": lambda: make_hostile.zipped(b"\x80\x02" + b"(" * (pth.MAX_PICKLE - 9)),
    "texts that are kept": lambda: make_hostile.zipped(
        filled(make_hostile.text("ab") + b"q\0", pth.MAX_PICKLE, b"\x80\x02")
    ),
    "dictionaries": lambda: make_hostile.zipped(filled(b"}", pth.MAX_PICKLE, b"\x80\x02")),
    "many members": lambda: zipped({f"archive/{at}": b"" for at in range(pth.MAX_DIRECTORY // 60)}),
    "long names": lambda: zipped(
        {f"archive/{at}{'n' * 60_000}": b"" for at in range(pth.MAX_DIRECTORY // 60_000 + 1)}
    ),
    "a size that lies": lambda: lying(make_hostile.zipped(_SOUND), 0xFFFFFFF0),
    "many tensors": lambda: make_hostile.zipped(make_hostile.sharing(5_001, 0)),
}


def pairs(count: int, value: bytes, key: str = "{}") -> bytes:
    """A GGUF file with so many values."""
    each = (make_hostile.string(key.format(at).encode()) + value for at in range(count))
    return make_hostile.gguf(0, count, b"".join(each))


def array(kind: int, values: bytes, count: int) -> bytes:
    return struct.pack("<IIQ", 9, kind, count) + values


WEIGHTS: dict[str, Bomb] = {
    **{f"safetensors: {name}": bomb for name, bomb in SAFETENSORS.items()},
    **{f"pth: {name}": bomb for name, bomb in PTH.items()},
    "gguf: many values": lambda: pairs(gguf.MAX_ITEMS + 1, struct.pack("<IB", 0, 1)),
    "gguf: long names": lambda: pairs(
        gguf.MAX_HEADER // gguf.MAX_STRING + 1, struct.pack("<IB", 0, 1), "n" * (gguf.MAX_STRING - 9) + "{}"
    ),
    "gguf: texts": lambda: pairs(1, array(8, make_hostile.string(b"ab") * gguf.MAX_ITEMS, gguf.MAX_ITEMS)),
    "gguf: numbers": lambda: pairs(1, array(0, bytes(gguf.MAX_HEADER), gguf.MAX_HEADER)),
    "gguf: a length that lies": lambda: pairs(1, array(8, b"", 1 << 60)),
    "gguf: many tensors": lambda: make_hostile.gguf(
        5_000, 0, b"".join(make_hostile.info(b"%d" % at, (0,)) for at in range(5_000))
    ),
    **{
        f"prefab: {name}": lambda data=data: data
        for name, _, data in make_hostile.prefab_attacks()
        if "list" in name
    },
    **{
        f"rwkv.cpp: {name}": lambda data=data: data
        for name, _, data in make_hostile.bin_attacks()
        if "very" in name or "two" in name
    },
}


def within(reader: str, file: str, bombs: dict[str, Bomb]) -> dict[str, Bomb]:
    """Return bombs that replace one of the files that a reader of several takes."""
    at = files_of(reader).index(file)
    return {f"{file}: {name}": lambda bomb=bomb: bytes([at]) + bomb() for name, bomb in bombs.items()}


def files_of(reader: str) -> list[str]:
    """Return the names of the files that a reader of several takes."""
    return sorted(path.name for path in (SEEDS / reader).iterdir())


def lies(file: str) -> Bomb:
    """Return a file of a database in whose head and end each size is as large as it can be."""
    data = seed("lancedb", file)
    return lambda: (
        data[: len(data) // 2] + b"\xff" * 64 + data[len(data) // 2 + 64 : -40] + b"\xff" * 32 + data[-8:]
    )


def described(reader: str, file: str, **changes: Any) -> Bomb:
    """Return a description with other values."""
    return lambda: json.dumps(json.loads(seed(reader, file)) | changes).encode()


def folder_of(reader: str) -> dict[str, Bomb]:
    """Return the bombs of a model's folder."""
    return {
        **within(reader, "config.json", of_json(lambda: 1_000_000)),
        **within(reader, "model.safetensors", SAFETENSORS),
    }


VOCABULARY: dict[str, Bomb] = {
    "many lines": lambda: b"".join(b"%d 'a' 1\n" % at for at in range(300_000)),
    "a long line": lambda: filled("'a' ", 4_000_000, "1 "),
    "parentheses": lambda: b"1 " + b"(" * 1_900 + b" 1\n",
    "signs": lambda: b"1 " + b"-" * 1_900 + b"1 1\n",
    "texts beside each other": lambda: b"1 " + b"'a'" * 600 + b" 1\n",
    "line ends": lambda: filled("\n", 4_000_000),
    "numbers": lambda: filled("9", 1_900, "", " 'a' 1\n") * 100,
}
PIECES = texts(
    {"pieces": ("", "ab\n"), "pieces of one character": ("", "a\n"), "a long piece": ("[UNK]\n", "a")}
)
_ADAPTER = {"goosequill.adapter": "[" * 19_000}
_SMALL_FILE = lambda: budget.MOST_BYTES // 16  # noqa: E731
EXAMPLES = {
    **conversing(lambda: examples.MOST_BYTES),
    "many examples": lambda: lines({"text": "a"}, lambda: examples.MOST_BYTES),
    "pairs": lambda: lines({"prompt": "a", "chosen": "b", "rejected": "c"}, lambda: examples.MOST_BYTES),
    "marks of ends": lambda: filled("%\n", examples.MOST_BYTES),
    "paragraphs": lambda: filled("a\n\n", examples.MOST_BYTES),
    "wide characters": lambda: filled("😀\n\n", examples.MOST_BYTES),
    "one byte more": lambda: bytes(examples.MOST_BYTES + 1),
}
INDEX = {
    **within(
        "index",
        "index.json",
        of_json(
            lambda: index_files.MAX_DESCRIPTION // 2, seed("index", "index.json").decode()[:-1] + ',"a":', "}"
        ),
    ),
    **within(
        "index",
        "index.json",
        {
            "deleted documents": described("index", "index.json", deleted=[0] * 90_000),
            "sources": described("index", "index.json", sources={f"{at}": "" for at in range(20_000)}),
            "lengths that lie": described(
                "index",
                "index.json",
                bytes=json.loads(seed("index", "index.json"))["bytes"] | {"texts.bin": 1 << 52},
            ),
            "a number of passages that lies": described(
                "index", "index.json", passages=1 << 28, live=1 << 28
            ),
            "a number of documents that lies": described("index", "index.json", documents=1 << 28),
        },
    ),
    **within(
        "index", "words.bin", {"a head that lies": lambda: seed("index", "words.bin")[:8] + b"\xff" * 200}
    ),
}


def index_with(name: str, data: bytes) -> bytes:
    """A zip of an index, one file of which is another that is as long as the description says."""
    files = {path.name: path.read_bytes() for path in (SEEDS / "index").iterdir()} | {name: data}
    about = json.loads(files["index.json"])
    about["bytes"][name] = len(data)
    return zipped(files | {"index.json": json.dumps(about).encode()}, zipfile.ZIP_STORED)


INDEX_ZIP: dict[str, Bomb] = {
    **zips(lambda: {"index.json": seed("index", "index.json")}, "index.json"),
    **{
        f"{file}: {name}": lambda file=file, bomb=bomb: index_with(
            file, bomb() + seed("index", file)[seed("index", file).index(b"\n") :]
        )
        for file in ("documents.jsonl", "headings.jsonl")
        for name, bomb in of_json(lambda: budget.MOST_BYTES // 64, "[", "]").items()
    },
    **{
        f"{file}: zeros": lambda file=file: index_with(file, bytes(budget.MOST_BYTES // 64))
        for file in ("texts.bin", "documents.bin", "blocks.bin", "passages.bin", "vectors.bin", "words.bin")
    },
}

BOMBS: dict[str, dict[str, Bomb]] = {
    "weights": WEIGHTS,
    "folder": folder_of("folder"),
    "state": SAFETENSORS,
    "adapter": {
        **SAFETENSORS,
        **PTH,
        "a deep description": lambda: tensors(1, metadata=_ADAPTER),
        "many states": lambda: tensors(5_000, "blocks.{}.att.time_state"),
    },
    "tokenizer": {**of_json(lambda: 4_000_000), **VOCABULARY},
    "wordpiece": PIECES,
    "votes": of_json(_SMALL_FILE),
    "settings": of_json(_SMALL_FILE),
    "chat": of_json(_SMALL_FILE, '{"role":"user","content":', "}"),
    "conversations": conversing(lambda: budget.MOST_BYTES),
    "examples": EXAMPLES,
    "prompts": of_json(_SMALL_FILE),
    "decoders": of_json(_SMALL_FILE, '{"a":', "}"),
    "embeddings": of_json(_SMALL_FILE, '[{"filename":"a","embedding":', "}]"),
    "markdown": MARKDOWN,
    "html": HTML,
    "text": TEXT,
    "table": TABLE,
    "word": WORD,
    "pdf": PDF,
    "zip": ZIP,
    "index": INDEX,
    "index-zip": INDEX_ZIP,
    "lancedb": {
        name: bomb
        for file in files_of("lancedb")
        for name, bomb in within("lancedb", file, {"sizes that lie": lies(file)}).items()
    },
    "minilm": folder_of("minilm") | within("minilm", "vocab.txt", PIECES),
    "static": folder_of("static") | within("static", "vocab.txt", PIECES),
    "recording": RECORDING,
}
"""Reader -> bomb -> what makes it."""
_DOCUMENTS = {"html", "markdown", "pdf", "table", "text", "word", "zip"}
OVERHEAD = 600_000
"""Bytes that any reader may take besides."""


def bound(reader: str) -> int:
    """Return the bytes of memory that a reader says that it takes at most."""
    if reader in _DOCUMENTS:
        return limits.MOST_UNPACKED
    if reader == "recording":
        return 4 * recordings.LARGEST_FILE
    return 100 * (budget.MOST_ELEMENTS if reader in ("conversations", "examples") else budget.MOST_VALUES)


def failures(reader: str) -> Iterator[str]:
    """Give a reader its bombs; yield what fails: another error than ours, or more than twice the bound."""
    for sound in inputs(reader)[:7]:  # after which what is kept of patterns and fonts is there
        check(reader, sound)
    for name, make in BOMBS[reader].items():
        data = make()
        try:
            with measured_memory() as work:
                check(reader, data)
        except BaseException as error:  # Rust's panics are no exceptions
            yield f"{reader}, {name}: {type(error).__name__}: {error}"
        most = 2 * bound(reader) + OVERHEAD
        if work.peak > most:
            yield f"{reader}, {name}: {work.peak:,} bytes of memory, and not {most:,}"


def main() -> int:
    """Give the readers that are named, or all, their bombs; the exit status is 1 if one fails."""
    logging.disable()
    with smaller():
        found = [each for reader in sys.argv[1:] or BOMBS for each in failures(reader)]
    print("\n".join(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
