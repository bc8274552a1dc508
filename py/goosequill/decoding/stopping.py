"""Stop texts: found in the text as it is generated, and never emitted, not even in part."""

from __future__ import annotations

from collections.abc import Sequence


class StopWatcher:
    """Passes text on, but holds back what may be the start of a stop text.

    Parameters
    ----------
    stops
        The stop texts, none of them empty.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""

    def push(self, text: str) -> tuple[str, bool]:
        """Take text; return what may be emitted, and whether a stop text was found."""
        if not self._stops:
            return text, False
        self._held += text
        found = [index for stop in self._stops if (index := self._held.find(stop)) >= 0]
        if found:
            ready, self._held = self._held[: min(found)], ""
            return ready, True
        keep = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        end = len(self._held) - keep
        ready, self._held = self._held[:end], self._held[end:]
        return ready, False

    def flush(self) -> str:
        """Return what was held back, when no more text will come."""
        ready, self._held = self._held, ""
        return ready


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of a text may be the start of a stop text."""
    for count in range(min(len(stop) - 1, len(text)), 0, -1):
        if text.endswith(stop[:count]):
            return count
    return 0
