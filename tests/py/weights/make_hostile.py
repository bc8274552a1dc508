"""Makes the corpus of hostile files: ``python -m tests.py.weights.make_hostile`` in the project's root.

Each is one attack on a reader, as small as it can be; ``expected.json`` says with which code it is
refused. The tests use the committed files; this says what is in them.
"""

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.py.weights.prefab_writer import cbor

CORPUS = Path(__file__).parents[2] / "data" / "hostile"
F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def safetensors(header: object, body: bytes = b"\0" * 8, *, length: int | None = None) -> bytes:
    """A file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def header_attacks() -> Iterator[tuple[str, str, bytes]]:
    """Safetensors: (name, code, file)."""
    bad, cut, unknown = "safetensors-header", "file-truncated", "unknown-format"
    yield "empty", cut, b""
    yield "eight-bytes", unknown, b"\0" * 8
    yield "header-of-2-to-63", bad, safetensors(b"{}", length=2**63)
    yield "header-of-100-mb", bad, safetensors(b"{}", length=100_000_001)
    yield "header-longer-than-the-file", cut, safetensors(b"{}", length=500)
    yield "header-that-is-not-json", bad, safetensors(b"{not json")
    yield "header-that-is-not-utf-8", bad, safetensors(b'{"\xff": 1}')
    yield "header-of-deep-lists", bad, safetensors(b'{"a":' + b"[" * 20_000)
    yield "header-with-a-number-of-five-thousand-digits", bad, safetensors(b'{"a":' + b"9" * 5_000 + b"}")
    yield "a-name-twice", bad, safetensors(b'{"a":1,"a":2}')
    yield "a-tensor-that-is-a-number", bad, safetensors({"a": 3})
    yield "a-tensor-without-shape", bad, safetensors({"a": {"dtype": "F32"}})
    yield "an-unknown-type", bad, safetensors({"a": {**F32, "dtype": "F33"}})
    yield "a-type-that-is-a-list", bad, safetensors({"a": {**F32, "dtype": ["F32"]}})
    yield "a-negative-shape", bad, safetensors({"a": {**F32, "shape": [-2]}})
    yield "a-shape-of-2-to-63", bad, safetensors({"a": {**F32, "shape": [2**63, 2**63]}})
    yield "a-shape-that-overflows-to-fit", bad, safetensors({"a": {**F32, "shape": [2**62 + 2, 4]}})
    yield "a-shape-of-a-thousand-axes", bad, safetensors({"a": {**F32, "shape": [2**62] * 1000}})
    yield "a-shape-of-fractions", bad, safetensors({"a": {**F32, "shape": [2.0]}})
    yield "a-shape-of-booleans", bad, safetensors({"a": {**F32, "shape": [True, 2]}})
    empty = {"dtype": "F32", "shape": [0, 2**62, 2**62], "data_offsets": [0, 0]}
    yield "an-empty-axis-beside-two-of-2-to-62", bad, safetensors({"a": empty}, b"")
    yield "offsets-backwards", bad, safetensors({"a": {**F32, "data_offsets": [8, 0]}})
    yield "offsets-of-one", bad, safetensors({"a": {**F32, "data_offsets": [0]}})
    yield (
        "tensors-that-overlap",
        bad,
        safetensors({"a": F32, "b": {**F32, "data_offsets": [4, 12]}}, b"\0" * 12),
    )
    yield "a-hole", bad, safetensors({"a": F32, "b": {**F32, "data_offsets": [12, 20]}}, b"\0" * 20)
    yield "trailing-bytes", bad, safetensors({"a": F32}, b"\0" * 9)
    yield "missing-bytes", cut, safetensors({"a": F32}, b"\0" * 7)
    yield "metadata-that-is-a-number", bad, safetensors({"__metadata__": 3, "a": F32})
    small = {"dtype": "I8", "shape": [2, 4], "data_offsets": [0, 8]}
    yield "quantized-without-scales", bad, safetensors({"a": small})
    scales = {"dtype": "F32", "shape": [3], "data_offsets": [8, 20]}
    yield "quantized-with-wrong-scales", bad, safetensors({"a": small, "a.scale": scales}, b"\0" * 20)
    yield "no-model", "not-a-model", safetensors({"a": F32})
    names = ("emb.weight", "blocks.0.ffn.key.weight", "head.weight", "blocks.0.ln1.weight")
    empty = {"dtype": "F32", "shape": [0, 0], "data_offsets": [0, 0]}
    yield "a-model-of-nothing", "not-a-model", safetensors(dict.fromkeys(names, empty), b"")
    bare = {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}
    parts = {name: {**bare, "data_offsets": [4 * index, 4 * index + 4]} for index, name in enumerate(names)}
    scalar = {"dtype": "F32", "shape": [], "data_offsets": [16, 20]}
    for name in ("blocks.0.att.r_k", "blocks.0.att.ln_x.weight", "blocks.0.att.time_maa_x"):
        yield (
            f"a-model-with-scalar-{name[13:].replace('.', '-')}",
            "not-a-model",
            safetensors({**parts, name: scalar}, b"\0" * 20),
        )
    yield (
        "a-billion-layers",
        "tensor-missing",
        safetensors({**parts, "blocks.999999.ln1.weight": {**bare, "data_offsets": [16, 20]}}, b"\0" * 20),
    )


def zipped(
    pickle: bytes, *, compression: int = zipfile.ZIP_STORED, storage: bytes = b"\0" * 8, level: int = 9
) -> bytes:
    """A `.pth` file with any description."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression, compresslevel=level) as archive:
        archive.writestr("archive/data.pkl", pickle)
        archive.writestr("archive/data/0", storage)
    return buffer.getvalue()


def text(value: str) -> bytes:
    """The instruction that pushes a text."""
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def numbers(values: tuple[int, ...]) -> bytes:
    """The instructions that push a tuple of whole numbers."""
    return b"(" + b"".join(b"\x8a\x09" + value.to_bytes(9, "little", signed=True) for value in values) + b"t"


def tensor(
    numel: int, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], kind: str = "FloatStorage"
) -> bytes:
    """A state dict with one tensor of any layout."""
    storage = b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text("0") + text("cpu")
    storage += numbers((numel,))[1:-1] + b"tQ"
    arguments = b"(" + storage + numbers((offset,))[1:-1] + numbers(shape) + numbers(stride) + b"\x89}t"
    return b"\x80\x02}" + text("a") + b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"Rs."


def sharing(count: int, size: int) -> bytes:
    """A state dict of tensors that are all the same storage's."""
    one = tensor(2, 0, (size,), (1,))[len(b"\x80\x02}" + text("a")) : -2]
    begin, end = one.index(b"("), one.index(b"Q") + 1
    rest = one[end:]
    first = one[:begin] + b"r\1\0\0\0" + one[begin:end] + b"r\0\0\0\0" + rest
    again = b"j\1\0\0\0(j\0\0\0\0" + rest
    items = [text(f"{number}") + (again if number else first) for number in range(count)]
    return b"\x80\x02}(" + b"".join(items) + b"u."


def pickle_attacks() -> Iterator[tuple[str, str, bytes]]:
    """`.pth`: (name, code, file)."""
    doubling = b"\x80\x02)" + b"2\x86" * 60  # A tuple of itself twice, sixty times over.
    pickles = {
        "runs-os-system": b"\x80\x02cos\nsystem\n" + text("echo owned") + b"\x85R.",
        "runs-builtins-eval": b"\x80\x02cbuiltins\neval\n" + text("1") + b"\x85R.",
        "runs-by-stack-global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.",
        "runs-by-inst": b"(" + text("id") + b"ios\nsystem\n.",
        "runs-by-obj": b"(cos\nsystem\n" + text("id") + b"o.",
        "builds-on-a-class": b"\x80\x02cos\nsystem\n}" + text("x") + text("y") + b"sb.",
        "torch-load-inside": b"\x80\x02ctorch.serialization\nload\n" + text("x") + b"\x85R.",
        "an-extension-code": b"\x80\x02\x82\x01.",
        "memo-of-two-billion": b"\x80\x02}r\xff\xff\xff\x7f",
        "memo-that-is-not-there": b"\x80\x02h\x05.",
        "a-text-of-four-gigabytes": b"\x80\x02X\xff\xff\xff\xff",
        "a-text-of-2-to-63": b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7f",
        "a-number-of-two-gigabytes": b"\x80\x02\x8b\xff\xff\xff\x7f",
        "a-frame-of-2-to-63": b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f.",
        "tuples-that-double-as-a-key": b"}" + doubling[2:] + b"Ns.",
        "tuples-that-double-as-a-storage": doubling + b"Q.",
        "tuples-that-double-as-a-function": doubling + b")R.",
        "very-many-marks": b"\x80\x02" + b"(" * 210_000,
        "a-key-that-is-a-number": b"\x80\x02}K\x01K\x02s.",
        "no-end": b"\x80\x02}",
        "an-empty-stack": b"\x80\x02.",
        "a-list": b"\x80\x02].",
        "nothing": b"",
        "a-storage-too-short": tensor(1000, 0, (1000,), (1,)),
        "a-shape-beyond-its-storage": tensor(2, 0, (3,), (1,)),
        "an-offset-beyond": tensor(2, 2, (1,), (1,)),
        "an-offset-below-zero": tensor(2, -1, (1,), (1,)),
        "a-stride-beyond": tensor(2, 0, (2,), (5,)),
        "a-stride-below-zero": tensor(2, 0, (2,), (-1,)),
        "a-stride-of-zero-to-fill-memory": tensor(2, 0, (10**6, 10**6), (0, 0)),
        "a-shape-of-2-to-63": tensor(2, 0, (2**63, 2**63), (1, 1)),
        "a-shape-of-a-thousand-axes": tensor(2, 0, (2**62,) * 1000, (0,) * 1000),
        "a-shape-of-true": tensor(2, 0, (1,), (1,)).replace(numbers((1,)), b"\x88\x85", 1),
        "an-empty-axis-beside-one-of-2-to-62": tensor(2, 0, (0, 2**62), (1, 1)),
        "tensors-that-share-a-storage": sharing(5, 2),
        "quantized-by-torch": tensor(2, 0, (2,), (1,), "QInt8Storage"),
    }
    for name, pickle in pickles.items():
        yield name, "pth", zipped(pickle)
    good = tensor(2, 0, (2,), (1,))
    yield "a-deflate-bomb", "pth", zipped(good, compression=zipfile.ZIP_DEFLATED, storage=b"\0" * 50_000_000)
    bomb = b"\x80\x02" + b"(" * 50_000_000
    yield "a-deflate-bomb-in-the-description", "pth", zipped(bomb, compression=zipfile.ZIP_DEFLATED)
    yield "a-zip-of-something-else", "pth", _plain_zip()
    yield "a-zip-cut-off", "file-truncated", zipped(good)[:-30]
    claimed = bytearray(zipped(good))
    at = claimed.rindex(b"PK\1\2")
    claimed[at + 20 : at + 28] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    yield "a-member-longer-than-the-file", "pth", bytes(claimed)
    yield "no-model", "not-a-model", zipped(good)


def _plain_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    return buffer.getvalue()


def gguf(tensors: int, pairs: int, rest: bytes, *, version: int = 3) -> bytes:
    """A GGUF file with any header."""
    return b"GGUF" + struct.pack("<IQQ", version, tensors, pairs) + rest


def string(value: bytes, *, length: int | None = None) -> bytes:
    """GGUF's text."""
    return struct.pack("<Q", len(value) if length is None else length) + value


def info(
    name: bytes, shape: tuple[int, ...], kind: int = 0, offset: int = 0, *, axes: int | None = None
) -> bytes:
    """GGUF's line of a tensor."""
    count = len(shape) if axes is None else axes
    return string(name) + struct.pack(f"<I{len(shape)}QIQ", count, *shape, kind, offset)


def gguf_attacks() -> Iterator[tuple[str, str, bytes]]:
    """GGUF: (name, code, file)."""
    bad, cut = "gguf-header", "file-truncated"
    rwkv7 = string(b"general.architecture") + struct.pack("<I", 8) + string(b"rwkv7")
    llama = string(b"general.architecture") + struct.pack("<I", 8) + string(b"llama")
    number = string(b"general.architecture") + struct.pack("<IQ", 10, 3)
    key = string(b"k")
    yield "only-the-magic", cut, b"GGUF"
    yield "version-one", bad, gguf(0, 0, b"", version=1)
    yield "big-endian", bad, gguf(0, 0, b"", version=3 << 24)
    yield "2-to-63-tensors", bad, gguf(2**63, 0, b"")
    yield "2-to-63-keys", bad, gguf(0, 2**63, b"")
    yield "a-text-of-2-to-63", bad, gguf(0, 1, string(b"", length=2**63))
    yield "a-text-longer-than-the-file", cut, gguf(0, 1, string(b"", length=5000))
    yield "an-array-of-2-to-63", cut, gguf(0, 1, key + struct.pack("<IIQ", 9, 0, 2**63))
    yield "texts-of-2-to-63", bad, gguf(0, 1, key + struct.pack("<IIQ", 9, 8, 2**63))
    yield "arrays-of-arrays", bad, gguf(0, 1, key + struct.pack("<IIQ", 9, 9, 1))
    yield "an-unknown-value", bad, gguf(0, 1, key + struct.pack("<I", 99))
    yield "another-architecture", "unsupported-architecture", gguf(0, 1, llama)
    yield "an-architecture-that-is-a-number", "unsupported-architecture", gguf(0, 1, number)
    yield "five-axes", bad, gguf(1, 1, rwkv7 + info(b"a", (1,) * 5))
    yield "four-billion-axes", bad, gguf(1, 1, rwkv7 + info(b"a", (), axes=2**32 - 1))
    yield "a-shape-of-2-to-63", bad, gguf(1, 1, rwkv7 + info(b"a", (2**63,) * 4))
    yield "an-unknown-type", "unsupported-quantization", gguf(1, 1, rwkv7 + info(b"a", (32,), 99))
    yield "an-empty-axis-beside-one-of-2-to-63", bad, gguf(1, 1, rwkv7 + info(b"a", (0, 2**63)))
    yield "very-many-tensors", bad, gguf(5_001, 1, rwkv7)
    yield "half-a-block", bad, gguf(1, 1, rwkv7 + info(b"a", (33,), 2) + b"\0" * 200)
    yield "a-name-twice", bad, gguf(2, 1, rwkv7 + info(b"a", (1,)) * 2 + b"\0" * 100)
    overlap = info(b"a", (16,)) + info(b"b", (16,), 0, 32)
    yield "tensors-that-overlap", bad, gguf(2, 1, rwkv7 + overlap + b"\0" * 400)
    yield "a-hole", bad, gguf(2, 1, rwkv7 + info(b"a", (8,)) + info(b"b", (8,), 0, 320) + b"\0" * 900)
    yield "trailing-bytes", bad, gguf(1, 1, rwkv7 + info(b"a", (8,)) + b"\0" * 900)
    aligned = string(b"general.alignment") + struct.pack("<II", 4, 3)
    yield "an-odd-alignment", bad, gguf(0, 2, rwkv7 + aligned)
    part = string(b"split.count") + struct.pack("<IH", 2, 3)
    yield "one-part-of-three", "split-gguf", gguf(0, 2, rwkv7 + part)
    yield "no-model", "not-a-model", gguf(0, 1, rwkv7)


def entry(shape: tuple[int, ...], key: bytes, kind: int = 0, *, axes: int | None = None) -> bytes:
    """rwkv.cpp's line of a tensor."""
    count = len(shape) if axes is None else axes
    return struct.pack(f"<3i{len(shape)}i", count, len(key), kind, *shape) + key


def bin_attacks() -> Iterator[tuple[str, str, bytes]]:
    """rwkv.cpp: (name, code, file)."""
    bad, cut = "rwkv-cpp-header", "file-truncated"
    head = struct.pack("<6i", 0x67676D66, 101, 8, 8, 1, 0)
    old = struct.pack("<6i", 0x67676D66, 100, 8, 8, 1, 2)
    yield "only-the-magic", cut, head[:4]
    yield "version-102", bad, struct.pack("<6i", 0x67676D66, 102, 8, 8, 1, 0)
    yield "no-axes", bad, head + entry((), b"a") + b"\0" * 40
    yield "two-billion-axes", bad, head + entry((), b"a", axes=2**31 - 1) + b"\0" * 40
    yield "axes-below-zero", bad, head + entry((), b"a", axes=-1) + b"\0" * 40
    yield "a-name-of-nothing", bad, head + entry((1,), b"") + b"\0" * 40
    yield "a-name-of-two-gigabytes", bad, head + struct.pack("<4i", 1, 2**31 - 1, 0, 1) + b"\0" * 40
    yield "a-shape-below-zero", bad, head + entry((-1,), b"a") + b"\0" * 40
    yield "a-shape-of-zero", bad, head + entry((0,), b"a") + b"\0" * 40
    yield "a-shape-of-2-to-31", cut, head + entry((2**31 - 1,) * 4, b"a") + b"\0" * 40
    yield "a-name-twice", bad, head + (entry((1,), b"a") + b"\0" * 4) * 2
    yield "an-unknown-type", "unsupported-quantization", head + entry((32,), b"a", 5) + b"\0" * 40
    yield "old-blocks-cut-off", cut, old + entry((32,), b"a", 2) + b"\0" * 19
    yield "half-a-block", bad, head + entry((33,), b"a", 2) + b"\0" * 40
    yield "a-line-cut-off", cut, head + entry((8,), b"a")[:9]
    yield (
        "very-many-tensors",
        bad,
        head + b"".join(entry((1,), b"%05d" % number) + b"\0" * 4 for number in range(5_002)),
    )
    yield "no-model", "not-a-model", head + entry((1,), b"a") + b"\0" * 4


def blob(shape: list[int], data: bytes) -> dict[str, Any]:
    """A tensor of a `.prefab` file."""
    return {"shape": shape, "data": data}


def prefab_attacks() -> Iterator[tuple[str, str, bytes]]:
    """web-rwkv: (name, code, file)."""
    bad, cut = "prefab-header", "file-truncated"
    sizes = dict.fromkeys(("num_layer", "num_emb", "num_hidden", "num_vocab", "num_head"), 1)
    start = {"context": None, "info": {"version": "V7", **sizes}, "rescale": 6, "sep": 1024}
    before = cbor({**start, "tensor": None})[:-1]

    def one(tensor: Any) -> bytes:
        return cbor({**start, "tensor": {"layers": [{"att": {"w_k": tensor}}]}})

    yield "only-the-first-key", cut, before[:9]
    yield "no-tensors", bad, cbor(start)
    yield "two-to-63-pairs", "unknown-format", b"\xbb" + b"\x7f" * 8 + before[1:]
    yield "lists-in-lists", bad, before + b"\x81" * 1_000
    yield "maps-in-maps", bad, before + b"\xa1" * 1_000
    yield "tags-of-tags", bad, before + b"\xc0" * 1_000
    yield "a-list-of-2-to-63", bad, before + b"\x9b\x7f" + b"\xff" * 7
    yield "a-list-of-many-values", bad, before + b"\x82" + (b"\x99\x88\xb8" + b"\0" * 35_000) * 2
    yield "a-list-without-end", bad, before + b"\x9f" * 9
    yield "bytes-of-2-to-63", cut, before + b"\x5b\x7f" + b"\xff" * 7
    yield "a-text-of-2-to-63", bad, before + b"\x7b\x7f" + b"\xff" * 7
    yield "a-key-that-is-a-list", bad, before + b"\xa1\x80\x00"
    yield "a-key-twice", bad, cbor(start)[:1] + cbor("context") * 2 + cbor("context") * 6
    yield "a-shape-of-2-to-64", bad, one({"Fp16": blob([2**64 - 1] * 4, b"\0" * 8)})
    yield "an-empty-axis-beside-one-of-2-to-63", bad, one({"Fp16": blob([0, 2**63, 1, 1], b"")})
    yield "five-axes", bad, one({"Fp16": blob([1] * 5, b"\0" * 2)})
    yield "an-unknown-variant", "unsupported-quantization", one({"Fp3": blob([4, 1, 1, 1], b"\0")})
    yield "an-unknown-version", "unsupported-variant", before.replace(b"V7", b"V9") + cbor({})
    yield "blocks-without-scales", bad, one({"Int8": {"w": blob([128, 1, 1, 1], b"\0" * 128)}})
    yield "trailing-bytes", bad, one({"Fp16": blob([1, 1, 1, 1], b"\0\0")}) + b"\0"
    yield "no-model", "not-a-model", one({"Fp16": blob([1, 1, 1, 1], b"\0\0")})


def main() -> None:
    """Write the files and `expected.json`."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    for path in CORPUS.iterdir():
        path.unlink()
    expected = {}
    for ending, attacks in (
        ("safetensors", header_attacks()),
        ("pth", pickle_attacks()),
        ("gguf", gguf_attacks()),
        ("bin", bin_attacks()),
        ("prefab", prefab_attacks()),
    ):
        for name, code, data in attacks:
            expected[f"{name}.{ending}"] = code
            (CORPUS / f"{name}.{ending}").write_bytes(data)
    (CORPUS / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


if __name__ == "__main__":
    main()
