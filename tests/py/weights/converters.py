"""Writes checkpoints as other programs do, for the readers to restore.

Each function does to BlinkDL's tensors what the converter of its program does, written from the
formats' descriptions; `gguf`'s own writer and quantizer make the GGUF files.
"""

import re
import struct
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType, quants

from tests.py.checkpoints import Tensors

RWKV_CPP_TYPES = {
    "F32": 0,
    "F16": 1,
    "Q4_0": 2,
    "Q4_1": 3,
    "Q4_1_O": 4,
    "Q4_2": 5,
    "Q4_3": 6,
    "Q5_0": 7,
    "Q5_1": 8,
    "Q8_0": 9,
}


def is_matrix(name: str, array: np.ndarray) -> bool:
    """Whether converters quantize a tensor."""
    return array.ndim == 2 and name.endswith(".weight")


def blocks_of(name: str, array: np.ndarray, dtype: str) -> np.ndarray:
    """A matrix in the bytes of a quantized type: by `gguf`, or for the K types any blocks at all."""
    kind = GGMLQuantizationType[dtype]
    if not dtype.endswith("_K"):
        return quants.quantize(array, kind)
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    rng = np.random.default_rng(len(name))
    blocks = rng.integers(0, 256, (array.shape[0], array.shape[1] // elements, size), dtype=np.uint8)
    blocks.reshape(-1, size)[:, _SCALES[dtype]] = np.frombuffer(np.float16(1e-3).tobytes() * 2, np.uint8)[
        : len(_SCALES[dtype])
    ]
    return blocks.reshape(array.shape[0], -1)


_SCALES = {
    "Q2_K": [80, 81, 82, 83],
    "Q3_K": [108, 109],
    "Q4_K": [0, 1, 2, 3],
    "Q5_K": [0, 1, 2, 3],
    "Q6_K": [208, 209],
}
"""Where the float16 scales of a K block lie."""


def web_rwkv(tensors: Tensors, *, dynamic: bool) -> Tensors:
    """web-rwkv's names (`dynamic`: RWKV-6's are changed too), low-rank matrices transposed, in 16 bits."""
    found: Tensors = {}
    for name, array in tensors.items():
        if re.search(r"\.([wavg][12]|time_maa_w[12]|time_decay_w[12])$", name):
            array = array.swapaxes(-1, -2)
        name = name.replace("time_faaaa", "time_first")
        if dynamic:
            name = name.replace("time_maa", "time_mix")
        found[name] = np.ascontiguousarray(array.astype(np.float16))
    return found


def old_blocks(array: np.ndarray, dtype: str) -> tuple[bytes, np.ndarray]:
    """A matrix in a type of before May 2023, block by block, and what its elements then are."""
    size = 16 if dtype in ("Q4_2", "Q4_3") else 32
    data, values = b"", []
    for block in array.reshape(-1, size).tolist():
        packed, restored = _old_block(block, dtype)
        data += packed
        values += restored
    return data, np.array(values, np.float32).reshape(array.shape)


def _old_block(block: list[float], dtype: str) -> tuple[bytes, list[float]]:
    bits = int(dtype[1])
    outlier = max(range(len(block)), key=lambda place: abs(block[place])) if dtype == "Q4_1_O" else -1
    rest = [value for place, value in enumerate(block) if place != outlier]
    signed = dtype in ("Q4_0", "Q4_2", "Q5_0", "Q8_0")
    number = "<f" if dtype in ("Q4_0", "Q4_1", "Q8_0") else "<e"
    least = 0.0 if signed else _rounded(min(rest), number)
    step = max(map(abs, rest)) / (2 ** (bits - 1) - 1) if signed else (max(rest) - least) / (2**bits - 1)
    step = _rounded(step, number)
    middle = 2 ** (bits - 1) if signed else 0
    found = [min(2**bits - 1, max(0, round((value - least) / step) + middle)) for value in block]
    restored = [(element - middle) * step + least for element in found]
    data = struct.pack(number, step) + (b"" if signed else struct.pack(number, least))
    if outlier >= 0:
        restored[outlier] = _rounded(block[outlier], "<e")
        data += struct.pack("<He", outlier, restored[outlier])
    if bits == 5:
        data += sum((element >> 4) << place for place, element in enumerate(found)).to_bytes(4, "little")
    if bits == 8:
        return data + bytes((element - middle) % 256 for element in found), restored
    pairs = zip(found[::2], found[1::2], strict=True)
    return data + bytes((even & 15) | (odd & 15) << 4 for even, odd in pairs), restored


def _rounded(value: float, number: str) -> float:
    return float(struct.unpack(number, struct.pack(number, value))[0])


def rwkv_cpp(tensors: Tensors, dtype: str = "F32", *, version: int = 101) -> bytes:
    """rwkv.cpp's file: its converter's changes, then its quantizer's."""
    vocab, width = tensors["emb.weight"].shape
    parts = [struct.pack("<6i", 0x67676D66, version, vocab, width, 1, RWKV_CPP_TYPES[dtype])]
    for name, array in _for_rwkv_cpp(tensors).items():
        kind = dtype if is_matrix(name, array) else "F32"
        if version == 100 and kind.startswith("Q"):
            data, _ = old_blocks(array, kind)
        else:
            data = quants.quantize(np.ascontiguousarray(array), GGMLQuantizationType[kind]).tobytes()
        key = name.encode()
        parts.append(struct.pack("<3i", array.ndim, len(key), RWKV_CPP_TYPES[kind]))
        parts.append(struct.pack(f"<{array.ndim}i", *array.shape[::-1]) + key + data)
    return b"".join(parts)


def _for_rwkv_cpp(tensors: Tensors) -> Tensors:
    version5 = "blocks.0.att.ln_x.weight" in tensors and "blocks.0.att.r_k" not in tensors
    version6 = "blocks.0.att.time_maa_x" in tensors
    found: Tensors = {}
    for name, array in tensors.items():
        if ".time_" in name:
            array = array.squeeze()
        if re.search(r"\.([wavg][12]|time_maa_w[12]|time_decay_w[12])$", name):
            array = array.swapaxes(-1, -2)
        elif name.endswith(".time_faaaa"):
            array = array[..., None]
        elif version5 and not version6 and name.endswith((".time_decay", ".time_first")):
            array = np.exp(-np.exp(array)) if name.endswith("decay") else np.exp(array)
            gated = "blocks.0.att.gate.weight" in tensors
            array = array[..., None] if gated and name.endswith("decay") else array.reshape(-1, 1, 1)
        elif not version5 and name.endswith(".time_decay"):
            array = -np.exp(array)
        match = re.match(r"(blocks\.\d+\.att\.x_)([rwkvag])$", name)
        if not match:
            found[name] = array
        elif match[2] == "r":
            found[match[1] + "rwkvag"] = np.stack([tensors[match[1] + letter].ravel() for letter in "rwkvag"])
    return found


_GGUF_NAMES = {
    "emb.weight": "token_embd.weight",
    "blocks.0.ln0.weight": "token_embd_norm.weight",
    "blocks.0.ln0.bias": "token_embd_norm.bias",
    "ln_out.weight": "output_norm.weight",
    "ln_out.bias": "output_norm.bias",
    "head.weight": "output.weight",
}


def _gguf_name(name: str) -> str:
    if name in _GGUF_NAMES:
        return _GGUF_NAMES[name]
    _, layer, rest = name.split(".", 2)
    for ours, theirs in (
        ("ln1", "attn_norm"),
        ("ln2", "attn_norm_2"),
        ("att.ln_x", "time_mix_ln"),
        ("att.time_faaaa", "time_mix_first"),
        ("att.time_maa_w", "time_mix_w"),
        ("att.time_maa_", "time_mix_lerp_"),
        ("ffn.time_maa_", "channel_mix_lerp_"),
        ("att.time_", "time_mix_"),
        ("ffn.x_k", "channel_mix_lerp_k"),
        ("att.", "time_mix_"),
        ("ffn.", "channel_mix_"),
    ):
        if rest.startswith(ours) and not (ours == "att.time_maa_w" and rest == ours):
            rest = theirs + rest.removeprefix(ours)
            break
    return f"blk.{layer}.{rest}" + ("" if rest.endswith((".weight", ".bias")) else ".weight")


def _for_gguf(tensors: Tensors, version: str, rescale_every: int) -> Tensors:
    fused = ("time_maa_", "wkvrg") if version == "6" else ("x_", "rwkvag")
    found: Tensors = {}
    for name, array in tensors.items():
        layer = int(name.split(".")[1]) if name.startswith("blocks.") else 0
        match = re.match(rf"blocks\.\d+\.att\.{fused[0]}([{fused[1]}])$", name)
        if match:
            prefix = name[:-1]
            if match[1] == fused[1][0]:
                stack = np.stack([tensors[prefix + letter].reshape(1, 1, -1) for letter in fused[1]])
                found[f"blk.{layer}.time_mix_lerp_fused.weight"] = stack
            continue
        if re.search(r"\.([wavg][12]|time_maa_w[12]|time_decay_w[12])$", name):
            array = array.swapaxes(-1, -2)
        elif not name.endswith(".time_faaaa"):
            array = array.squeeze()
        if rescale_every and name.endswith((".att.output.weight", ".ffn.value.weight")):
            array = array / np.float32(2 ** (layer // rescale_every))
        if re.match(r"blocks\.0\.att\.v[012]$", name):  # The converter puts copies of others there.
            array = np.ones_like(array)
        found[_gguf_name(name)] = array.ravel() if name.endswith(".r_k") else array
    return found


def write_gguf(
    path: Path, tensors: Tensors, version: str, dtype: str = "F32", *, rescale_every: int = 0
) -> Path:
    """llama.cpp's file of an RWKV-6 or RWKV-7 checkpoint."""
    writer = gguf.GGUFWriter(path, f"rwkv{version}")
    bonus = tensors["blocks.0.att.time_faaaa" if version == "6" else "blocks.0.att.r_k"]
    writer.add_wkv_head_size(bonus.shape[1])
    writer.add_embedding_length(tensors["emb.weight"].shape[1])
    writer.add_layer_norm_eps(1e-5)
    if rescale_every:
        writer.add_rescale_every_n_layers(rescale_every)
    writer.add_tokenizer_model("rwkv")
    writer.add_token_list([b"<s>", b"a", b"\\xff"])
    writer.add_token_types([3, 1, 1])
    for name, array in _for_gguf(tensors, version, rescale_every).items():
        array = np.ascontiguousarray(array)
        if array.ndim == 2 and not re.search(r"time_mix_(\w\d|decay_\w\d|first)\.weight$", name):
            kind = GGMLQuantizationType[dtype]
            writer.add_tensor(name, blocks_of(name, array, dtype), raw_dtype=kind)
        else:
            writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
