from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from goosequill.tokenizers import load_tokenizer
from goosequill.tuning.examples import Pair, Rating, Text
from goosequill.tuning.sequences import Row, Unit, batch_of, batches, encode, groups, split, units_of, windows

BYTES = load_tokenizer("byte")


def text(*parts: tuple[str, bool], ends: bool = True) -> Text:
    return Text(parts, ends)


def test_a_text_with_a_prompt_begins_with_it_and_one_without_after_the_end_of_another() -> None:
    row = encode(text(("ab", False), ("c", True)), BYTES)
    assert bytes(row.tokens[:3]) == b"abc" and row.wanted[:3] == (False, False, True)
    row = encode(text(("c", True), ends=False), BYTES)
    assert row.tokens[1:] == (ord("c"),) and row.wanted == (False, True)


def test_a_text_that_ends_teaches_the_model_to_stop_and_its_end_has_no_bytes() -> None:
    class Ending:
        end_token = 0
        encode = staticmethod(lambda part: list(part.encode()))
        token_bytes = staticmethod(lambda token: bytes([token]) if token else b"<|endoftext|>")

    tokenizer: Any = Ending()
    assert encode(text(("c", True)), tokenizer) == Row((0, 99, 0), (False, True, True))
    assert encode(text(("c", True), ends=False), tokenizer) == Row((0, 99), (False, True))
    assert [unit.bytes for unit in units_of(text(("cd", True)), tokenizer, 9)] == [2]


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 40])
def test_windows_cover_everything_once_from_the_end(length: int) -> None:
    row = Row(tuple(range(length)), (False, *[True] * (length - 1)))
    found = windows(row, 8)
    assert sorted(token for part in found for token in part.tokens[1:]) == list(range(1, length))
    assert all(2 <= len(part) <= 9 and not part.wanted[0] for part in found)


def test_windows_without_anything_to_write_are_left_out() -> None:
    row = Row(tuple(range(30)), (False,) * 29 + (True,))
    assert windows(row, 8) == [Row(tuple(range(21, 30)), (False,) * 8 + (True,))]


def test_units_of_examples() -> None:
    long, short = text(("x" * 30, True), ends=False), text(("é", True), ends=False)
    assert [unit.bytes for unit in units_of(long, BYTES, 10)] == [10, 10, 10]
    (pair,) = units_of(Pair(short, long), BYTES, 10)
    assert [len(row) for row in pair.rows] == [3, 11] and pair.length == 11
    (rating,) = units_of(Rating(short, False), BYTES, 10)
    assert (rating.good, rating.bytes) == (False, 2)


def unit(length: int, rows: int = 1) -> Unit:
    row = Row(tuple(range(length)), (False, *[True] * (length - 1)))
    return Unit((row,) * rows, length)


def test_a_fifth_is_held_back_always_the_same() -> None:
    examples = [text((str(n), True)) for n in range(50)]
    kept, held = split(examples, 1)
    assert len(held) == 10 and {id(one) for one in kept} | {id(one) for one in held} == set(map(id, examples))
    assert split(examples, 1) == (kept, held) != split(examples, 2)


def test_batches_have_every_unit_once_and_similar_lengths_together() -> None:
    units = [unit(2 + n % 9 * 10) for n in range(41)]
    epoch = list(islice(batches(units, 0, 4), 11))
    assert sorted(id(one) for batch in epoch for one in batch) == sorted(map(id, units))
    padding = sum(max(one.length for one in batch) - one.length for batch in epoch for one in batch)
    assert padding < 0.2 * sum(one.length for one in units)
    assert epoch == list(islice(batches(units, 0, 4), 11)) != list(islice(batches(units, 1, 4), 11))


def test_groups_have_few_enough_tokens_with_their_padding() -> None:
    units = [unit(length, rows=2) for length in (9, 3, 3, 33, 3)]
    found = list(groups(units, 16))
    assert [[one.length for one in group] for group in found] == [[3, 3, 3], [9], [33]]


def test_a_batch_is_padded_at_the_end() -> None:
    batch = batch_of([unit(2), unit(4)])
    assert batch.tokens.tolist() == [[0, 1, 0], [0, 1, 2]]
    assert batch.targets.tolist() == [[1, 0, 0], [1, 2, 3]]
    assert batch.wanted.tolist() == [[True, False, False], [True] * 3]
