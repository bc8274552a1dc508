"""UTF-8 as spans of bytes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from goosequill.decoding.grammar.byte_automaton import utf8_paths

from .walks import automaton_of


@given(st.integers(0, 0x10FFFF), st.integers(0, 0x10FFFF), st.integers(0, 0x10FFFF))
@settings(max_examples=300, deadline=None)
def test_utf8_paths_cover_exactly_the_characters_between(low: int, high: int, code: int) -> None:
    low, high = min(low, high), max(low, high)
    if 0xD800 <= code < 0xE000:
        return
    data = chr(code).encode()
    hits = [
        path
        for path in utf8_paths(low, high)
        if len(path) == len(data) and all(a <= b <= z for b, (a, z) in zip(data, path, strict=True))
    ]
    assert len(hits) == (low <= code <= high)


@given(st.lists(st.characters(codec="utf-8"), min_size=1, max_size=8), st.characters(codec="utf-8"))
@settings(max_examples=200, deadline=None)
def test_class_of_any_characters_has_exactly_these(members: list[str], other: str) -> None:
    automaton = automaton_of("[" + "".join(f"\\U{ord(c):08x}" for c in members) + "]")
    assert all(map(automaton.matches, members))
    assert automaton.matches(other) == (other in members)


def test_bytes_that_are_no_characters_are_never_allowed() -> None:
    automaton = automaton_of("(?s).+")
    for data in (b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff", b"\xe0\x80\x80"):
        assert automaton.walk(0, data) == -1
