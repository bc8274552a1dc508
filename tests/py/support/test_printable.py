"""What comes from outside is printed without effects on the terminal, and in bounded length."""

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from goosequill.errors import MOST_MESSAGE, GoosequillError
from goosequill.support.printable import printable

ANY = st.text(st.characters(exclude_categories=()), max_size=400)


def test_escapes_are_shown_and_ordinary_text_is_left_alone() -> None:
    assert printable("a\x1b[2Jb\x9b\u202e\ud800") == r"a\u001b[2Jb\u009b\u202e\ud800"
    for text in ("Grüße, señor", "漢字 👩\u200d👩", "हिन्दी", "نمی\u200cخواهم"):
        assert printable(text) == text


def test_what_has_no_width_is_shown() -> None:
    assert printable("pay\u200bpal\u2060\u180e\U000e0041") == r"pay\u200bpal\u2060\u180e\udb40\udc41"


def test_lines_are_kept_where_they_are_wanted() -> None:
    assert printable("a\tb\nc\r") == r"a\u0009b\u000ac\u000d"
    assert printable("a\tb\nc\r", lines=True) == "a\tb\nc" + r"\u000d"


@given(ANY)
def test_nothing_that_is_printed_controls_the_terminal(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    shown.encode("utf-8")
    assert len(printable(text, 150)) <= 150


@given(st.lists(st.text(st.characters(exclude_categories=()))))
def test_json_stays_the_same_value(value: list[str]) -> None:
    assert json.loads(printable(json.dumps(value, ensure_ascii=False, indent=1), lines=True)) == value


@given(ANY, ANY)
def test_every_error_message_is_short_and_shows_control_characters(message: str, remedy: str) -> None:
    error = GoosequillError(message * 3, code="file-missing", remedy=remedy)
    assert len(error.message) <= MOST_MESSAGE
    assert printable(str(error)) == str(error)
    assert error.args == (error.message,)


def test_a_message_that_is_too_long_keeps_its_beginning_and_its_end() -> None:
    error = GoosequillError(f"The file {'x' * 10_000} is cut off at byte 7.", code="file-missing")
    assert error.message.startswith("The file xxx")
    assert error.message.endswith("xxx is cut off at byte 7.")
