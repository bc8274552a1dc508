"""Expressions, simplified and derived, against sets of texts that are worked out by hand."""

from itertools import product
from random import Random

import pytest

from goosequill.decoding.grammar.derivatives import Derivatives
from goosequill.decoding.grammar.expressions import Expressions, Node, TooComplex

from .walks import each_number_of_cases

TEXTS = ["".join(letters) for length in range(6) for letters in product("ab", repeat=length)]
ALL = frozenset(TEXTS)
Texts = frozenset[str]


def joined(first: Texts, rest: Texts) -> Texts:
    return frozenset(a + b for a in first for b in rest) & ALL


def repeated(texts: Texts, low: int, high: int | None) -> Texts:
    found, power = frozenset[str](), frozenset([""])
    for count in range(12 if high is None else high + 1):
        found |= power if count >= low else frozenset()
        power = joined(power, texts)
    return found


def random_expression(make: Expressions, random: Random, depth: int) -> tuple[Node, Texts]:
    """Return an expression, and its texts of up to five letters."""
    kind = random.choice(
        ["letter", "empty", "set"] if not depth else ["seq", "seq", "or", "and", "not", "repeat"]
    )
    if kind == "letter":
        letter = random.choice("ab")
        return make.text(letter), frozenset([letter])
    if kind == "empty":
        return make.empty, frozenset([""])
    if kind == "set":
        return make.character([(97, 98)]), frozenset("ab")
    node, texts = random_expression(make, random, depth - 1)
    if kind == "not":
        letters = make.repeat(make.character([(97, 98)]))
        return make.both([make.without(node), letters]), ALL - texts
    if kind == "repeat":
        low = random.randint(0, 3)
        high = random.choice([None, low, low + 1, low + 3])
        return make.repeat(node, low, high), repeated(texts, low, high)
    other, more = random_expression(make, random, depth - random.randint(1, depth))
    if kind == "seq":
        return make.join(node, other), joined(texts, more)
    if kind == "or":
        return make.either([node, other]), texts | more
    return make.both([node, other]), texts & more


@each_number_of_cases
def test_random_expressions_have_their_texts(cases: int) -> None:
    random = Random(4)
    for _ in range(cases):
        make = Expressions(10**7)
        node, texts = random_expression(make, random, random.randint(1, 4))
        derivatives = Derivatives(make)
        assert {text for text in TEXTS if matches(derivatives, node, text)} == texts


def matches(derivatives: Derivatives, node: Node, text: str) -> bool:
    for character in text:
        letters = enumerate(derivatives.alphabet.letters)
        mask = sum(
            1 << i for i, spans in letters if any(low <= ord(character) <= high for low, high in spans)
        )
        left = [left for move, left in derivatives.moves(node) if move & mask]
        if not left:
            return False
        node = left[0]
    return node.nullable


@pytest.mark.parametrize("divisor", [1, 2, 7, 10, 36])
def test_digits_divisible_by_a_number(divisor: int) -> None:
    make = Expressions()
    node = make.divisible(divisor)
    derivatives = Derivatives(make)
    for number in range(300):
        assert matches(derivatives, node, str(number)) == (number % divisor == 0)


def test_equal_expressions_are_one() -> None:
    make = Expressions()
    a, b = make.text("a"), make.text("b")
    assert make.either([a, b, a]) is make.either([b, a])
    assert make.repeat(make.repeat(a, 0, 2), 0, 3) is make.repeat(a, 0, 6)
    assert make.join(make.repeat(a), make.repeat(a)) is make.repeat(a)
    assert make.sequence([a, make.join(b, a)]) is make.sequence([make.join(a, b), a])
    assert make.either([make.repeat(a, 1, 3), make.repeat(a, 4, 9)]) is make.repeat(a, 1, 9)
    assert make.without(make.without(a)) is a


def test_repetition_that_skips_counts_is_kept() -> None:
    make = Expressions()
    a = make.text("a")
    assert make.repeat(make.repeat(a, 2, 2), 1, 2) is not make.repeat(a, 2, 4)
    assert make.repeat(make.repeat(a, 2), 0, 1) is not make.repeat(a)
    assert make.repeat(make.repeat(a, 2, 3), 2, 2) is make.repeat(a, 4, 6)


def test_work_is_bounded() -> None:
    make = Expressions(work=50)
    with pytest.raises(TooComplex, match="too much work"):
        make.text("abcdefghijklmnopqrstuvwxyz" * 4)
