"""Numbers within limits, as the digits that JSON writes them with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from goosequill.decoding.grammar.derivatives import Derivatives
from goosequill.decoding.grammar.expressions import Expressions, Node
from goosequill.decoding.grammar.regex import NotUsable

WHOLE_DIGITS = 18
"""Most digits of a whole number."""
EXACT_DIGITS = 15
"""Most digits of a number within limits: a double keeps as many, and is on the same side of the limits."""
USUAL_DIGITS = 9
"""Of these, those before the point, unless the limits have more."""


@dataclass(frozen=True)
class Limits:
    """What a number must be.

    Attributes
    ----------
    low, high
        Limits, or None.
    above, below
        Whether it must be above `low`, below `high`, and not equal.
    divisor
        What it must be divisible by; 0 for nothing.
    """

    low: Decimal | None = None
    high: Decimal | None = None
    above: bool = False
    below: bool = False
    divisor: int = 0

    def narrowed(self, keyword: str, value: float) -> Limits:
        """Return these limits and a keyword of a JSON schema."""
        if keyword == "multipleOf":
            return Limits(
                self.low, self.high, self.above, self.below, math.lcm(self.divisor or 1, int(value))
            )
        limit, strict = Decimal(repr(value)), keyword.startswith("exclusive")
        if keyword in ("minimum", "exclusiveMinimum"):
            if self.low is None or (limit, strict) > (self.low, self.above):
                return Limits(limit, self.high, strict, self.below, self.divisor)
        elif self.high is None or (limit, not strict) < (self.high, not self.below):
            return Limits(self.low, limit, self.above, strict, self.divisor)
        return self

    def allow(self, value: float) -> bool:
        """Return whether a number keeps them."""
        number = Decimal(repr(value))
        if self.divisor and (not number.is_finite() or Fraction(number) % self.divisor):
            return False
        return (self.low is None or number > self.low or (number == self.low and not self.above)) and (
            self.high is None or number < self.high or (number == self.high and not self.below)
        )

    def whole(self) -> Limits:
        """Return the same limits for whole numbers: themselves multiples of the divisor, and inclusive."""
        step = self.divisor or 1
        low = None if self.low is None else math.ceil(self.low)
        high = None if self.high is None else math.floor(self.high)
        low = None if low is None else -(-(low + (self.above and low == self.low)) // step) * step
        high = None if high is None else (high - (self.below and high == self.high)) // step * step
        return Limits(
            None if low is None else Decimal(low),
            None if high is None else Decimal(high),
            divisor=self.divisor,
        )

    @property
    def none(self) -> bool:
        """Whether no number keeps them."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.above or self.below))


def whole_number(make: Expressions, limits: Limits) -> Node:
    """Return the expression of the whole numbers within limits.

    Raises
    ------
    NotUsable
        They all have more than WHOLE_DIGITS.
    """
    limits = limits.whole()
    return _signed(make, limits, _unsigned(make, WHOLE_DIGITS, 0))


def number(make: Expressions, limits: Limits) -> Node:
    """Return the expression of the numbers within limits; if there are limits, without exponents.

    Raises
    ------
    NotUsable
        They all have more than EXACT_DIGITS.
    """
    if limits.divisor:
        return whole_number(make, limits)
    if limits.low is None and limits.high is None:
        digits = _unsigned(make, WHOLE_DIGITS, WHOLE_DIGITS - 1)
        sign = make.optional(make.character([(43, 43), (45, 45)]))
        exponent = make.sequence(
            [make.character([(69, 69), (101, 101)]), sign, make.repeat(_digit(make), 1, 3)]
        )
        return make.sequence([make.optional(make.text("-")), digits, make.optional(exponent)])
    sizes = [len(_digits(limit)[0]) for limit in (limits.low, limits.high) if limit is not None]
    whole = max([*sizes, *([USUAL_DIGITS] if len(sizes) < 2 else [])])
    return _signed(make, limits, _unsigned(make, min(whole, EXACT_DIGITS), max(EXACT_DIGITS - whole, 0)))


def _signed(make: Expressions, limits: Limits, unsigned: Node) -> Node:
    if limits.none:
        return make.nothing
    low, high = limits.low, limits.high
    if limits.divisor:
        unsigned = make.both([unsigned, make.divisible(limits.divisor)])
    parts = []
    if high is None or high >= 0:
        start = (low, limits.above) if low is not None and low >= 0 else (Decimal(0), False)
        parts.append(_between(make, unsigned, *start, high, limits.below))
    if low is None or low < 0:
        start = (high.copy_negate(), limits.below) if high is not None and high < 0 else (Decimal(0), True)
        magnitude = _between(make, unsigned, *start, None if low is None else low.copy_negate(), limits.above)
        parts.append(make.join(make.text("-"), magnitude))
    found = make.either(parts)
    if (low is not None or high is not None) and Derivatives(make).is_empty(found):
        raise NotUsable(f"no number between {low} and {high} is short enough to be written")
    return found


def _between(
    make: Expressions, unsigned: Node, low: Decimal, above: bool, high: Decimal | None, below: bool
) -> Node:
    """Return the numbers without a sign from a limit to another, each of which may be left out itself."""
    parts = [unsigned, _at_least(make, low, strict=above)]
    if high is not None:
        parts.append(make.without(_at_least(make, high, strict=not below)))
    return make.both(parts)


def _at_least(make: Expressions, limit: Decimal, *, strict: bool) -> Node:
    """Return the digits, as many as they may be, of numbers that are at least a limit, or above it."""
    digits, any_digits = _digit(make), make.repeat(_digit(make))
    point = make.text(".")
    whole, fraction = _digits(limit)
    beyond = make.sequence([any_digits, _digit(make, 1), any_digits])
    rest = beyond if strict else any_digits
    for digit in reversed(fraction):
        rest = _digit_or_above(make, digit, rest, any_digits)
    rest = make.join(point, rest)
    any_fraction = make.optional(make.join(point, any_digits))
    if not fraction and not strict:
        rest = any_fraction
    for after, digit in enumerate(reversed(whole)):
        above = make.join(make.repeat(digits, after, after), any_fraction)
        rest = _digit_or_above(make, digit, rest, above)
    longer = make.sequence([_digit(make, 1), make.repeat(digits, len(whole)), any_fraction])
    return make.either([rest, longer])


def _digit_or_above(make: Expressions, digit: str, same: Node, above: Node) -> Node:
    """Return a digit and what follows it, or a greater one and what may follow that."""
    value = int(digit)
    greater = make.join(_digit(make, value + 1), above) if value < 9 else make.nothing
    return make.either([greater, make.join(make.text(digit), same)])


def _unsigned(make: Expressions, whole: int, fraction: int) -> Node:
    digits = make.join(_digit(make, 1), make.repeat(_digit(make), 0, whole - 1))
    point = make.join(make.text("."), make.repeat(_digit(make), 1, fraction)) if fraction else make.nothing
    return make.join(make.either([make.text("0"), digits]), make.optional(point))


def _digit(make: Expressions, low: int = 0) -> Node:
    return make.character([(48 + low, 57)])


def _digits(limit: Decimal) -> tuple[str, str]:
    """Return a limit's digits before and after the point, without zeros at the ends."""
    whole, _, fraction = f"{limit.copy_abs():f}".partition(".")
    return whole.lstrip("0") or "0", fraction.rstrip("0")
