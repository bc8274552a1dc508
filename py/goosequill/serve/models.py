"""The language models that are served: loaded at first use, and unloaded where another needs their memory.

Everything here happens on the scheduler's thread, between two tokens: no lock is needed, and no model is
loaded or unloaded while a kernel computes.
"""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from goosequill.decoding.memory import BUDGET, StateMemory
from goosequill.errors import GoosequillError, SettingsError
from goosequill.loading.load import LoadedModel
from goosequill.openai.http import Refusal
from goosequill.openai.requests import names_of
from goosequill.search.rwkv_embedder import RwkvEmbedder

RETRY_SECONDS = 5
"""After which a client may try again while the server is busy."""


@dataclass(frozen=True)
class Source:
    """A model that can be loaded.

    Attributes
    ----------
    name
        By which requests ask for it.
    load
        Loads it, each time anew.
    size
        Bytes of memory that it takes, while it is loaded too.
    """

    name: str
    load: Callable[[], LoadedModel]
    size: int = 0


def always(loaded: LoadedModel) -> Source:
    """Return the source of a model that is loaded anyway."""
    return Source(names_of(loaded.description)[0], lambda: loaded)


class Ready:
    """A loaded model, the states of what it has read, and itself as an embedder."""

    def __init__(self, loaded: LoadedModel, budget: int) -> None:
        self.loaded = loaded
        # Each has its own: a state belongs to the model, and to the adapter, with which it was read.
        self.memory = StateMemory(budget=budget)
        self.embedder = RwkvEmbedder(loaded.model, loaded.tokenizer, loaded.description)
        self.uses = 0


class Models:
    """Models by their names, of which those that were used last are in memory.

    Parameters
    ----------
    limit
        Bytes that the loaded models may take together; None for any.

    Raises
    ------
    SettingsError
        ``option``: two have the same name.
    """

    def __init__(self, sources: Sequence[Source], *, limit: int | None = None) -> None:
        self._sources = {source.name: source for source in sources}
        if len(self._sources) < len(sources):
            names = ", ".join(source.name for source in sources)
            remedy = "Rename a file, or the name in a config.json."
            raise SettingsError(f"Two models have the same name: {names}.", code="option", remedy=remedy)
        self._limit = limit
        self._ready: OrderedDict[str, Ready] = OrderedDict()  # the least recently used one first

    @property
    def names(self) -> list[str]:
        """The names of all, the default one first."""
        return list(self._sources)

    @property
    def loaded(self) -> list[str]:
        """The names of those that are in memory, the least recently used one first."""
        return list(self._ready)

    @contextmanager
    def using(self, name: str) -> Iterator[Ready]:
        """Load a model, unless it is loaded, and keep it meanwhile.

        Raises
        ------
        Refusal
            503, ``busy``: those that are in use leave it no room. 500: it cannot be loaded.
        """
        ready = self._ready.get(name) or self._load(self._sources[name])
        self._ready.move_to_end(name)
        ready.uses += 1
        try:
            yield ready
        finally:
            ready.uses -= 1

    def _load(self, source: Source) -> Ready:
        self._make_room(source.size)
        try:
            loaded = source.load()
        except GoosequillError as error:
            raise Refusal(500, f"The model {source.name} could not be loaded. {error}") from error
        found = self._ready[source.name] = Ready(loaded, BUDGET // len(self._sources))
        return found

    def _make_room(self, size: int) -> None:
        """Unload what was used least recently, until there is room; nothing, if there cannot be any."""
        if self._limit is None:
            return
        idle = [name for name, ready in self._ready.items() if not ready.uses]
        left = self._limit - size - sum(self._sources[name].size for name in self._ready)
        if left + sum(self._sources[name].size for name in idle) < 0:
            raise busy("The models that are answering other requests leave no memory for this one.")
        for name in idle:
            if left >= 0:
                break
            left += self._sources[name].size
            del self._ready[name]
        gc.collect()  # what refers to each other is not freed at once


def busy(message: str) -> Refusal:
    """Return the refusal of what may be asked again."""
    return Refusal(503, message, code="busy", headers={"Retry-After": str(RETRY_SECONDS)})
