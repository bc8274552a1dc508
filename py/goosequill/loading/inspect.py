"""Describes a file of weights from its header: version, sizes, types, tokenizer, tensors.

Loads nothing, so that files of any size are described at once. A file whose model does not run here
is described too, with the reason.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from math import prod
from typing import Any, Literal

from goosequill.chat.choosing import describe_choice, hints
from goosequill.errors import GoosequillError, LoadError
from goosequill.kernels import Kernel, load_kernel
from goosequill.loading.load import Fit, Quantization
from goosequill.loading.opening import open_files
from goosequill.models.config import ModelConfig
from goosequill.models.detect import count_parameters, detect_config
from goosequill.models.estimate import estimate
from goosequill.tokenizers import tokenizer_for_vocabulary
from goosequill.weights import ByteSource, TensorSource

MAX_METADATA = 200
"""Longest metadata value that is returned whole, in characters."""


def inspect(
    tensors: TensorSource, description: dict[str, Any] | None = None, *, name: str = ""
) -> dict[str, Any]:
    """Describe opened weights.

    Parameters
    ----------
    description
        config.json, if the weights are those of a model folder.
    name
        Of the file or folder.

    Returns
    -------
    dict
        Plain values, ready for JSON: ``format``, ``config`` (or None) and ``problem`` (or None: the
        error because of which the model does not run here), ``tokenizer``, ``chat_format``
        (`goosequill.chat.choosing.describe_choice`), ``types`` (parameters by type), ``parameters``,
        ``tables`` (how many of them are in tables of which only rows are read), ``memory`` (peak bytes by
        quantization), ``metadata``, ``tensors`` (name, shape, type of each).
    """
    config, problem = _config(tensors)
    types: Counter[str] = Counter()
    for tensor in tensors.names():
        types[tensors.dtype(tensor)] += prod(tensors.shape(tensor))
    return {
        "format": tensors.format,
        "config": None if config is None else asdict(config),
        "problem": problem,
        "tokenizer": _tokenizer(tensors, config, description or {}),
        "chat_format": describe_choice(description or {"name": name, "metadata": hints(tensors.metadata)}),
        "types": dict(types.most_common()),
        "parameters": sum(types.values()),
        "tables": sum(types.values()) - count_parameters(tensors),
        "memory": None if config is None else _memory(tensors),
        "metadata": {key: _short(value) for key, value in tensors.metadata.items()},
        "tensors": [
            {"name": tensor, "shape": list(tensors.shape(tensor)), "type": tensors.dtype(tensor)}
            for tensor in tensors.names()
        ],
    }


def inspect_files(
    files: Mapping[str, ByteSource],
    *,
    quantize: Quantization = None,
    available: int | None = None,
    kernel: Kernel | None = None,
) -> dict[str, Any]:
    """Describe picked or downloaded files, without loading them.

    Returns
    -------
    dict
        As `inspect`. If `available` is given, ``problem`` is also set if the model, quantized as
        `quantize` says, needs more memory than that.

    Raises
    ------
    FileFormatError, UnsupportedModelError
        As `open_files`.
    """
    opened = open_files(files, verify=False)
    found = inspect(opened.tensors, opened.description, name=opened.name)
    if available is not None and found["problem"] is None:
        fit = Fit(opened.tensors, kernel or load_kernel(), available)
        try:
            fit.require(fit.bits(quantize))
        except LoadError as error:
            found["problem"] = error.to_dict()
    return found


def _config(tensors: TensorSource) -> tuple[ModelConfig | None, dict[str, str] | None]:
    try:
        return detect_config(tensors), None
    except GoosequillError as error:
        return None, error.to_dict()


def _tokenizer(tensors: TensorSource, config: ModelConfig | None, description: dict[str, Any]) -> str | None:
    """The name of the tokenizer: from config.json, the file's metadata or the size of the vocabulary."""
    described = description.get("tokenizer")
    if isinstance(described, dict):
        return str(described.get("file") or described.get("kind"))
    stored = tensors.metadata.get("tokenizer")
    if isinstance(stored, str):
        return stored
    return tokenizer_for_vocabulary(config.vocab_size) if config else None


def _memory(tensors: TensorSource) -> dict[str, int]:
    """Peak bytes by quantization."""
    forms: dict[str, Literal[8, 4] | None] = {"as stored": None, "int8": 8, "int4": 4}
    return {form: estimate(tensors, quantize=bits).peak for form, bits in forms.items()}


def _chat_format(choice: dict[str, Any] | None) -> str:
    return "invalid" if choice is None else f"{choice['title'] or choice['name']} ({choice['reason']})"


def _short(value: Any) -> Any:
    if isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = str(value)
    return text if len(text) <= MAX_METADATA else text[: MAX_METADATA - 1] + "…"


def as_text(found: dict[str, Any]) -> str:
    """What `inspect` returned, as text for a terminal."""
    lines = [f"format      {found['format']}"]
    config = found["config"]
    if config is None:
        problem = found["problem"]
        lines += [f"problem     {problem['message']}", f"            {problem['remedy']}"]
    else:
        heads = f", {config['heads']} heads of {config['head_size']}" if config["heads"] > 1 else ""
        sizes = f"{config['layers']} layers, width {config['width']}, channel mix {config['ffn_width']}"
        lines += [
            f"version     RWKV-{config['version']}",
            f"sizes       {sizes}{heads}, vocabulary {config['vocab_size']:,}",
            "memory      "
            + ", ".join(f"{size / 1e6:,.0f} MB {form}" for form, size in found["memory"].items()),
        ]
    types = ", ".join(f"{count:,} {dtype}" for dtype, count in found["types"].items())
    lines += [
        f"parameters  {found['parameters']:,} ({types})",
        f"tokenizer   {found['tokenizer'] or 'unknown'}",
        f"chat format {_chat_format(found['chat_format'])}",
    ]
    if found["tables"]:
        lines.append(f"tables      {found['tables']:,} of these parameters, of which only rows are read")
    lines += [f"metadata    {key} = {value}" for key, value in found["metadata"].items()]
    width = max((len(tensor["name"]) for tensor in found["tensors"]), default=0)
    lines += ["", f"{len(found['tensors'])} tensors"]
    for tensor in found["tensors"]:
        shape = " x ".join(map(str, tensor["shape"])) or "scalar"
        lines.append(f"  {tensor['name']:<{width}}  {tensor['type']:<5} {shape}")
    return "\n".join(lines)
