"""Passages hold what MiniLM reads: counted with its own WordPiece, with title and headings in front."""

from pathlib import Path

import pytest

from goosequill.search.documents import read
from goosequill.search.documents.places import read_folder
from goosequill.search.passages import embedded_text, passages
from goosequill.tokenizers.wordpiece import load_wordpiece

ROOT = Path(__file__).resolve().parents[3]
MOST = 254  # MiniLM reads 256, two of which are its marks
PIECES = load_wordpiece((ROOT / "site" / "models" / "minilm-static" / "vocab.txt").read_bytes())
SAMPLES = {
    "code.py": (ROOT / "py" / "goosequill" / "search" / "passages.py").read_text("utf-8"),
    "cyrillic.txt": "Привет как дела это предложение о погоде и природе. " * 100,
    "cjk.txt": "这是一个没有空格的很长的句子它一直继续下去" * 100,
    "hindi.txt": "यह एक लंबा वाक्य है जो चलता रहता है " * 100,
    "numbers.csv.txt": "\n".join(f"{n},{n * 7919},{n / 7:.6f}" for n in range(2000)),
    "hex.txt": "".join(f"{n * 2654435761 % 2**32:08x}" for n in range(2000)),
}


def longest(name: str, documents: list) -> int:
    found = [
        len(
            PIECES.pieces(
                embedded_text(document.title, passage.heading, document.text[passage.start : passage.end])
            )
        )
        for document in documents
        for passage in passages(document)
    ]
    assert found, name
    return max(found)


@pytest.mark.parametrize("name", SAMPLES)
def test_no_passage_is_cut_by_the_embedder(name: str) -> None:
    assert longest(name, list(read(name, SAMPLES[name].encode()))) <= MOST


def test_no_passage_of_the_documentation_is_cut() -> None:
    assert longest("docs", list(read_folder(ROOT / "docs" / "explanation"))) <= MOST
