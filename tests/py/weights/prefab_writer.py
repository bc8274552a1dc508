"""Writes `.prefab` files as web-rwkv does, from its published sources, for the reader to restore.

Structure and names are those of `Model` in src/runtime/v4.rs to v7.rs; values, what `load_*` in
src/runtime/loader.rs does to a tensor; blocks, what src/shaders/quant_mat_int8.wgsl and
quant_mat_nf4.wgsl compute; bytes, what cbor4ii makes of serde's calls.
"""

import re
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tests.py.checkpoints import Tensors

Quant = Literal["Fp16", "Int8", "NF4"]

# Dettmers and others, "QLoRA" (2023), appendix E.
NF4 = np.array(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ],
    np.float32,
)


def cbor(value: Any) -> bytes:
    """Encode maps, arrays, texts, byte strings, numbers from 0 on and None."""
    if value is None:
        return b"\xf6"
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(key) + cbor(inner) for key, inner in value.items())
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    return head(0, value)


def head(kind: int, number: int) -> bytes:
    """The first bytes of a value."""
    if number < 24:
        return bytes([kind << 5 | number])
    width = next(width for width in range(4) if number < 1 << (8 << width))
    return bytes([kind << 5 | 24 + width]) + number.to_bytes(1 << width, "big")


def blob(array: NDArray[Any]) -> dict[str, Any]:
    """A tensor: four axes, the fastest first, and its bytes."""
    shape = [*array.shape[::-1], 1, 1, 1][:4]
    return {"shape": shape, "data": array.astype(array.dtype.newbyteorder("<")).tobytes()}


def vector(array: NDArray[Any], dtype: str = "f2") -> dict[str, Any]:
    return blob(array.reshape(-1).astype(dtype))


def int8(array: NDArray[np.float16]) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """A matrix in blocks of 128, and what its weights then are."""
    blocks = array.astype(np.float32).reshape(-1, 128)
    bounds = np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1).astype(np.float16)
    low, high = bounds.astype(np.float32).T[:, :, None]
    values = np.rint(np.clip((blocks - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    restored = low + values / np.float32(255) * (high - low)
    found = {"w": blob(values.reshape(array.shape)), "m": blob(bounds.reshape(-1))}
    return found, restored.reshape(array.shape)


def nf4(array: NDArray[np.float16], table: NDArray[np.float32]) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """A matrix in blocks of 64, and what its weights then are."""
    blocks = array.astype(np.float32).reshape(-1, 64)
    largest = np.abs(blocks).max(axis=1).astype(np.float16)
    scale = largest.astype(np.float32)[:, None]
    values = np.abs(blocks[..., None] / scale[..., None] - table).argmin(axis=-1).astype(np.uint8)
    flat = values.reshape(-1)
    packed = (flat[0::2] | flat[1::2] << 4).reshape(array.shape[0], -1)
    found = {"q": blob(table), "w": blob(packed), "m": blob(largest)}
    return found, (table[values] * scale).reshape(array.shape)


def padded(array: NDArray[Any]) -> NDArray[Any]:
    """Rows and columns up to multiples of 8, as for the embedding and the head."""
    return np.pad(array, [(0, -size % 8) for size in array.shape])


class Writer:
    """Writes one file.

    Attributes
    ----------
    restored
        The tensors as a reader should find them: rounded and quantized, with all else undone.
    """

    def __init__(
        self,
        tensors: Tensors,
        version: str,
        quant: Quant = "Fp16",
        *,
        rescale: int = 6,
        layout: Literal["new", "old"] = "new",
        table: NDArray[np.float32] = NF4,
        variant: str | None = None,
    ) -> None:
        self.restored: Tensors = {}
        self._tensors, self._version, self._quant = tensors, version, quant
        self._rescale, self._old, self._table = rescale, layout == "old", table
        self._variant: str | int = variant or (0 if quant == "Fp16" and self._old else quant)

    def file(self) -> bytes:
        """The file."""
        return cbor(self.tree())

    def tree(self) -> dict[str, Any]:
        """The file before it is encoded."""
        layers = 1 + max(int(name.split(".")[1]) for name in self._tensors if name.startswith("blocks."))
        vocab, width = self._tensors["emb.weight"].shape
        heads = {"4": lambda: 1, "7": lambda: len(self._tensors["blocks.0.att.r_k"])}.get(
            self._version, lambda: len(self._tensors["blocks.0.att.time_faaaa"])
        )()
        info = {
            "version": f"V{self._version[0]}",
            "num_layer": layers,
            "num_emb": width,
            "num_hidden": len(self._tensors["blocks.0.ffn.key.weight"]),
            "num_vocab": vocab,
            "num_head": heads,
        }
        info |= {"time_mix_adapter_size": 6} if self._old else {"custom": {"V7": {"w": 16}}}
        tensor = {
            "embed": self._norm("blocks.0.ln0", inside={}) | {"w": self._embedding(), "u": None},
            "head": self._norm("ln_out", inside={}) | {"w": {"Fp16": self._head()}},
            "layers": [self._layer(number) for number in range(layers)],
        }
        found: dict[str, Any] = {"context": None, "info": info}
        if not self._old:
            found |= {"rescale": self._rescale, "sep": 1024}
        return found | {"tensor": tensor}

    def _half(self, name: str) -> NDArray[np.float16]:
        """A tensor in 16 bits."""
        half = self._tensors[name].astype(np.float16)
        self.restored[name] = half.astype(np.float32)
        return half

    def _embedding(self) -> dict[str, Any]:
        return blob(padded(self._half("emb.weight")))

    def _head(self) -> dict[str, Any]:
        half = self._half("head.weight")
        return blob(half if self._old else padded(half))

    def _norm(self, name: str, inside: dict[str, Any], key: str = "ln", heads: int = 1) -> dict[str, Any]:
        parts = {
            short: blob(self._half(f"{name}.{long}").reshape(heads, -1))
            for short, long in (("w", "weight"), ("b", "bias"))
        }
        return inside | {self._key(key): parts}

    def _key(self, key: str) -> str:
        if self._version == "7" and not self._old:
            return key
        return key.replace("ln", "layer_norm").replace("gn", "group_norm")

    def _vector(self, name: str) -> dict[str, Any]:
        return vector(self._half(name))

    def _thin(self, name: str) -> dict[str, Any]:
        """A low-rank matrix, transposed."""
        return {"Fp16": blob(np.ascontiguousarray(self._half(name).swapaxes(-1, -2)))}

    def _matrix(self, name: str, discount: int = 0) -> dict[Any, Any]:
        divisor = np.float32(2.0**discount)
        half = (self._tensors[name].astype(np.float16).astype(np.float32) / divisor).astype(np.float16)
        if self._quant == "Fp16":
            found, values = blob(half), half.astype(np.float32)
        else:
            found, values = int8(half) if self._quant == "Int8" else nf4(half, self._table)
        self.restored[name] = values * divisor
        return {self._variant: found}

    def _decay(self, name: str) -> dict[str, Any]:
        array = self._tensors[name].astype(np.float16).astype(np.float32)
        self.restored[name] = array
        return vector(-np.exp(array) if self._version == "4" else np.exp(-np.exp(array)), "f4")

    def _bonus(self, name: str) -> dict[str, Any]:
        return vector(self._half(name).astype(np.float32), "f4")

    def _layer(self, number: int) -> dict[str, Any]:
        block = f"blocks.{number}."
        att, ffn = block + "att.", block + "ffn."
        discount = number // self._rescale
        parts = {"4": self._att4, "5.2": self._att5, "6": self._att6, "7": self._att7}
        time = parts[self._version](att)
        for short, long in (
            ("k", "key"),
            ("v", "value"),
            ("r", "receptance"),
            ("g", "gate"),
            ("o", "output"),
        ):
            if f"{att}{long}.weight" in self._tensors:
                time[f"w_{short}"] = self._matrix(f"{att}{long}.weight", discount if short == "o" else 0)
        if self._version != "4":
            heads = self._tensors[att + ("r_k" if self._version == "7" else "time_faaaa")].shape[0]
            time = self._norm(att + "ln_x", time, "gn", heads)
        mixed: dict[str, Any] = {}
        for name in self._tensors:
            if match := re.fullmatch(re.escape(ffn) + r"(time_mix_|time_maa_|x_)(\w)", name):
                mixed[match[1].replace("maa", "mix") + match[2]] = self._vector(name)
        for short, long in (("k", "key"), ("v", "value"), ("r", "receptance")):
            if f"{ffn}{long}.weight" in self._tensors:
                mixed[f"w_{short}"] = self._matrix(f"{ffn}{long}.weight", discount if short == "v" else 0)
        inside = self._norm(block + "ln1", {}, "att_ln")
        inside = self._norm(block + "ln2", inside, "ffn_ln")
        return inside | {"att": time, "ffn": mixed}

    def _att4(self, att: str) -> dict[str, Any]:
        time = {"time_decay": self._decay(att + "time_decay"), "time_first": self._bonus(att + "time_first")}
        return time | {f"time_mix_{letter}": self._vector(f"{att}time_mix_{letter}") for letter in "kvr"}

    def _att5(self, att: str) -> dict[str, Any]:
        time = {"time_decay": self._decay(att + "time_decay"), "time_first": self._bonus(att + "time_faaaa")}
        return time | {f"time_mix_{letter}": self._vector(f"{att}time_mix_{letter}") for letter in "kvrg"}

    def _att6(self, att: str) -> dict[str, Any]:
        time = {"time_decay": self._vector(att + "time_decay"), "time_first": self._bonus(att + "time_faaaa")}
        time["time_mix_x"] = self._vector(att + "time_maa_x")
        if self._old:  # early versions
            time |= {f"time_mix_{letter}": self._vector(f"{att}time_maa_{letter}") for letter in "wkvrg"}
        else:
            stacked = [self._half(f"{att}time_maa_{letter}").reshape(1, -1) for letter in "wkvrg"]
            time["time_mix"] = blob(np.stack(stacked))
        for name in ("time_decay_w1", "time_decay_w2", "time_maa_w1", "time_maa_w2"):
            time[name.replace("maa", "mix")] = self._thin(att + name)
        return time

    def _att7(self, att: str) -> dict[str, Any]:
        time: dict[str, Any] = {f"x_{letter}": self._vector(f"{att}x_{letter}") for letter in "rwkvag"}
        first = att.startswith("blocks.0.")
        for letter in "wav":
            # Layer 0 has no use for the value's; a's are there in their place.
            time[letter + "0"] = self._vector(att + ("a" if first and letter == "v" else letter) + "0")
        for letter in "wagv":
            for place in "12":
                origin = "a" if first and letter == "v" else letter
                time[letter + place] = self._thin(att + origin + place)
        time["r_k"] = blob(self._half(att + "r_k"))
        return time | {name: self._vector(att + name) for name in ("k_k", "k_a")}


def prefab(tensors: Tensors, version: str, quant: Quant = "Fp16") -> bytes:
    """A file of a checkpoint."""
    return Writer(tensors, version, quant).file()
