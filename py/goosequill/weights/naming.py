"""Renames the tensors of any checkpoint to the names of BlinkDL's releases.

Knows the names of Hugging Face's `transformers` (RWKV-4, and RWKV-5 and 6 derived from it), of
flash-linear-attention ("fla", RWKV-7) and of web-rwkv's `.st` files. Shapes show whether a matrix
was transposed. GGUF and rwkv.cpp files, which only one program writes, are renamed in their own modules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from math import prod

import numpy as np

from goosequill.errors import FileFormatError
from goosequill.weights.mapped import Floats, MappedSource, Part
from goosequill.weights.rows import JOINED
from goosequill.weights.source import TensorSource

LOW_RANK = re.compile(r"blocks\.\d+\.att\.([wavg][12]|time_maa_w[12]|time_decay_w[12])$")
"""Thin matrices, stored [in, out] by BlinkDL; most converters transpose them."""

_VECTOR = re.compile(r"blocks\.\d+\.(att|ffn)\.(time_mix_\w|time_maa_[a-z]|x_\w|[wav]0|k_[ka])$")
"""Vectors that BlinkDL stores as [1, 1, C]."""


def canonical_names(tensors: TensorSource) -> TensorSource:
    """Return the tensors under BlinkDL's names; the source itself if it has them already."""
    names = tensors.names()
    for matches, parts in (
        (_is_huggingface, _huggingface),
        (_is_fla, _fla),
        (_is_web_rwkv, _web_rwkv),
        (_is_wrapped, _wrapped),
        (_is_joined, _joined),
    ):
        if matches(names, tensors):
            return MappedSource(tensors, parts(names, tensors))
    return tensors


def transpose(array: Floats) -> Floats:
    """Exchange the last two axes."""
    return array.swapaxes(-1, -2)


def vector_shape(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape under which BlinkDL stores a tensor that a converter squeezed."""
    size = prod(shape)
    return (1, 1, size) if _VECTOR.match(name) and max(shape, default=0) == size else shape


def row(index: int) -> Callable[[Floats], Floats]:
    """Take one of several vectors that a converter stacked."""
    return lambda array: array.reshape(-1, array.shape[-1])[index]


def multiply(scale: np.float32) -> Callable[[Floats], Floats]:
    """Multiply the weights that a converter divided."""
    return lambda array: array * scale


def undo_decay(array: Floats) -> Floats:
    """z from exp(-exp(z)); in double precision, since the result lies close to 1."""
    with np.errstate(divide="ignore"):
        result: Floats = np.log(-np.log(array.astype(np.float64))).astype(np.float32)
    return result


def last_length(tensors: TensorSource, name: str) -> int:
    """Length of a tensor's last axis; 0 if it has none or does not exist."""
    shape = tensors.shape(name) if name in tensors.names() else ()
    return shape[-1] if shape else 0


def untransposed(name: str, shape: tuple[int, ...], width: int) -> bool:
    """Whether a low-rank matrix has BlinkDL's orientation: [C, D] for the first, [D, C] for the second."""
    return shape[0 if name.endswith("1") else -1] == width


def _plain(name: str, origin: str, tensors: TensorSource) -> Part:
    return Part(origin, vector_shape(name, tensors.shape(origin)))


def _low_rank(name: str, origin: str, width: int, tensors: TensorSource) -> Part:
    """A low-rank matrix, transposed back if its shape shows that it was transposed."""
    shape = tensors.shape(origin)
    if len(shape) < 2 or untransposed(name, shape, width):
        return Part(origin, shape)
    return Part(origin, (*shape[:-2], shape[-1], shape[-2]), transpose)


# --- Hugging Face's transformers ---------------------------------------------------------------

_HUGGINGFACE_NAMES = (
    (r"^rwkv\.", ""),
    (r"^embeddings\.", "emb."),
    (r"^blocks\.0\.pre_ln\.", "blocks.0.ln0."),
    (r"^(blocks\.\d+)\.attention\.", r"\1.att."),
    (r"^(blocks\.\d+)\.feed_forward\.", r"\1.ffn."),
    (r"\.time_mix_(key|value|receptance|gate)$", lambda match: f".time_mix_{match[1][0]}"),
)


def _is_huggingface(names: list[str], _: TensorSource) -> bool:
    return "rwkv.embeddings.weight" in names


def _huggingface(names: list[str], tensors: TensorSource) -> dict[str, Part]:
    def rename(name: str) -> str:
        for pattern, replacement in _HUGGINGFACE_NAMES:
            name = re.sub(pattern, replacement, name)
        return name

    return {rename(name): Part(name, tensors.shape(name)) for name in names}


# --- flash-linear-attention --------------------------------------------------------------------

_FLA_PARTS = {
    "attn_norm": "ln1",
    "ffn_norm": "ln2",
    "pre_norm": "ln0",
    "attn.r_proj": "att.receptance",
    "attn.k_proj": "att.key",
    "attn.v_proj": "att.value",
    "attn.o_proj": "att.output",
    "attn.g_norm": "att.ln_x",
}
_FLA_ENDS = {
    "model.embeddings.weight": "emb.weight",
    "model.norm.weight": "ln_out.weight",
    "model.norm.bias": "ln_out.bias",
    "lm_head.weight": "head.weight",
}
_FLA_LOW_RANK = {"0.weight": "1", "2.weight": "2", "2.bias": "0"}


def _is_fla(names: list[str], _: TensorSource) -> bool:
    return "model.layers.0.attn.r_proj.weight" in names


def _fla(names: list[str], tensors: TensorSource) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    width = last_length(tensors, "model.layers.0.attn.r_proj.weight")
    for origin in names:
        stacked = re.fullmatch(r"model\.layers\.(\d+)\.attn\.x_x", origin)
        length = last_length(tensors, origin)
        if stacked and prod(tensors.shape(origin)) == 6 * length:
            for index, letter in enumerate("rwkvag"):
                shape = (1, 1, length)
                parts[f"blocks.{stacked[1]}.att.x_{letter}"] = Part(origin, shape, row(index))
            continue
        name = _fla_name(origin)
        low_rank = LOW_RANK.match(name)
        parts[name] = _low_rank(name, origin, width, tensors) if low_rank else _plain(name, origin, tensors)
    return parts


def _fla_name(origin: str) -> str:
    if origin in _FLA_ENDS:
        return _FLA_ENDS[origin]
    match = re.fullmatch(r"model\.layers\.(\d+)\.(.+)", origin)
    if not match:
        return origin
    layer, rest = match[1], match[2]
    low_rank = re.fullmatch(r"attn\.([wavg])_lora\.lora\.(\d\.\w+)", rest)
    if low_rank and low_rank[2] in _FLA_LOW_RANK:
        return f"blocks.{layer}.att.{low_rank[1]}{_FLA_LOW_RANK[low_rank[2]]}"
    for theirs, ours in _FLA_PARTS.items():
        if rest.startswith(theirs + "."):
            return f"blocks.{layer}.{ours}{rest.removeprefix(theirs)}"
    return f"blocks.{layer}.{re.sub('^attn', 'att', rest)}"


# --- web-rwkv ----------------------------------------------------------------------------------


def _is_web_rwkv(names: list[str], tensors: TensorSource) -> bool:
    if "blocks.0.att.time_mix_w1" in names:
        return True
    low_rank = "blocks.0.att.w1"
    if low_rank in names and "emb.weight" in names:
        shape, width = tensors.shape(low_rank), last_length(tensors, "emb.weight")
        return len(shape) == 2 and not untransposed(low_rank, shape, width)
    # web-rwkv's RWKV-5 files differ from BlinkDL's in one name only. In BlinkDL's oldest files, the tensor
    # of that name is the logarithm of the bonus; those were never published as safetensors in 16 bits.
    heads = "blocks.0.att.time_first" in names and "blocks.0.att.gate.weight" in names
    return heads and tensors.format == "safetensors" and {tensors.dtype(name) for name in names} == {"F16"}


def _web_rwkv(names: list[str], tensors: TensorSource) -> dict[str, Part]:
    dynamic = "blocks.0.att.time_mix_w1" in names
    width = last_length(tensors, "emb.weight")
    parts: dict[str, Part] = {}
    for origin in names:
        name = origin.replace(".time_mix_", ".time_maa_") if dynamic else origin
        if "blocks.0.att.ln_x.weight" in names:
            name = name.replace(".time_first", ".time_faaaa")
        low_rank = LOW_RANK.match(name)
        parts[name] = _low_rank(name, origin, width, tensors) if low_rank else _plain(name, origin, tensors)
    return parts


# --- wrapped by a training program -------------------------------------------------------------

_WRAPPERS = ("model.", "module.", "_forward_module.", "state_dict.")


def _wrapper(names: Iterable[str]) -> str | None:
    known = set(names)
    return next((prefix for prefix in _WRAPPERS if prefix + "emb.weight" in known), None)


def _is_wrapped(names: list[str], _: TensorSource) -> bool:
    return _wrapper(names) is not None


def _wrapped(names: list[str], tensors: TensorSource) -> dict[str, Part]:
    prefix = _wrapper(names) or ""
    return {name.removeprefix(prefix): Part(name, tensors.shape(name)) for name in names}


# --- RWKV-7a's tables in one, as `convert` writes them -------------------------------------------


def _is_joined(names: list[str], tensors: TensorSource) -> bool:
    return JOINED in names and len(tensors.shape(JOINED)) == 2


def _joined(names: list[str], tensors: TensorSource) -> dict[str, Part]:
    """The tables of all layers, which have the same number of columns."""
    parts = {name: Part(name, tensors.shape(name)) for name in names if name != JOINED}
    layers = sum(name.endswith(".ffn.s_emb_x.weight") for name in names)
    rows, columns = tensors.shape(JOINED)
    if not layers or columns % layers:
        raise FileFormatError(
            f"The tensor {JOINED!r} has {columns} columns, which does not match {layers} layers.",
            code="tensor-shape",
        )
    each = columns // layers
    for layer in range(layers):
        where = (layer * each, (layer + 1) * each)
        parts[f"blocks.{layer}.ffn.s_emb.weight"] = Part(JOINED, (rows, each), columns=where)
    return parts
