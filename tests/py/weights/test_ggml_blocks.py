"""ggml's blocks against the package `gguf`."""

import numpy as np
import pytest
from gguf import GGMLQuantizationType, quants

from goosequill.weights import BytesSource, elements, ggml_blocks
from goosequill.weights.elements import read_elements, stored_bytes


@pytest.mark.parametrize("dtype", [name for name in ggml_blocks.BLOCKS if not name.startswith("OLD_")])
def test_any_bytes_become_the_same_values_as_in_gguf(dtype: str) -> None:
    size = ggml_blocks.BLOCKS[dtype].bytes
    raw = np.random.default_rng(0).integers(0, 256, (300, size), dtype=np.uint8)
    with np.errstate(all="ignore"):
        expected = quants.dequantize(raw, GGMLQuantizationType[dtype])
        found = ggml_blocks.dequantize(raw.tobytes(), dtype)
    np.testing.assert_array_equal(found, expected.ravel())


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16", "I8", "Q4_K", "Q8_0"])
def test_a_tensor_read_in_chunks_is_the_same(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 256 * 11
    raw = np.random.default_rng(0).integers(0, 100, stored_bytes(count, dtype), dtype=np.uint8)
    if dtype == "F64":
        raw[7::8] = 0x3F  # within the range of float32
    source = BytesSource(b"head" + raw.tobytes())
    whole = read_elements(source, 4, count, dtype, "a")
    monkeypatch.setattr(elements, "CHUNK", 256 * 3)
    monkeypatch.setattr(elements, "READ", 8 * 256 * 4)
    np.testing.assert_array_equal(read_elements(source, 4, count, dtype, "a"), whole)
