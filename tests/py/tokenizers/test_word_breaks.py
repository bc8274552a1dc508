"""Words, compared with the browser's own segmenter (Node's ICU) where it needs no dictionary."""

import pytest

from goosequill.tokenizers.word_breaks import segments, word_spans
from tests.py.tokenizers.segmenter import random_texts, segmented

REAL = [
    "Don't stop\u2014it's 3.5 o'clock! 1,000.5 snake_case __init__ e.g. U.S. well-known a:b 5:30",
    "नमस्ते दुनिया, आप कैसे हैं? क्\u200dष क्\u200cष",
    "الْحَمْدُ لِلَّهِ",
    "re\u0301sume\u0301 na\u00efve e\u0301\u0323t\u00ad\u200bx",
    "Привет, мир. Ещё.",
    "צה\"ל ג'ירפה א' \"א",
    "👩\u200d💻! 🇩🇪🇫🇷🇬 👍🏽 ❤\ufe0f",
    "line\r\nline\n\n\u2028x\x85y\u3000 \u2003z \u0301",
    "한국어 문장",
    "\u2160\u00bd \u2460 \u00b2 x\u00b2",
    "",
]
PIECES = [*"abzé", *"019\u0663", *"_\u203f", *"'.:;,\u2019\u2024\u00b7\uff0e", *"אבג", *"\u05b0\"'"]
PIECES += [*" \t\u3000", *"\u0301\u0308\u200d\u200c\u00ad\u200b\ufe0f", *"\r\n\x85\u2028", *"😀❤👍🇩🇪"]
PIECES += [*"-\u2013!?()@#", *"नम\u0938\u094d\u0924\u0947عЖ", "\u2160", "\u00bd"]
PLANES = [(0x20, 0xE00), (0x10A0, 0x1780), (0x2000, 0x3000), (0xA000, 0xA900), (0x10000, 0x11700)]
PLANES += [(0x1E000, 0x1FB00), (0xE0000, 0xE0200)]


def test_words_are_those_of_the_browser() -> None:
    found = segmented("word", REAL, random_texts(10_000, PIECES, PLANES))
    for text, expected in found:
        assert [match[0] for match in segments(text)] == [segment for segment, _ in expected], ascii(text)
    for text, expected in found[: len(REAL)]:
        words = [segment for segment, is_word in expected if is_word]
        assert [text[start:end] for start, end in word_spans(text)] == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हम आज घर जाएँगे", ["हम", "आज", "घर", "जाएँगे"]),
        ("اَلْعَرَبِيَّةُ لُغَةٌ", ["اَلْعَرَبِيَّةُ", "لُغَةٌ"]),
        ("re\u0301sume\u0301", ["re\u0301sume\u0301"]),
        ("สวัสดีค่ะ", ["ส", "วั", "ส", "ดี", "ค่", "ะ"]),
        ("我喜欢コーヒーです", ["我", "喜", "欢", "コーヒー", "で", "す"]),
        ("\ud800 a", ["a"]),
    ],
)
def test_words_keep_their_marks_and_need_no_dictionary(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text)] == words


@pytest.mark.parametrize(
    "unit", ["a", "_", "a\u0301", "a'", "א'", 'א"', "a_", "ア_", "a.1", "1,", "\u0301", "😀\u200d", " "]
)
def test_the_work_of_a_long_text_is_in_proportion(unit: str) -> None:
    """A quadratic search would take hours."""
    text = unit * 50_000
    ends = [match.end() for match in segments(text)]
    assert ends == sorted(set(ends)) and ends[-1] == len(text)
