"""How much of a long test both tiers do: `make test` tries a little, `make test-rest` all of it."""

import pytest


def tiers(argument: str, little: int, everything: int) -> pytest.MarkDecorator:
    """Give a test two values of an argument, the second only in `make test-rest`."""
    return pytest.mark.parametrize(argument, [little, pytest.param(everything, marks=pytest.mark.rest)])
