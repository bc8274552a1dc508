"""Answers several requests at once on one thread: each generator makes a step in turn.

A model's kernel computes one thing at a time, so requests take turns, token by token, first come, first
served. A request whose reader has left is closed; one whose reader is slow waits until it has read. Nothing
here knows HTTP.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import suppress
from typing import Any

Work = Generator[Any, None, Any]
"""Yields what is to be sent, and returns the whole answer."""

MOST_TASKS = 16
"""Requests that are answered at once; each keeps a state of the model."""
MOST_UNREAD = 64
"""Items that a task is ahead of its reader before it waits."""


class BusyError(Exception):
    """There are as many tasks as there may be."""


class CancelledTaskError(Exception):
    """The task was cancelled before its end."""


class Task:
    """A request that is being answered.

    Attributes
    ----------
    result
        The whole answer, once `items` has ended.
    """

    def __init__(self, scheduler: Scheduler, make: Callable[[Callable[[], bool]], Work]) -> None:
        self.result: Any = None
        self.cancelled = False
        self._scheduler = scheduler
        self._work = make(lambda: self.cancelled)
        self._loop = asyncio.get_running_loop()
        self._lock = threading.RLock()  # `stop` may interrupt its owner, as a signal does
        self._unread: deque[Any] = deque()
        self._waits = self._ended = False
        self._error: BaseException | None = None
        self._changed = asyncio.Event()

    def cancel(self) -> None:
        """Give up: the generator is closed when it is its turn."""
        with self._lock:
            self.cancelled = True
        self._resume()

    async def items(self) -> AsyncIterator[Any]:
        """Yield what the generator yields; raise what it raises."""
        while True:
            self._changed.clear()
            with self._lock:
                found, ended = self._unread.popleft() if self._unread else None, self._ended
            if found is not None:
                self._resume()
                yield found
            elif ended:
                break
            else:
                await self._changed.wait()
        if self._error:
            raise self._error

    def _resume(self) -> None:
        """Let the task go on, if it waited for its reader."""
        with self._lock:
            resumes = self._waits and (self.cancelled or len(self._unread) <= MOST_UNREAD // 2)
            self._waits = self._waits and not resumes
        if resumes:
            self._scheduler.ready.put(self)

    def step(self) -> bool:
        """Make one step on the computing thread; return whether it can make another at once."""
        item = None
        try:
            if self.cancelled:
                self._work.close()
                raise CancelledTaskError
            item = next(self._work)
        except StopIteration as end:
            self.result, ended = end.value, True
        except BaseException as error:  # the reader raises it
            self._error, ended = error, True
        else:
            ended = False
        with self._lock:
            if item is not None:
                self._unread.append(item)
            self._ended = ended
            self._waits = not ended and not self.cancelled and len(self._unread) >= MOST_UNREAD
            goes_on = not ended and not self._waits
        with suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(self._changed.set)
        return goes_on

    @property
    def ended(self) -> bool:
        """Whether the generator has ended."""
        return self._ended


class Scheduler:
    """One computing thread, and the tasks that take turns on it.

    Parameters
    ----------
    most
        Tasks at once; another is refused.
    """

    def __init__(self, *, most: int = MOST_TASKS) -> None:
        self.ready: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._most = most
        self._tasks: set[Task] = set()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="goosequill-compute", daemon=True)
        self._thread.start()

    def submit(self, make: Callable[[Callable[[], bool]], Work]) -> Task:
        """Start a task; call it on the event loop.

        Parameters
        ----------
        make
            Makes the generator, from what tells it that it is cancelled.

        Raises
        ------
        BusyError
            There are as many tasks as there may be, or the scheduler has been stopped.
        """
        if self._stopped or self.count >= self._most:
            raise BusyError
        task = Task(self, make)
        self._tasks.add(task)
        self.ready.put(task)
        return task

    @property
    def count(self) -> int:
        """How many tasks have not ended."""
        self._tasks = {task for task in self._tasks if not task.ended}
        return len(self._tasks)

    def stop(self) -> None:
        """Cancel all tasks, and end the thread after its current step."""
        self._stopped = True
        for task in list(self._tasks):
            task.cancel()
        self.ready.put(None)

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        stops = False
        while not (stops and self.ready.empty()):
            task = self.ready.get()
            if task is None:
                stops = True
            elif task.step():
                self.ready.put(task)
