"""Turns, slow and absent readers, and the end."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from goosequill.serve.scheduler import MOST_UNREAD, BusyError, CancelledTaskError, Scheduler, Task, Work


@contextmanager
def started(most: int = 4) -> Iterator[Scheduler]:
    scheduler = Scheduler(most=most)
    yield scheduler
    scheduler.stop()
    scheduler.join()


async def read(task: Task) -> list[Any]:
    return [item async for item in task.items()]


def test_tasks_take_turns_and_return_what_they_yield() -> None:
    turns: list[str] = []

    def work(name: str) -> Callable[[Any], Work]:
        def make(cancelled: object) -> Work:
            for index in range(20):
                turns.append(name)
                yield f"{name}{index}"
            return name.upper()

        return make

    async def both() -> None:
        hold = scheduler.submit(lambda cancelled: wait())
        first, second = scheduler.submit(work("a")), scheduler.submit(work("b"))
        gate.set()
        found = await asyncio.gather(read(first), read(second))
        assert found == [[f"{name}{index}" for index in range(20)] for name in "ab"]
        assert (first.result, second.result) == ("A", "B")
        assert await read(hold) == [] and scheduler.count == 0

    def wait() -> Work:
        gate.wait()
        return None
        yield

    gate = threading.Event()
    with started() as scheduler:
        asyncio.run(both())
    assert turns == ["a", "b"] * 20


def test_a_reader_that_does_not_read_holds_up_only_its_own_task() -> None:
    made: list[int] = []

    def endless(cancelled: object) -> Work:
        while True:
            made.append(1)
            yield 1

    def short(cancelled: object) -> Work:
        yield from range(10 * MOST_UNREAD)
        return None

    async def both() -> None:
        slow = scheduler.submit(endless)
        assert await read(scheduler.submit(short)) == list(range(10 * MOST_UNREAD))
        assert len(made) == MOST_UNREAD  # and no more
        items = slow.items()
        for _ in range(3 * MOST_UNREAD):
            await anext(items)
        slow.cancel()
        with pytest.raises(CancelledTaskError):
            while True:
                await anext(items)

    with started() as scheduler:
        asyncio.run(both())


def test_an_error_reaches_its_reader_and_nobody_else() -> None:
    def failing(cancelled: object) -> Work:
        yield 1
        raise ZeroDivisionError

    def fine(cancelled: object) -> Work:
        yield 2
        return "whole"

    async def both() -> None:
        bad, good = scheduler.submit(failing), scheduler.submit(fine)
        with pytest.raises(ZeroDivisionError):
            await read(bad)
        assert await read(good) == [2] and good.result == "whole"

    with started() as scheduler:
        asyncio.run(both())


def test_a_cancelled_task_closes_its_generator_and_gives_its_room_to_another() -> None:
    closed: list[bool] = []

    def endless(cancelled: object) -> Work:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    async def fill() -> None:
        tasks = [scheduler.submit(endless) for _ in range(2)]
        with pytest.raises(BusyError):
            scheduler.submit(endless)
        for task in tasks:
            assert await anext(task.items()) == 1
            task.cancel()
            with pytest.raises(CancelledTaskError):
                await read(task)
        assert closed == [True, True]
        await anext(scheduler.submit(endless).items())

    with started(most=2) as scheduler:
        asyncio.run(fill())
    assert closed == [True, True, True]  # stopping cancels, even after the loop was closed


def test_after_the_end_nothing_is_taken() -> None:
    async def late() -> None:
        with pytest.raises(BusyError):
            scheduler.submit(lambda cancelled: iter(()))  # type: ignore[arg-type,return-value]

    with started() as scheduler:
        scheduler.stop()
        asyncio.run(late())
