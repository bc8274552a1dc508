"""Adapters: small files with what tuning changed in a model.

An adapter has either the differences to a model's vectors or an initial state. The file is a
`.safetensors` of float16 with a description in its metadata; the state-tuned `.pth` files of BlinkDL's
trainers are read and written too. Which tensors a model can take, `goosequill.models.model` knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import FileFormatError, SettingsError
from goosequill.support.budget import Budget
from goosequill.weights.elements import FLOATS
from goosequill.weights.formats import pth, safetensors
from goosequill.weights.source import ByteSource, BytesSource, FileSource, TensorSource, is_count

METADATA = "goosequill.adapter"
"""Metadata key of the description."""
FORMAT_VERSION = 1
MAX_FILE = 256_000_000
"""Size limit of a file in bytes; the states of a model of 13 billion parameters have 64 MB in float32."""
MAX_DESCRIPTION = 20_000
"""Size limit of the description, in characters."""
MAX_TEXT = 200
"""Size limit of a name in it."""

Method = Literal["vectors", "state"]

_STATE = re.compile(r"blocks\.(\d{1,4})\.att\.time_state")


@dataclass(frozen=True)
class AdapterFacts:
    """What an adapter says of itself.

    Attributes
    ----------
    method
        "vectors": differences to the model's vectors. "state": the state before the first token.
    model
        The fingerprint of the model that was tuned (`goosequill.models.model.Model.fingerprint`); empty
        if the file does not say, as state-tuned `.pth` files do not.
    model_name
        What people call that model.
    name
        What people call the adapter; if the file does not say, its own name.
    recipe
        How it was tuned: learning rate, steps and so on.
    counts
        What it was tuned on: examples, tokens and so on.
    before, after
        Bits per byte of the examples that were held back, without and with the adapter; None if unknown.
    """

    method: Method = "vectors"
    model: str = ""
    model_name: str = ""
    name: str = ""
    recipe: Mapping[str, float | str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True)
class Adapter:
    """What tuning changed.

    Attributes
    ----------
    tensors
        By the names of a checkpoint. Differences to vectors are flat, [n]. An initial state
        (``blocks.N.att.time_state`` for each layer) is [H, S(v), S(k)], or in RWKV-4 [3, C]: numerator,
        denominator and exponent.
    """

    tensors: dict[str, NDArray[np.float32]]
    about: AdapterFacts = field(default_factory=AdapterFacts)

    def encode(self) -> bytes:
        """Return the bytes of a `.safetensors` file.

        Raises
        ------
        SettingsError
            ``adapter-values``: a number is too large for float16, or not finite.
        """
        about = json.dumps({"format_version": FORMAT_VERSION, **asdict(self.about)})
        return b"".join(safetensors.encode(self._halves().items(), {METADATA: about}))

    def encode_pth(self) -> bytes:
        """Return the bytes of a `.pth` file, as RWKV-PEFT writes for a tuned state and others read.

        Raises
        ------
        SettingsError
            ``adapter-method``: the adapter has no state. ``adapter-values``: as `encode`.
        """
        if self.about.method != "state":
            raise SettingsError("A .pth file can only contain a tuned state.", code="adapter-method")
        return pth.encode(self._halves())

    def write(self, path: str | Path) -> None:
        """Write a file: with `encode_pth` if its name ends in .pth, else with `encode`."""
        data = self.encode_pth() if Path(path).suffix == ".pth" else self.encode()
        Path(path).write_bytes(data)

    def _halves(self) -> dict[str, NDArray[np.float16]]:
        with np.errstate(over="ignore"):
            halves = {name: np.asarray(tensor).astype(np.float16) for name, tensor in self.tensors.items()}
        for name, values in halves.items():
            if not np.isfinite(values).all():
                raise SettingsError(
                    f"The adapter's tensor {name!r} has a number that float16 cannot represent.",
                    code="adapter-values",
                )
        return halves


def read_adapter(source: ByteSource | bytes | str | Path) -> Adapter:
    """Read an adapter from a file's path or its bytes.

    Raises
    ------
    FileFormatError
        ``file-missing``, ``file-truncated``, ``safetensors-header``, ``pth``, ``tensor-values``: as for
        weights. ``not-an-adapter``: the file has something else.
    """
    if isinstance(source, (str, Path)):
        source = FileSource(source)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        source = BytesSource(source, "adapter")
    if source.size > MAX_FILE:
        raise _not_an_adapter(source, f"it has {source.size:,} bytes")
    source = BytesSource(source.read(0, source.size), source.name)  # in one go: it may be on a server
    found = next((each for each in (pth, safetensors) if each.matches(source)), None)
    if found is None:
        raise _not_an_adapter(source, "it is neither a .safetensors nor a .pth file")
    tensors = cast(TensorSource, found.open_source(source))
    about = _facts(source, tensors)
    _check(source, tensors, about.method)
    return Adapter({name: cast(NDArray[np.float32], tensors.read(name)) for name in tensors.names()}, about)


def _facts(source: ByteSource, tensors: TensorSource) -> AdapterFacts:
    """The description in the metadata; only states may have none."""
    text = tensors.metadata.get(METADATA)
    name = source.name.rpartition(".")[0] or source.name
    if text is None:
        return AdapterFacts("state", name=name[:MAX_TEXT])
    try:
        if len(text) > MAX_DESCRIPTION:
            raise ValueError("it is too long")
        about = Budget().json(text)
        version = about.pop("format_version")
        known = {each.name: about[each.name] for each in fields(AdapterFacts) if each.name in about}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _not_an_adapter(source, "its description is invalid") from error
    if version != FORMAT_VERSION or not all(_VALID[name](value) for name, value in known.items()):
        raise _not_an_adapter(source, "its description is invalid, or of a newer version")
    return AdapterFacts(**{**known, "name": known.get("name") or name[:MAX_TEXT]})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e18  # which NaN is not


def _is_figure(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_recipe(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number(each) or _is_text(each) for each in value.values())


def _are_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(is_count(each) for each in value.values())


_VALID: dict[str, Callable[[Any], bool]] = {
    "method": get_args(Method).__contains__,
    "model": _is_text,
    "model_name": _is_text,
    "name": _is_text,
    "recipe": _is_recipe,
    "counts": _are_counts,
    "before": _is_figure,
    "after": _is_figure,
}
"""Which values each field of a description may have."""


def _check(source: ByteSource, tensors: TensorSource, method: Method) -> None:
    """Check names and shapes, before any value is read."""
    names = tensors.names()
    layers = sorted(int(found[1]) for name in names if (found := _STATE.fullmatch(name)))
    if not names:
        raise _not_an_adapter(source, "it has no tensors")
    for name in names:
        dimensions = len(tensors.shape(name))
        fits = dimensions in (2, 3) if method == "state" else dimensions == 1
        if (method == "state") != bool(_STATE.fullmatch(name)) or not fits:
            raise _not_an_adapter(source, f"the tensor {name[:80]!r} does not belong into one")
        if tensors.dtype(name) not in FLOATS:
            raise _not_an_adapter(source, f"the tensor {name[:80]!r} is {tensors.dtype(name)}")
    if method == "state" and (layers != list(range(len(layers))) or len(set(map(tensors.shape, names))) > 1):
        raise _not_an_adapter(source, "its states are not one for each layer")


def _not_an_adapter(source: ByteSource, why: str) -> FileFormatError:
    return FileFormatError(f"{source.name} is not an adapter: {why}.", code="not-an-adapter")
