"""Small random checkpoints with the official names, for tests to compare implementations on."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from goosequill.weights import BytesSource, QuantizedMatrix, TensorSource, open_tensors
from goosequill.weights.formats.safetensors import encode

Tensors = dict[str, NDArray[np.float32]]


def source_of(tensors: Mapping[str, NDArray[np.generic] | QuantizedMatrix]) -> TensorSource:
    """The tensors as a file of safetensors has them."""
    return open_tensors(BytesSource(b"".join(encode(tensors.items()))))


class _Draw:
    """Random tensors of a sensible scale, so that activations stay near 1."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def matrix(self, rows: int, columns: int, scale: float = 1.0) -> NDArray[np.float32]:
        return (self._rng.standard_normal((rows, columns)) * scale / columns**0.5).astype(np.float32)

    def vector(self, *shape: int, mean: float = 0.0, scale: float = 1.0) -> NDArray[np.float32]:
        return (mean + scale * self._rng.standard_normal(shape)).astype(np.float32)

    def share(self, *shape: int) -> NDArray[np.float32]:
        return self._rng.random(shape).astype(np.float32)

    def norm(self, tensors: Tensors, name: str, width: int) -> None:
        tensors[f"{name}.weight"] = self.vector(width, mean=1.0, scale=0.1)
        tensors[f"{name}.bias"] = self.vector(width, scale=0.1)


def _frame(draw: _Draw, layers: int, width: int, vocab: int) -> Tensors:
    """What all versions share."""
    tensors: Tensors = {"emb.weight": draw.vector(vocab, width)}
    draw.norm(tensors, "blocks.0.ln0", width)
    for layer in range(layers):
        draw.norm(tensors, f"blocks.{layer}.ln1", width)
        draw.norm(tensors, f"blocks.{layer}.ln2", width)
    draw.norm(tensors, "ln_out", width)
    tensors["head.weight"] = draw.matrix(vocab, width)
    return tensors


def rwkv4(*, layers: int = 3, width: int = 64, ffn: int = 128, vocab: int = 50, seed: int = 0) -> Tensors:
    """An RWKV-4 checkpoint."""
    draw = _Draw(seed)
    tensors = _frame(draw, layers, width, vocab)
    for layer in range(layers):
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        tensors[at + "time_decay"] = draw.vector(width, mean=-2.0)
        tensors[at + "time_first"] = draw.vector(width)
        for name in ("key", "value", "receptance", "output"):
            tensors[at + name + ".weight"] = draw.matrix(width, width)
        for name in "kvr":
            tensors[at + "time_mix_" + name] = draw.share(1, 1, width)
        for name in "kr":
            tensors[ff + "time_mix_" + name] = draw.share(1, 1, width)
        tensors[ff + "key.weight"] = draw.matrix(ffn, width)
        tensors[ff + "receptance.weight"] = draw.matrix(width, width)
        tensors[ff + "value.weight"] = draw.matrix(width, ffn)
    return tensors


def _heads_frame(draw: _Draw, tensors: Tensors, layer: int, width: int, ffn: int) -> None:
    """What versions 5 and 6 share in a layer."""
    at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
    for name in ("receptance", "key", "value", "output"):
        tensors[at + name + ".weight"] = draw.matrix(width, width)
    draw.norm(tensors, at + "ln_x", width)
    tensors[ff + "key.weight"] = draw.matrix(ffn, width)
    tensors[ff + "receptance.weight"] = draw.matrix(width, width)
    tensors[ff + "value.weight"] = draw.matrix(width, ffn)


def rwkv5(
    *,
    revision: int = 2,
    bonus: str = "time_faaaa",
    layers: int = 3,
    width: int = 64,
    heads: int = 4,
    ffn: int = 128,
    vocab: int = 50,
    seed: int = 0,
) -> Tensors:
    """An RWKV-5.0, 5.1 or 5.2 checkpoint."""
    draw = _Draw(seed)
    tensors = _frame(draw, layers, width, vocab)
    each = (heads, width // heads) if revision == 2 else (heads,)
    for layer in range(layers):
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        _heads_frame(draw, tensors, layer, width, ffn)
        tensors[at + "time_decay"] = draw.vector(*each, mean=-2.0)
        tensors[at + bonus] = draw.vector(*each)
        for name in "kvrg" if revision else "kvr":
            tensors[at + "time_mix_" + name] = draw.share(1, 1, width)
        if revision:
            tensors[at + "gate.weight"] = draw.matrix(width, width)
        for name in "kr":
            tensors[ff + "time_mix_" + name] = draw.share(1, 1, width)
    return tensors


def rwkv6(
    *, layers: int = 3, width: int = 64, heads: int = 4, ffn: int = 128, vocab: int = 50, seed: int = 0
) -> Tensors:
    """An RWKV-6 checkpoint."""
    draw = _Draw(seed)
    tensors = _frame(draw, layers, width, vocab)
    shift, rank = 6, 10
    for layer in range(layers):
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        _heads_frame(draw, tensors, layer, width, ffn)
        for name in "xwkvrg":
            tensors[at + "time_maa_" + name] = draw.share(1, 1, width)
        tensors[at + "time_maa_w1"] = draw.matrix(width, 5 * shift, scale=(5 * shift / width) ** 0.5)
        tensors[at + "time_maa_w2"] = draw.vector(5, shift, width, scale=0.3)
        tensors[at + "time_decay"] = draw.vector(1, 1, width, mean=-2.0)
        tensors[at + "time_decay_w1"] = draw.matrix(width, rank, scale=(rank / width) ** 0.5)
        tensors[at + "time_decay_w2"] = draw.matrix(rank, width, scale=(width / rank) ** 0.5)
        tensors[at + "time_faaaa"] = draw.vector(heads, width // heads)
        tensors[at + "gate.weight"] = draw.matrix(width, width)
        for name in "kr":
            tensors[ff + "time_maa_" + name] = draw.share(1, 1, width)
    return tensors


def rwkv7(*, layers: int = 3, width: int = 128, ffn: int = 256, vocab: int = 50, seed: int = 0) -> Tensors:
    """An RWKV-7 checkpoint with heads of 64."""
    draw = _Draw(seed)
    tensors = _frame(draw, layers, width, vocab)
    ranks = {"w": 16, "a": 16, "v": 8, "g": 32}
    for layer in range(layers):
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        for name in "rwkvag":
            tensors[at + "x_" + name] = draw.share(1, 1, width)
        for name, rank in ranks.items():
            if name != "g":
                tensors[at + name + "0"] = draw.vector(1, 1, width)
            tensors[at + name + "1"] = draw.matrix(width, rank, scale=(rank / width) ** 0.5)
            tensors[at + name + "2"] = draw.matrix(rank, width, scale=(width / rank) ** 0.5)
        tensors[at + "k_k"] = draw.vector(1, 1, width)
        tensors[at + "k_a"] = draw.share(1, 1, width)
        tensors[at + "r_k"] = draw.vector(width // 64, 64, scale=0.3)
        for name in ("receptance", "key", "value", "output"):
            tensors[at + name + ".weight"] = draw.matrix(width, width)
        draw.norm(tensors, at + "ln_x", width)
        tensors[ff + "x_k"] = draw.share(1, 1, width)
        tensors[ff + "key.weight"] = draw.matrix(ffn, width)
        tensors[ff + "value.weight"] = draw.matrix(width, ffn)
    return tensors


def rwkv7a(
    *, layers: int = 3, width: int = 128, ffn: int = 256, vocab: int = 50, rank: int = 32, seed: int = 0
) -> Tensors:
    """An RWKV-7a checkpoint: RWKV-7 with DeepEmbed."""
    draw = _Draw(seed + 1)
    tensors = rwkv7(layers=layers, width=width, ffn=ffn, vocab=vocab, seed=seed)
    for layer in range(layers):
        ff = f"blocks.{layer}.ffn."
        tensors[ff + "s_emb.weight"] = draw.vector(vocab, rank * rank, scale=0.2)
        tensors[ff + "s_emb_x.weight"] = draw.matrix(rank * rank, width, scale=0.2)
        tensors[ff + "s1"] = draw.matrix(width, rank, scale=(rank / width) ** 0.5)
        tensors[ff + "s2"] = draw.matrix(rank, ffn, scale=(ffn / rank) ** 0.5)
        tensors[ff + "s0"] = draw.vector(1, 1, ffn, mean=1.0, scale=0.3)
    return tensors


MAKERS: dict[str, Callable[..., Tensors]] = {
    "4": rwkv4,
    "5.0": partial(rwkv5, revision=0, bonus="time_first"),
    "5.1": partial(rwkv5, revision=1),
    "5.2": rwkv5,
    "6": rwkv6,
    "7": rwkv7,
    "7a": rwkv7a,
}
"""Version -> maker of a small checkpoint."""
