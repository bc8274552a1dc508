"""No page takes from outside more than a bound: what it reads or parses whole has a reason here.

A file of a visitor is read by `fileBytes` or `fileText` (ui/bounded-file.js), an answer of a server piece
by piece.
"""

import re
from collections.abc import Iterator

import pytest
from scripts.command import ROOT

SITE = ROOT / "site"
WHOLE = re.compile(
    r"\.(text|arrayBuffer|json|bytes|blob)\(\)|\b(JSON\.parse|DecompressionStream|readAsArrayBuffer|readAsText)\("
)
"""Calls that read all that there is, or make more of it."""
COMMENT = re.compile(r"^\s*(\*|/\*|//).*$", re.MULTILINE)

OURS = "a file of this site"
OWN = "what this site itself has kept in the browser"
CHECKED = "its size is checked before"
TEXT = "a text that was read within a bound"
MADE = "made by the page itself"
PIECES = "in pieces, which are counted"
EXCUSED = {
    "chat/app.js": {"JSON.parse": "the text of a link, whose length is checked before"},
    "collections/cache-folder.js": {"arrayBuffer": OWN, "blob": OWN},
    "collections/collection-files.js": {"JSON.parse": TEXT, "text": CHECKED},
    "collections/collection-store.js": {
        "JSON.parse": OWN,
        "text": OWN,
        "arrayBuffer": "search checks the size",
    },
    "collections/files.js": {"arrayBuffer": CHECKED},
    "compare/import-worker.js": {"JSON.parse": TEXT},
    "compare/lazy-engine.js": {"json": OURS},
    "compare/page-saving.js": {"text": OURS},
    "compare/prompts.js": {"JSON.parse": TEXT},
    "compare/vote-page.js": {"JSON.parse": TEXT},
    "decoder/catalogue.js": {"json": OURS},
    "decoder/text-file.js": {"arrayBuffer": "a slice"},
    "engine/file-names.js": {"JSON.parse": TEXT},
    "engine/openai-fetch.js": {"arrayBuffer": PIECES, "blob": "what the page's own code asks"},
    "engine/storage/facts.js": {"JSON.parse": OWN, "text": OWN},
    "engine/storage/fingerprint.js": {"arrayBuffer": "slices and hashes"},
    "engine/storage/gunzip.js": {"DecompressionStream": PIECES},
    "engine/storage/opfs.js": {"arrayBuffer": "a slice"},
    "engine/storage/part.js": {"arrayBuffer": "hashes"},
    "engine/storage/receive.js": {"blob": "not in memory"},
    "engine/storage/sources.js": {
        "JSON.parse": TEXT,
        "text": "a download with a bound",
        "arrayBuffer": "a slice, or a blob that is small",
        "readAsArrayBuffer": "a slice",
    },
    "engine/storage/store.js": {"arrayBuffer": "a slice", "blob": OWN},
    "engine/storage/verify.js": {"arrayBuffer": CHECKED},
    "engine/worker/python.js": {"arrayBuffer": OURS, "json": OURS},
    "engine/worker/snapshot.js": {"JSON.parse": OURS},
    "home/recording.js": {"json": OURS},
    "lab/dilation-export.js": {"bytes": MADE},
    "lab/handwriting-samples.js": {"JSON.parse": TEXT},
    "lab/lab.js": {"json": OURS},
    "lab/launcher-phone.js": {"json": OURS},
    "lab/letter-sources.js": {"arrayBuffer": OURS, "json": OURS},
    "lab/letters-file.js": {"DecompressionStream": PIECES},
    "lab/live-state.js": {"JSON.parse": MADE},
    "lab/runner.js": {"arrayBuffer": OURS},
    "playground/branch-box.js": {"JSON.parse": TEXT},
    "prompt-api/constraint.js": {"JSON.parse": "what the model writes"},
    "prompt-api/input.js": {"JSON.parse": MADE},
    "reports/bytes.js": {"DecompressionStream": PIECES, "arrayBuffer": CHECKED},
    "reports/index.js": {"JSON.parse": TEXT},
    "reports/salvage.js": {"JSON.parse": TEXT},
    "search/samples.js": {"blob": OURS, "json": OURS},
    "search/static/contents.js": {"JSON.parse": TEXT},
    "search/static/files.js": {"JSON.parse": TEXT, "arrayBuffer": PIECES},
    "selftest/engine-checks.js": {"json": OURS},
    "selftest/storage-checks.js": {"arrayBuffer": OWN},
    "selftest/storage-worker.js": {"arrayBuffer": OWN},
    "sw.js": {
        "DecompressionStream": OURS,
        "JSON.parse": OURS,
        "arrayBuffer": OURS,
        "blob": OURS,
        "text": OURS,
    },
    "teach/sets.js": {"json": OURS},
    "ui/bounded-file.js": {"arrayBuffer": CHECKED, "text": CHECKED},
    "ui/chart-export.js": {"arrayBuffer": MADE},
    "ui/control-kinds.js": {"JSON.parse": "what a visitor types"},
    "ui/controls.js": {"text": MADE},
    "ui/fetch.js": {"JSON.parse": OURS, "json": OURS},
    "ui/language.js": {"json": OURS},
    "ui/memory.js": {"JSON.parse": OWN},
    "ui/openai-server.js": {"JSON.parse": TEXT},
    "ui/saved-texts.js": {"JSON.parse": OWN},
    "ui/tab-store.js": {"JSON.parse": OWN},
    "widget/language.js": {"json": OURS},
    "widget/settings.js": {"JSON.parse": "what the attributes of an element say"},
}


def unbounded(code: str) -> Iterator[str]:
    """Yield what a source calls that bounds nothing by itself."""
    for found in WHOLE.finditer(COMMENT.sub("", code)):
        yield found[1] or found[2]


def test_every_reader_of_a_page_has_a_bound() -> None:
    found = {
        name: set(unbounded(path.read_text(encoding="utf-8")))
        for path in SITE.rglob("*.js")
        if not (name := path.relative_to(SITE).as_posix()).startswith("vendor/")
    }
    missing = {name: calls - EXCUSED.get(name, {}).keys() for name, calls in found.items()}
    assert {name: calls for name, calls in missing.items() if calls} == {}
    needless = {name: calls.keys() - found.get(name, set()) for name, calls in EXCUSED.items()}
    assert {name: calls for name, calls in needless.items() if calls} == {}


@pytest.mark.parametrize(
    ("code", "calls"),
    [
        ("await file.text()", ["text"]),
        ("await fileText(file, MOST, t('Split it.'))", []),
        ("JSON.parse(await fileText(file, MOST, ''))", ["JSON.parse"]),
        ("(await fetch(url)).json()", ["json"]),
        ("stream.pipeThrough(new DecompressionStream('gzip'))", ["DecompressionStream"]),
        ("reader.readAsText(file)", ["readAsText"]),
        ("// file.text()", []),
    ],
)
def test_the_walk_finds_what_reads_all_that_there_is(code: str, calls: list[str]) -> None:
    assert list(unbounded(code)) == calls
