"""Lets a loaded model compute with an adapter: its vectors are made anew, its matrices are shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.loading.load import LoadedModel
from goosequill.models import Model
from goosequill.support.resources import Resource
from goosequill.tokenizers import Tokenizer
from goosequill.tuning.adapter import Adapter, Method, read_adapter
from goosequill.weights import ByteSource

MAX_STRENGTH = 1.5
"""More than this rarely gives text."""


def adapt(model: Model, adapter: Adapter | None, *, strength: float = 1.0, name: str = "") -> Model:
    """Return a model with an adapter; the model itself remains as it is, and both can be used at once.

    Parameters
    ----------
    model
        With another adapter or without one; that makes no difference.
    adapter
        None returns the model without an adapter.
    strength
        From 0 to 1.5: what the differences to the vectors are multiplied by. An initial state is multiplied,
        too, so that 0 is the empty state; in RWKV-4 numerator and denominator are, which is how much the
        average weighs beside what the model reads. 0 returns the model without an adapter.
    name
        What people call the model, for errors.

    Raises
    ------
    SettingsError
        ``setting-range``: the strength. ``adapter-mismatch``: the adapter was made for another model.

    Examples
    --------
    >>> change = np.full(320, 0.5, np.float32)
    >>> bold = adapt(loaded.model, Adapter({"ln_out.weight": change}), strength=0.5)
    >>> float(bold.vectors["ln_out.weight"][0] - loaded.model.vectors["ln_out.weight"][0])
    0.25
    """
    is_number = isinstance(strength, int | float) and not isinstance(strength, bool)
    if not is_number or not 0 <= strength <= MAX_STRENGTH:
        raise SettingsError(
            f"An adapter's strength must be from 0 to {MAX_STRENGTH}, not {str(strength)[:40]}.",
            code="setting-range",
            param="strength",
        )
    base = model.base
    if adapter is None:
        return base
    _check(base, adapter, name)
    if not strength:
        return base
    change = _state if adapter.about.method == "state" else _vector
    with np.errstate(over="ignore"):
        found = {key: change(base, key, value, strength) for key, value in adapter.tensors.items()}
    for key, values in found.items():
        if not np.isfinite(values).all():
            raise SettingsError(f"The adapter makes {key!r} too large.", code="adapter-values")
    return base.adapted(found)


def adapt_loaded(loaded: LoadedModel, adapter: Adapter | None, *, strength: float = 1.0) -> LoadedModel:
    """Return a loaded model with an adapter, as `adapt` does.

    Its description has ``adapter``: name and strength.
    """
    description = {key: value for key, value in loaded.description.items() if key != "adapter"}
    model = adapt(loaded.model, adapter, strength=strength, name=str(description.get("name", "")))
    if adapter is not None:
        description["adapter"] = {"name": adapter.about.name, "strength": float(strength)}
    return replace(loaded, model=model, description=description)


def open_adapted(
    model: Model,
    tokenizer: Tokenizer,
    description: Mapping[str, Any],
    *,
    files: Mapping[str, ByteSource] | None = None,
    strength: float = 1.0,
) -> Resource:
    """Keep a loaded model with an adapter as another model: the job ``adapt``.

    Parameters
    ----------
    files
        The adapter; without it, the model without one.
    """
    adapter = read_adapter(next(iter(files.values()))) if files else None
    loaded = LoadedModel(model, tokenizer, dict(description))
    adapted = adapt_loaded(loaded, adapter, strength=strength)
    return Resource("model", adapted, {"adapter": adapter and {**_facts(adapter), "strength": strength}})


def describe_adapter(*, files: Mapping[str, ByteSource]) -> dict[str, Any]:
    """Return what an adapter says of itself (`AdapterFacts`), and its ``parameters`` and ``bytes``."""
    (source,) = files.values()
    return {**_facts(read_adapter(source)), "bytes": source.size}


def _facts(adapter: Adapter) -> dict[str, Any]:
    return {
        **asdict(adapter.about),
        "parameters": sum(tensor.size for tensor in adapter.tensors.values()),
    }


def fingerprint(model: Model) -> str:
    """Return the fingerprint of a model, which its adapters have."""
    return model.fingerprint


def _vector(base: Model, name: str, change: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    return base.vectors[name] + np.float32(strength) * change


def _state(base: Model, name: str, state: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    scaled = np.float32(strength) * state
    if base.state_kind == "averages":
        scaled[2] = state[2]  # the exponent of both sums
    return scaled


def _check(base: Model, adapter: Adapter, name: str) -> None:
    about = adapter.about
    if about.model and about.model != base.fingerprint:
        made = f"{about.model_name} ({about.model})" if about.model_name else about.model
        this = f"{name} ({base.fingerprint})" if name else base.fingerprint
        raise _mismatch(f"The adapter {about.name!r} was made for {made}, not for {this}.")
    shapes = _shapes(base, about.method)
    for tensor, value in adapter.tensors.items():
        if value.shape != shapes.get(tensor):
            expected = list(shapes[tensor]) if tensor in shapes else "none"
            raise _mismatch(
                f"The adapter {about.name!r} was made for another model: its {tensor[:80]!r} has the shape "
                f"{list(value.shape)}, and this model's {expected}."
            )
    if about.method == "state" and len(adapter.tensors) != len(shapes):
        layers = f"{len(adapter.tensors)} layers, and this one has {len(shapes)}"
        raise _mismatch(f"The adapter {about.name!r} was made for a model of {layers}.")


def _shapes(base: Model, method: Method) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor that an adapter may have."""
    if method == "vectors":
        return {name: array.shape for name, array in base.vectors.items() if ".time_state" not in name}
    layers, *shape = base.state_arrays()["wkv"].shape
    return {f"blocks.{layer}.att.time_state": tuple(shape) for layer in range(layers)}


def _mismatch(message: str) -> SettingsError:
    return SettingsError(message, code="adapter-mismatch")
