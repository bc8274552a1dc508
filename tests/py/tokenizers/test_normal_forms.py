"""Normal forms: Python's for characters that are old enough, and the same in every Python."""

import hashlib
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goosequill.tokenizers.normal_forms import NEWER, Form, normalized
from goosequill.tokenizers.unicode_classes import unpack

FORMS: tuple[Form, ...] = ("NFC", "NFD", "NFKC", "NFKD")
NEW = {code for low, high in unpack(NEWER) for code in range(low, high + 1)}
OLD = st.characters(codec="utf-8").filter(lambda c: ord(c) not in NEW)
OF_UNICODE_14 = "fdcb9fc16d642aff"


def test_data_of_all_other_characters_are_those_of_unicode_14() -> None:
    """Normal forms follow from these data. A Python whose Unicode adds more of them needs a longer table."""
    found = hashlib.sha256()
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        data = unicodedata.combining(character), unicodedata.decomposition(character)
        if code not in NEW and data != (0, ""):
            found.update(f"{code} {data}\n".encode())
    assert found.hexdigest()[:16] == OF_UNICODE_14


@pytest.mark.parametrize("form", FORMS)
@given(text=st.text(st.one_of(OLD, st.sampled_from("aé\u0301\u0323\u0344가각ᄀ\u1161ﬁ")), max_size=12))
@settings(max_examples=200, deadline=None)
def test_text_without_newer_characters_has_pythons_form(form: Form, text: str) -> None:
    assert normalized(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("code", [0x1E4EC, 0x105C9, 0x16123, 0x10D69, 0x0897, 0xA7F1])
def test_newer_character_is_left_alone_and_divides_what_is_beside_it(form: Form, code: int) -> None:
    new = chr(code)
    assert code in NEW
    assert normalized(form, f"e{new}\u0301") == f"e{new}\u0301"
    assert normalized("NFC", f"e\u0301{new}e\u0301") == f"é{new}é"
