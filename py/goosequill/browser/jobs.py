"""Jobs: the one way in which a page asks Python for anything.

A job is a function or a generator that a room of the package lists by name in its own `jobs.py`. Here the
rooms are listed, and a job is run step by step, so that the worker can listen between two steps. What its
arguments name is found by `handles`; how values cross to JavaScript is the business of `values`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from time import perf_counter
from typing import Any

from goosequill.browser.values import decode, encode
from goosequill.errors import SettingsError
from goosequill.support.progress import Progress

ROOMS = (
    "chat",
    "conversations",
    "decoding",
    "evaluation",
    "insight",
    "lab",
    "loading",
    "openai",
    "search",
    "selftest",
    "tuning",
)
"""The rooms of the package that have jobs; each table is imported when it is first searched."""


def all_jobs() -> dict[str, str]:
    """Return every job: name -> "module:function"."""
    return {name: path for room in ROOMS for name, path in _table(room).items()}


def find(name: str) -> Callable[..., Any]:
    """Return the function or generator of a job.

    Raises
    ------
    SettingsError
        ``unknown-function``: no room lists it.
    """
    if room := room_of(name):
        module, attribute = _table(room)[name].split(":")
        function: Callable[..., Any] = getattr(import_module(module), attribute)
        return function
    raise SettingsError(
        f"The engine has no function named {name!r}.",
        code="unknown-function",
        remedy=f"It has {', '.join(sorted(all_jobs()))}.",
    )


def room_of(name: str) -> str:
    """Return the room that lists a job; "" if none does."""
    return next((room for room in ROOMS if name in _table(room)), "")


def is_imported(name: str) -> bool:
    """Return whether the module of a job has been imported."""
    room = room_of(name)
    return bool(room) and _table(room)[name].split(":")[0] in sys.modules


def _table(room: str) -> Mapping[str, str]:
    table: Mapping[str, str] = import_module(f"goosequill.{room}.jobs").JOBS
    return table


class Job:
    """One run of a job, in steps.

    A function ends in its first step. What a generator yields are parts, or a `Progress`; what it returns is
    its end. One that has a parameter ``cancelled`` is given a function that says whether to stop, and ends by
    itself; any other generator is closed.

    Parameters
    ----------
    arguments
        Keyword arguments as they came from JavaScript. Reserved names are ``model`` and those of
        `goosequill.browser.handles.KINDS` (handles), and ``files`` (a model's files).
    resources
        The objects that handles among the arguments refer to, by the names of the parameters they are for.
    finish
        Turns what a job returns into what crosses to JavaScript.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        *,
        resources: Mapping[str, Any] | None = None,
        finish: Callable[[Any], Any] = lambda result: result,
    ) -> None:
        self._cancelled = False
        parameters = inspect.signature(function).parameters
        given = {name: value for name, value in (resources or {}).items() if name in parameters}
        self._ends_itself = "cancelled" in parameters
        if self._ends_itself:
            given["cancelled"] = lambda: self._cancelled
        self._function = function
        try:
            self._arguments = {**{name: decode(value) for name, value in arguments.items()}, **given}
        except RecursionError as error:
            raise SettingsError(
                "A value that was given contains itself, or is nested too deeply.", code="option"
            ) from error
        self._finish = finish
        self._items: Any = None
        self._failure: Exception | None = None

    def cancel(self) -> None:
        """Make the next step, or the one after it, the last."""
        self._cancelled = True

    def steps(self, seconds: float) -> dict[str, Any]:
        """Take steps for so long, at least one; return their ``parts``, and what else the last step returned.

        So several tokens cross at once: what is not arithmetic has left the processor's caches by the time
        that a token's weights have been read, and crossing alone takes a tenth of a millisecond then. Where
        a step fails after others, the next call raises that.
        """
        if self._failure is not None:
            raise self._failure
        parts: list[Any] = []
        end = perf_counter() + seconds
        while True:
            try:
                found = self.step()
            except Exception as error:
                if not parts:
                    raise
                self._failure = error
                return {"parts": parts}
            if "part" not in found:
                return {**found, "parts": parts}
            parts.append(found["part"])
            if perf_counter() >= end:
                return {"parts": parts}

    def step(self) -> dict[str, Any]:
        """Return a dict of one key: ``progress`` or ``part``, and at last ``end`` or ``aborted``."""
        if self._cancelled and not self._ends_itself:
            if self._items is not None:
                self._items.close()
            return {"aborted": True}
        if self._items is None:
            result = self._function(**self._arguments)
            if not inspect.isgenerator(result):
                return self._end(result)
            self._items = result
        try:
            item = next(self._items)
        except StopIteration as stop:
            return self._end(stop.value)
        # The generator may change an array in its next step, before the part crosses.
        return {"progress" if isinstance(item, Progress) else "part": encode(item, copy=True)}

    def _end(self, result: Any) -> dict[str, Any]:
        return {"end": encode(self._finish(result))}
