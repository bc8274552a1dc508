"""The choice between one thread and several, with a simulated clock."""

from typing import Any

import pytest

from goosequill.models import pace

SHARE = 4711


class Machine:
    """A kernel, a model and a clock in one: a token takes the given time."""

    def __init__(self, alone: float, divided: float) -> None:
        self.seconds = {None: alone, SHARE: divided}
        self.way: int | None = None
        self.now = 0.0
        self.tokens = 0

    def divide(self, share: int | None) -> None:
        self.way = share

    def token(self) -> None:
        self.tokens += 1
        compiling = 50 if self.tokens < 5 and self.way else 1
        self.now += self.seconds[self.way] * compiling


@pytest.mark.parametrize(
    ("alone", "divided", "faster"),
    [(0.006, 0.004, True), (0.006, 0.0059, False), (0.006, 0.009, False), (0.5, 0.3, True)],
)
def test_the_faster_way_is_kept(monkeypatch: Any, alone: float, divided: float, faster: bool) -> None:
    machine: Any = Machine(alone, divided)
    monkeypatch.setattr(pace, "perf_counter", lambda: machine.now)
    assert pace.choose_threads(machine.token, machine, SHARE) is faster
    assert machine.way == (SHARE if faster else None)


def test_a_large_model_is_not_kept_waiting(monkeypatch: Any) -> None:
    machine: Any = Machine(0.5, 0.3)
    monkeypatch.setattr(pace, "perf_counter", lambda: machine.now)
    pace.choose_threads(machine.token, machine, SHARE)
    assert machine.tokens == 2 * pace.ROUNDS
