"""The tokens that may follow, compared with walking each of them."""

from random import Random

import numpy as np
import pytest

from goosequill.decoding.grammar import token_mask
from goosequill.decoding.grammar.byte_automaton import DEAD
from goosequill.decoding.grammar.token_mask import TokenMasks, TokenTable, token_table
from goosequill.tokenizers import load_tokenizer

from .walks import automaton_of


@pytest.mark.parametrize("pattern", ["[ab]{2}c?", r"\w{1,3}é", "(?s).{3}"])
def test_allowed_tokens_are_those_that_do_not_lead_to_a_dead_end(pattern: str) -> None:
    random, automaton = Random(1), automaton_of(pattern)
    names = [bytes(random.choices("abcé".encode(), k=random.randint(0, 5))) for _ in range(300)]
    table = TokenTable(names)
    for state in range(min(20, len(automaton.table))):
        allowed = table.allowed(automaton, state)
        assert allowed.tolist() == [bool(name) and automaton.walk(state, name) != DEAD for name in names]


def test_ends_are_allowed_where_the_text_matches() -> None:
    automaton = automaton_of("ab?")
    masks = TokenMasks(automaton, TokenTable([b"a", b"b", b""]), [2])
    assert masks.of(0).tolist() == [True, False, False]
    assert masks.of(automaton.walk(0, b"a")).tolist() == [False, True, True]


def test_long_token_takes_no_more_memory_than_its_bytes() -> None:
    table = TokenTable([b"a" * 1_000_000, *[b"a"] * 50_000])
    assert table.allowed(automaton_of("a{1,9}"), 0).tolist() == [False] + [True] * 50_000


def test_masks_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_mask, "KEPT", 3)
    automaton = automaton_of("a{9}")
    masks = TokenMasks(automaton, TokenTable([b"a"]), [])
    kept = [masks.of(state) for state in range(9)]
    assert masks.of(8) is kept[8]
    assert masks.of(0) is not kept[0]
    assert len(masks._kept) == 3


def test_table_of_a_tokenizer_is_made_once() -> None:
    tokenizer = load_tokenizer("byte")
    assert token_table(tokenizer, 256) is token_table(tokenizer, 256)
    assert np.count_nonzero(token_table(tokenizer, 256).allowed(automaton_of("[ab]"), 0)) == 2
