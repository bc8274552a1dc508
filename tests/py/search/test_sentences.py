"""Sentences, compared with the browser's own segmenter (Node's ICU), and words."""

import time
from itertools import accumulate

import pytest

from goosequill.search.sentences import sentences, words
from tests.py.tokenizers.segmenter import random_texts, segmented

REAL = [
    "Set the temperature to 0.7. It is the default! Is 3.14 a number? (Yes.) “So it is.” he said. He left.",
    "See fig. 3 and p. 12. The U.S. is here, e.g. there. Dr. No came at 5 p.m. Friday. Ph.D. students...",
    "One line\nAnother line\r\nA third.\r\n\r\nA new paragraph.\u2029And one more.\u2028Line.\x85Next",
    "He said “Stop!” and went. She asked ‘Why?’ No answer came… yet. Wait!!! What?! Ok.) ok.] Fine.",
    "これは文です。次の文。「そうですか？」はい！",
    "¿Cómo estás? Muy bien. ¡Hola! Größe ist 3.5 cm. Und? ja, gut; so.",
    "Привет. Как дела? хорошо. Ещё.",
    "यह एक वाक्य है। दूसरा वाक्य है॥ तीसरा।",
    "a.\u0301B c.\u00adD E.\u200dF .g .\u0301 h. \u0301 I.",
    "",
    " ",
    ".",
    "\n",
    "\r",
]
PIECES = [*".!?…。।", *"abzABZéÉßωΩ", *"019٣", *" \t\u00a0\u3000", *"\r\n\x85\u2028\u2029", "\r\n"]
PIECES += [*"()[]“”‘’\"'»", *",;:-–—、", *"\u0301\u0308\u200d\u200c\u00ad\u200b\ufe0f"]
PIECES += [*"中あעا가ก", *"_@#+$😀"]
PLANES = [(0x20, 0x3000), (0x3000, 0xD800), (0xE000, 0x20000), (0xE0000, 0xE0200)]


def test_sentences_are_those_of_the_browser() -> None:
    for text, expected in segmented("sentence", REAL, random_texts(20_000, PIECES, PLANES)):
        ends = list(accumulate(len(sentence) for sentence, _ in expected))
        assert [end for _, end in sentences(text)] == ends, repr(text)


@pytest.mark.parametrize("text", [text for text in REAL if text])
def test_sentences_cover_the_text_without_gaps(text: str) -> None:
    spans = sentences(text)
    assert "".join(text[start:end] for start, end in spans) == text


@pytest.mark.parametrize(
    "unit",
    [".", ". ", ".a", "A.", ".A", ".\u0301", ". \u0301", "\u0301", ".1", ".)", ". 1", " ", "a", "\n", "!("],
)
def test_no_text_takes_more_than_linear_time(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            sentences(text)
            sum(1 for _ in words(text))
            best = min(best, time.process_time() - start)
        return best

    assert seconds(64_000) < 40 * max(seconds(4_000), 1e-4)  # quadratic would be 256


def test_words_keep_their_marks_and_apostrophes() -> None:
    text = "Don’t mix e\u0301te\u0301 with snake_case, x2, 3.5 or हिन्दी—it's 'quoted'."
    found = [text[start:end] for start, end in words(text)]
    expected = "Don’t mix e\u0301te\u0301 with snake case x2 3 5 or हिन्दी it's quoted"
    assert found == expected.split(" ")
