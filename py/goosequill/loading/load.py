"""Loads a model with its tokenizer and description: `opening` finds the files, `models` computes.

Checks that the parts fit each other and the memory before any weights are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from goosequill.chat.choosing import hints
from goosequill.errors import LoadError
from goosequill.kernels import Kernel, load_kernel
from goosequill.loading.opening import Opened, choose_tokenizer, open_files, open_path
from goosequill.models import Model, load_model
from goosequill.models.detect import count_parameters, detect_config
from goosequill.models.estimate import Memory, estimate
from goosequill.support.progress import OnProgress
from goosequill.tokenizers import Tokenizer, check_vocabulary
from goosequill.weights import ByteSource, TensorSource
from goosequill.weights.loaded import LoadedSource

Bits = Literal[8, 4]
Quantization = Bits | Literal["auto"] | None
"""Bits to which unquantized matrices are quantized; None leaves them, "auto" decides by the model's size and
by what fits."""

LARGE = 50_000_000
"""Parameters above which "auto" quantizes to 8 bits: a token then takes a quarter of the time."""


FEWER: tuple[Bits, ...] = (8, 4)
"""The bits that are tried in turn where a model does not fit."""


@dataclass(frozen=True)
class LoadedModel:
    """A model, its tokenizer and its description.

    Attributes
    ----------
    description
        config.json; of bare weights name, title, number of parameters, and as ``metadata`` what
        `goosequill.chat.choosing.hints` returns.
    quantized
        If matrices were quantized while loading: the tensors as the model has them in memory, for
        `weights.writing.stream`. It keeps the files open that the model was loaded from.
    notice
        Why "auto" chose fewer bits than it does where there is room; "" if it did not.
    """

    model: Model
    tokenizer: Tokenizer
    description: dict[str, Any]
    quantized: TensorSource | None = None
    notice: str = ""


@dataclass(frozen=True)
class LoadOptions:
    """How to load a model, wherever its files are.

    Attributes
    ----------
    tokenizer
        Name or path, or a loaded tokenizer; by default the one that belongs to the weights.
    kernel
        By default the fastest that runs here.
    quantize
        Quantize the large matrices that the files store unquantized.
    available
        Bytes of memory that the model may take; None does not check.
    group_norm_eps
        As for `goosequill.models.load_model`; by default what config.json says.
    """

    tokenizer: str | Path | Tokenizer | None = None
    kernel: Kernel | None = None
    quantize: Quantization = None
    available: int | None = None
    group_norm_eps: float | None = None
    progress: OnProgress | None = None


def load_path(
    path: str | Path,
    *,
    tokenizer: str | Path | None = None,
    kernel: Kernel | None = None,
    quantize: Quantization = None,
    group_norm_eps: float | None = None,
    progress: OnProgress | None = None,
) -> LoadedModel:
    """Load a model folder, or weights in any format that Goosequill reads.

    Parameters
    ----------
    tokenizer
        Name or path; by default the folder's own, or the tokenizer.json beside the weights, or the
        built-in one that models of this vocabulary size use.
    kernel
        By default the fastest that runs here.
    quantize
        8, 4 or "auto": quantize the large matrices that the file stores unquantized.
    group_norm_eps
        As for `goosequill.models.load_model`; by default what the folder says.

    Raises
    ------
    FileFormatError, UnsupportedModelError, TokenizerError
        If a file is missing or invalid, or model and tokenizer do not belong together.

    Examples
    --------
    >>> loaded = load_path("site/models/default")
    >>> loaded.tokenizer.decode(loaded.tokenizer.encode("A goose."))
    'A goose.'
    """
    options = LoadOptions(tokenizer, kernel, quantize, None, group_norm_eps, progress)
    return load(open_path(path), options)


def load_files(
    files: Mapping[str, ByteSource],
    options: LoadOptions | None = None,
    *,
    verify: bool = True,
    weights: ByteSource | None = None,
) -> LoadedModel:
    """Load the files of a model folder; or weights, alone or with their tokenizer.

    Parameters
    ----------
    weights
        A quantized copy of the weights, under their name; `files` then has the other files.

    Raises
    ------
    FileFormatError
        ``file-missing``, ``which-file``: as `open_files`. And all errors of `load_path`.
    LoadError
        ``model-too-large``.
    """
    return load(open_files(files, verify=verify, weights=weights), options or LoadOptions())


def load(opened: Opened, options: LoadOptions) -> LoadedModel:
    """Load what was opened."""
    tensors = opened.tensors
    kernel = options.kernel or load_kernel()
    fit = Fit(tensors, kernel, options.available)
    bits = fit.bits(options.quantize)
    fit.require(bits)
    size = detect_config(tensors).vocab_size
    asked = options.tokenizer
    if asked is None or isinstance(asked, (str, Path)):
        tokenizer, _ = choose_tokenizer(opened, size, asked)
    else:
        tokenizer = asked
        check_vocabulary(tokenizer, size)
    eps = options.group_norm_eps
    model = load_model(
        tensors,
        kernel=kernel,
        quantize=bits,
        group_norm_eps=opened.description.get("group_norm_eps") if eps is None else eps,
        progress=options.progress,
    )
    quantized = quantized_tensors(tensors, model)
    notice = fit.choose(options.quantize).notice
    return LoadedModel(model, tokenizer, description_of(opened), quantized, notice)


def description_of(opened: Opened) -> dict[str, Any]:
    """What is known of a model before it is loaded: see `LoadedModel`."""
    return opened.description or {
        "name": opened.name,
        "title": opened.name,
        "parameters": count_parameters(opened.tensors),
        "metadata": hints(opened.tensors.metadata),
    }


def quantized_tensors(tensors: TensorSource, model: Model) -> TensorSource | None:
    """The tensors as a model has them in memory, if some have fewer bits than in their file."""
    bits = {name: model.kernel.bits(matrix) for name, matrix in model.matrices.items()}
    quantized = {
        name: (found, partial(model.kernel.stored, model.matrices[name]))
        for name, found in bits.items()
        if found is not None
    }
    fewer = any(tensors.dtype(name) != f"int{found}" for name, (found, _) in quantized.items())
    return LoadedSource(tensors, quantized, hints(tensors.metadata)) if fewer else None


def quantization_bits(tensors: TensorSource, quantize: Quantization) -> Bits | None:
    """The bits that "auto" means for a model where there is room; any other value is returned as it is."""
    if quantize != "auto":
        return quantize
    return 8 if count_parameters(tensors) > LARGE else None


def peak_memory(tensors: TensorSource) -> dict[str, int]:
    """Bytes that loading takes, for every value of `quantize`: "none", "auto", "8" and "4".

    config.json has them as ``memory``, so that a page can refuse a model before its download.
    """
    asked: tuple[Quantization, ...] = (None, "auto", 8, 4)
    return {
        str(quantize or "none"): estimate(tensors, quantize=quantization_bits(tensors, quantize)).peak
        for quantize in asked
    }


class Choice(NamedTuple):
    """Bits of a model's weights, and what a user should know of why."""

    bits: Bits | None
    notice: str = ""


class Fit:
    """How many bits of a model's weights fit into memory.

    Parameters
    ----------
    available
        Bytes that the model may take; with None everything fits.
    """

    def __init__(self, tensors: TensorSource, kernel: Kernel, available: int | None) -> None:
        self._tensors = tensors
        self._keeps_bits = kernel.name != "numpy"
        self._available = available

    def memory(self, bits: Bits | None) -> Memory:
        """What the model needs with these bits."""
        return estimate(self._tensors, quantize=bits, keeps_bits=self._keeps_bits)

    def fits(self, bits: Bits | None) -> bool:
        """Whether it fits with these bits."""
        return self._available is None or self.memory(bits).peak <= self._available

    def bits(self, quantize: Quantization) -> Bits | None:
        """The bits for a value of `quantize`: "auto" takes fewer than at first, if only they fit."""
        wanted = quantization_bits(self._tensors, quantize)
        if quantize != "auto" or self.fits(wanted):
            return wanted
        return next((bits for bits in FEWER if self.fits(bits)), wanted)

    def choose(self, quantize: Quantization) -> Choice:
        """The bits for a value of `quantize`, and why they are fewer than where there is room."""
        wanted, bits = quantization_bits(self._tensors, quantize), self.bits(quantize)
        if bits == wanted:
            return Choice(bits)
        needed = self.memory(wanted).peak / 1e6
        return Choice(
            bits,
            notice=f"In {wanted or 32} bits the model needs {needed:,.0f} MB, which is more than there is. "
            f"It runs in {bits} bits.",
        )

    def require(self, bits: Bits | None) -> None:
        """Refuse a model that does not fit, before any of it is read.

        Raises
        ------
        LoadError
            ``model-too-large``, with the figures, and what would fit.
        """
        if self.fits(bits):
            return
        assert self._available is not None  # else it fits
        found, least = self.memory(bits), self.memory(4)
        fewer = next((each for each in FEWER if self.fits(each)), None)
        room = self._available - least.peak + least.weights
        most = max(0, count_parameters(self._tensors) * room / least.weights / 1e6)
        raise LoadError(
            f"This model needs {found.peak / 1e6:,.0f} MB of memory ({found.weights / 1e6:,.0f} MB for its "
            f"weights, the rest while loading), but {self._available / 1e6:,.0f} MB are available.",
            code="model-too-large",
            remedy=f"In {fewer} bits it needs {self.memory(fewer).peak / 1e6:,.0f} MB: choose {fewer} bits."
            if fewer
            else f"It does not fit in 4 bits either. Choose one of at most {most:,.0f} million parameters.",
        )
