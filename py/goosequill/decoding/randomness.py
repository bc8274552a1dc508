"""The random numbers of a text: the same as numpy's PCG64 for the same seed, without numpy.random.

numpy.random is as large as the rest of numpy that a page loads and slow to import, and a text needs only
two numbers per token. Sources: O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good
Algorithms for Random Number Generation" (2014), the 128-bit XSL-RR variant; numpy's SeedSequence.
"""

from __future__ import annotations

from collections.abc import Iterator

_WORD = 2**32 - 1
_LONG = 2**64 - 1
_STATE = 2**128 - 1
_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
_POOL = 4


class Pcg64:
    """The same generator as `numpy.random.PCG64(seed)`.

    Parameters
    ----------
    seed
        Any non-negative integer.
    """

    def __init__(self, seed: int) -> None:
        words = list(_seed_words(seed, 8))
        first, second, third, fourth = (words[i] | words[i + 1] << 32 for i in range(0, 8, 2))
        self._increment = ((third << 64 | fourth) << 1 | 1) & _STATE
        self._state = self._increment + (first << 64 | second)
        self._step()

    def _step(self) -> None:
        self._state = (self._state * _MULTIPLIER + self._increment) & _STATE

    def random(self) -> float:
        """Return the next number in [0, 1), as `numpy.random.Generator.random` would."""
        self._step()
        mixed = (self._state >> 64 ^ self._state) & _LONG
        turn = self._state >> 122
        turned = (mixed >> turn | mixed << (64 - turn)) & _LONG
        return (turned >> 11) / 2**53


def _seed_words(seed: int, count: int) -> Iterator[int]:
    """Yield the first words of numpy's `SeedSequence(seed).generate_state(count)`."""
    entropy = [seed >> 32 * i & _WORD for i in range(max(_POOL, -(-seed.bit_length() // 32)))]
    constant = 0x43B0D7E5

    def hashmix(value: int) -> int:
        nonlocal constant
        value ^= constant
        constant = constant * 0x931E8875 & _WORD
        value = value * constant & _WORD
        return value ^ value >> 16

    def mix(left: int, right: int) -> int:
        value = (left * 0xCA01F9DD - right * 0x4973F715) & _WORD
        return value ^ value >> 16

    pool = [hashmix(word) for word in entropy[:_POOL]]
    for source in range(_POOL):
        for target in range(_POOL):
            if source != target:
                pool[target] = mix(pool[target], hashmix(pool[source]))
    for word in entropy[_POOL:]:
        for target in range(_POOL):
            pool[target] = mix(pool[target], hashmix(word))
    constant_out = 0x8B51F9DD
    for i in range(count):
        value = pool[i % _POOL] ^ constant_out
        constant_out = constant_out * 0x58F38DED & _WORD
        value = value * constant_out & _WORD
        yield value ^ value >> 16
