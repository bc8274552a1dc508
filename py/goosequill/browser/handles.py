"""What a page names by a number: loaded models, and the values that jobs returned to be kept.

Here, and nowhere else, a handle becomes the arguments that a job's function declares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from goosequill.decoding import StateMemory
from goosequill.errors import LoadError
from goosequill.kernels import Kernel, Shortlist
from goosequill.loading.load import LoadedModel
from goosequill.support.resources import Divisible, Resource

STATE_BUDGET = 32 * 1024 * 1024
"""Bytes of a model's states that are kept, so that a branch or the same prompt again starts at once."""


KINDS: Mapping[str, str] = {
    "conversation": "conversation",
    "branches": "conversation",
    "embedder": "embedder",
    "static": "embedder",
    "collection": "collection",
    "embeddings": "embeddings",
    "gradient": "gradient",
}
"""Parameters of jobs that kept values are for, one or lists of them: name -> the kind of value."""

_GONE: Mapping[str, Callable[[], LoadError]] = {
    "conversation": lambda: LoadError("This conversation has ended.", code="conversation-over"),
    "embedder": lambda: LoadError("This embedding model is no longer loaded.", code="embedder-closed"),
    "collection": lambda: LoadError("This collection is no longer open.", code="collection-closed"),
    "embeddings": lambda: LoadError("This file of embeddings is no longer open.", code="embeddings-closed"),
    "gradient": lambda: LoadError("This model is no longer loaded.", code="model-unloaded"),
}


@dataclass(frozen=True, slots=True)
class _Kept:
    kind: str
    value: Any
    model: int | None
    """The model that it needs, and does not outlive."""


class Handles:
    """The models and kept values of one worker.

    Parameters
    ----------
    available
        Bytes that a model may take; given to jobs that have a parameter of this name.
    """

    def __init__(self, available: int | None = None) -> None:
        self._available = available
        self._models: dict[int, LoadedModel] = {}
        self._memories: dict[int, StateMemory] = {}
        self._bases: dict[int, int] = {}
        self._kept: dict[int, _Kept] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._models)

    def add_model(self, loaded: LoadedModel) -> int:
        """Keep a model and return its handle."""
        self._last += 1
        self._models[self._last] = loaded
        self._memories[self._last] = StateMemory(budget=STATE_BUDGET)
        return self._last

    def keep(self, resource: Resource, model: int | None = None) -> dict[str, Any]:
        """Keep a value until it is forgotten, or its model unloaded; return its handle and its info.

        A loaded model, which is the given one with an adapter, becomes one more model.
        """
        if isinstance(resource.value, LoadedModel):
            assert model is not None  # the job got it from a handle
            handle = self.add_model(resource.value)
            self._bases[handle] = self._bases.get(model, model)
            return {"handle": handle, **resource.info}
        self._last += 1
        self._kept[self._last] = _Kept(resource.kind, resource.value, model)
        return {"handle": self._last, **resource.info}

    def model(self, handle: int) -> LoadedModel:
        """Return a model.

        Raises
        ------
        LoadError
            ``model-unloaded``.
        """
        if handle not in self._models:
            raise LoadError("This model is no longer loaded.", code="model-unloaded", remedy="Load it again.")
        return self._models[handle]

    def kept(self, handle: int, kind: str) -> Any:
        """Return a kept value.

        Raises
        ------
        LoadError
            ``conversation-over``, ``embedder-closed``, ``collection-closed`` or ``embeddings-closed``.
        """
        found = self._kept.get(handle)
        if found is None or found.kind != kind:
            raise _GONE[kind]()
        return found.value

    def computing(self, handle: int) -> tuple[Kernel, Callable[[], object]]:
        """Return the kernel of a model or embedding model, and what computes a little with it.

        Raises
        ------
        LoadError
            ``model-unloaded``.
        """
        kept = self._kept.get(handle)
        if kept is not None and isinstance(kept.value, Divisible):
            return kept.value.kernel, kept.value.compute_a_little
        model = self.model(handle).model
        state = model.new_state()
        return model.kernel, lambda: model.forward([0], state, logits=Shortlist())

    def unload(self, handle: int) -> None:
        """Forget a model and what needs it, with it those with adapters; an unknown handle is ignored."""
        self._bases.pop(handle, None)
        for adapted in [key for key, base in self._bases.items() if base == handle]:
            self.unload(adapted)
        self._models.pop(handle, None)
        self._memories.pop(handle, None)
        for key in [key for key, kept in self._kept.items() if kept.model == handle]:
            del self._kept[key]

    def forget(self, handle: int) -> None:
        """Forget a kept value; an unknown handle is ignored."""
        self._kept.pop(handle, None)

    def resources(self, model: int | None = None, **kept: Any) -> Mapping[str, Any]:
        """Return what a job may declare as parameters, by their names; `kept` has names of `KINDS`."""
        found: dict[str, Any] = {"available": self._available}
        if model is not None:
            loaded = self.model(model)
            found |= {
                "model": loaded.model,
                "tokenizer": loaded.tokenizer,
                "description": loaded.description,
                "memory": self._memories[model],
            }
        return found | {name: self._each(handle, KINDS[name]) for name, handle in kept.items()}

    def _each(self, handle: Any, kind: str) -> Any:
        """Return a kept value, and for a list of handles a list."""
        return (
            [self._each(one, kind) for one in handle] if isinstance(handle, list) else self.kept(handle, kind)
        )
