"""From files to something that writes: weights, the tokenizer they were trained with, a description.

The files may lie on a disk, or have been downloaded or picked in a page; weights.folder and
weights.opening read them, models and tokenizers make something of them, and here it is held
together: that all is there, and that it belongs together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

from goosequill.errors import FileFormatError, LoadError, TokenizerError
from goosequill.kernels import Kernel, load_kernel
from goosequill.loading.inspect import inspect
from goosequill.models import Model, load_model
from goosequill.models.config import detect_config
from goosequill.models.estimate import estimate, require_memory
from goosequill.tokenizers import Tokenizer, check_vocabulary, load_tokenizer, tokenizer_for_vocabulary
from goosequill.weights import ByteSource, TensorSource, folder_reader, open_folder, open_tensors
from goosequill.weights.folder import DESCRIPTION, Reader, is_description
from goosequill.weights.held import HeldSource
from goosequill.weights.source import FileSource

Bits = Literal[8, 4]
Rounding = Bits | Literal["auto"] | None
"""How matrices that are stored in full are held: in 8 or 4 bits, in full (None), or told by size."""

LARGE = 50_000_000
"""Parameters above which "auto" rounds to 8 bits: a token then costs a quarter of the time."""
Progress = Callable[[int, int], None]
"""Called with (tensors read so far, tensors in all)."""


@dataclass(frozen=True)
class LoadedModel:
    """A model, its tokenizer, and config.json or as much of it as bare weights tell.

    Attributes
    ----------
    rounded
        Where matrices were rounded while loading: the tensors as the model holds them, for
        `weights.writing.stream`. It reads on from the files that were loaded.
    """

    model: Model
    tokenizer: Tokenizer
    description: dict[str, Any]
    rounded: TensorSource | None = None


def load_path(
    path: str | Path,
    *,
    tokenizer: str | None = None,
    kernel: Kernel | None = None,
    quantize: Rounding = None,
    group_norm_eps: float | None = None,
    progress: Progress | None = None,
) -> LoadedModel:
    """Load a model folder, or weights of any known format.

    Parameters
    ----------
    tokenizer
        Name or path of one; by default the folder's own, or the one that models of this
        vocabulary use.
    group_norm_eps
        As for `goosequill.models.load_model`; by default what the folder says.

    Raises
    ------
    FileFormatError, UnsupportedModelError, TokenizerError
        If a file is missing or unsound, or model and tokenizer do not belong together.
    """
    path = Path(path)
    config = path / DESCRIPTION
    if config.is_file() and is_description(FileSource(config)):
        read = folder_reader(path)
        return load_folder(
            read,
            tokenizer=tokenizer,
            kernel=kernel,
            quantize=quantize,
            group_norm_eps=group_norm_eps,
            progress=progress,
        )
    return load_weights(
        open_tensors(path),
        path.name,
        None if tokenizer is None else load_tokenizer(tokenizer),
        kernel=kernel,
        quantize=quantize,
        group_norm_eps=group_norm_eps,
        progress=progress,
    )


def load_folder(
    read: Reader,
    *,
    tokenizer: str | None = None,
    verify: bool = True,
    weights: ByteSource | None = None,
    kernel: Kernel | None = None,
    quantize: Rounding = None,
    available: int | None = None,
    group_norm_eps: float | None = None,
    progress: Progress | None = None,
) -> LoadedModel:
    """Load a model folder through a function from a file's name to its bytes; see `load_path`."""
    folder = open_folder(read, verify=verify, weights=weights)
    description = folder.description
    chosen = load_tokenizer(tokenizer) if tokenizer else _described_tokenizer(description, read)
    kernel = kernel or load_kernel()
    bits = rounding(folder.tensors, quantize)
    if available is not None:
        require(folder.tensors, kernel, available, quantize=bits)
    eps = description.get("group_norm_eps") if group_norm_eps is None else group_norm_eps
    model = load_model(folder.tensors, kernel=kernel, quantize=bits, group_norm_eps=eps, progress=progress)
    check_vocabulary(chosen, model.config.vocab_size)
    return LoadedModel(model, chosen, description, rounded_tensors(folder.tensors, model))


def load_weights(
    tensors: TensorSource,
    name: str,
    tokenizer: Tokenizer | None = None,
    *,
    kernel: Kernel | None = None,
    quantize: Rounding = None,
    available: int | None = None,
    group_norm_eps: float | None = None,
    progress: Progress | None = None,
) -> LoadedModel:
    """Load weights that no config.json describes; without a tokenizer, the one for their vocabulary."""
    kernel = kernel or load_kernel()
    bits = rounding(tensors, quantize)
    if available is not None:
        require(tensors, kernel, available, quantize=bits)
    size = detect_config(tensors).vocab_size
    chosen = tokenizer or _tokenizer_for(size)
    check_vocabulary(chosen, size)
    model = load_model(
        tensors, kernel=kernel, quantize=bits, group_norm_eps=group_norm_eps, progress=progress
    )
    count = sum(prod(tensors.shape(tensor)) for tensor in tensors.names())
    description = {"name": name, "title": name, "parameters": count}
    return LoadedModel(model, chosen, description, rounded_tensors(tensors, model))


def rounded_tensors(tensors: TensorSource, model: Model) -> TensorSource | None:
    """The tensors as a model holds them, if it holds some in fewer bits than their file."""
    stored = {name: model.kernel.stored(matrix) for name, matrix in model.matrices.items()}
    held = {name: matrix for name, matrix in stored.items() if matrix is not None}
    fewer = any(tensors.dtype(name) != f"int{matrix.bits}" for name, matrix in held.items())
    return HeldSource(tensors, held) if fewer else None


def rounding(tensors: TensorSource, quantize: Rounding) -> Bits | None:
    """The bits that "auto" means for a model."""
    if quantize != "auto":
        return quantize
    return 8 if sum(prod(tensors.shape(name)) for name in tensors.names()) > LARGE else None


def require(tensors: TensorSource, kernel: Kernel, available: int, *, quantize: Bits | None = None) -> None:
    """Refuse a model that will not fit into `available` bytes, before any of it is read.

    Raises
    ------
    LoadError
        ``model-too-large``, with the figures.
    """
    memory = estimate(tensors, quantize=quantize, keeps_bits=kernel.name != "numpy")
    require_memory(memory, available)


def load_files(
    files: Mapping[str, ByteSource],
    *,
    tokenizer: str = "",
    verify: bool = True,
    weights: ByteSource | None = None,
    quantize: Rounding = None,
    available: int | None = None,
    kernel: Kernel | None = None,
    progress: Progress | None = None,
) -> LoadedModel:
    """Load what a visitor picked: a folder's files; or weights, alone or with their tokenizer.

    Parameters
    ----------
    weights
        A copy that was kept of the weights, named as they were; `files` are then the others.
    quantize
        Round matrices that the files hold in full to 8 or 4 bits while loading.
    available
        Bytes of memory that there are; a model that needs more is refused.

    Raises
    ------
    FileFormatError
        ``file-missing``: config.json lists a file that is not among them. ``which-file``: they
        are not one model. And all errors of `load_path`.
    LoadError
        ``model-too-large``.
    """
    if _is_folder(files):
        return load_folder(
            _reader_of(files),
            tokenizer=tokenizer or None,
            verify=verify,
            weights=weights,
            kernel=kernel,
            quantize=quantize,
            available=available,
            progress=progress,
        )
    found, vocabulary = _sort_files(files if weights is None else {**files, weights.name: weights})
    chosen = None
    if vocabulary is not None:
        chosen = load_tokenizer(vocabulary.read(0, vocabulary.size))
    elif tokenizer:
        chosen = load_tokenizer(tokenizer)
    return load_weights(
        open_tensors(found),
        found[0].name,
        chosen,
        kernel=kernel,
        quantize=quantize,
        available=available,
        progress=progress,
    )


def inspect_files(
    files: Mapping[str, ByteSource],
    *,
    quantize: Rounding = None,
    available: int | None = None,
    kernel: Kernel | None = None,
) -> dict[str, Any]:
    """Tell what is in files that a visitor picked or named, without loading them.

    Returns
    -------
    dict
        As `inspection.inspect` gives it; where `available` is given, ``problem`` also tells
        whether the model, held as `quantize` says, needs more memory than that.

    Raises
    ------
    FileFormatError, UnsupportedModelError
        As `load_files`; a model that does not run here is told in the answer instead.
    """
    if _is_folder(files):
        folder = open_folder(_reader_of(files), verify=False)
        tensors, description = folder.tensors, folder.description
    else:
        tensors, description = open_tensors(_sort_files(files)[0]), {}
    found = inspect(tensors, description)
    if available is not None and found["problem"] is None:
        try:
            require(tensors, kernel or load_kernel(), available, quantize=rounding(tensors, quantize))
        except LoadError as error:
            found["problem"] = error.to_dict()
    return found


def _is_folder(files: Mapping[str, ByteSource]) -> bool:
    """Whether a config.json of ours is among the files, or nothing but a config.json."""
    config = files.get(DESCRIPTION)
    return config is not None and (len(files) == 1 or is_description(config))


def _described_tokenizer(description: dict[str, Any], read: Reader) -> Tokenizer:
    name = description["tokenizer"].get("file")
    if name is None:
        tokenizer = load_tokenizer(description["tokenizer"]["kind"])
    else:
        source = read(name)
        tokenizer = load_tokenizer(source.read(0, source.size))
    if "end_token" in description:
        tokenizer.end_token = description["end_token"]
    return tokenizer


def _tokenizer_for(vocab_size: int) -> Tokenizer:
    name = tokenizer_for_vocabulary(vocab_size)
    if name is not None:
        return load_tokenizer(name)
    raise TokenizerError(
        f"The model has a vocabulary of {vocab_size:,} tokens, which no built-in tokenizer has.",
        code="tokenizer-needed",
        remedy="Add the model's tokenizer.json, or its vocabulary file.",
    )


def _reader_of(files: Mapping[str, ByteSource]) -> Reader:
    def read(name: str) -> ByteSource:
        if name not in files:
            raise FileFormatError(
                f"config.json names {name}, which is not among the files.",
                code="file-missing",
                remedy="Choose all files of the model folder together.",
            )
        return files[name]

    return read


def _sort_files(files: Mapping[str, ByteSource]) -> tuple[list[ByteSource], ByteSource | None]:
    """Tell weights from tokenizer: a lone file is weights; of several, .json and .txt are no weights."""
    others = [file for name, file in sorted(files.items()) if name != DESCRIPTION]
    texts = [file for file in others if file.name.endswith((".json", ".txt"))]
    weights = others if len(others) == 1 else [file for file in others if file not in texts]
    shards = all(file.name.endswith(".safetensors") for file in weights)
    if not weights or not (shards or len(weights) == 1) or len(texts) > 1:
        raise FileFormatError(
            "Those files are not one model: weights are needed, and at most one tokenizer.",
            code="which-file",
            remedy="Choose the weights (.safetensors, .pth, .gguf) and, if need be, their tokenizer.json.",
        )
    return weights, texts[0] if texts and texts != weights else None
