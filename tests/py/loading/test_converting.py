"""Quantizing while bytes arrive: the file is that of the whole weights, and continues after any byte."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from goosequill.errors import FileFormatError, LoadError
from goosequill.kernels import load_kernel
from goosequill.loading.converting import Conversion, Output, plan_conversion
from goosequill.loading.load import Bits
from goosequill.models import load_model
from goosequill.models.estimate import estimate
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from goosequill.weights.quantize import QuantizedMatrix
from goosequill.weights.source import ByteRange, ByteSource
from tests.py import checkpoints
from tests.py.work import measured_memory

KERNEL = load_kernel("native")
SMALL = checkpoints.rwkv7(layers=1, vocab=40)
MODELS = {"rwkv4": checkpoints.rwkv4(width=128, vocab=70), "rwkv7": SMALL}


class Arriving(BytesSource):
    """Bytes of which only those can be read that were announced, or that describe the file."""

    def __init__(self, data: bytes, name: str = "model") -> None:
        super().__init__(data, name)
        self.announced: tuple[int, int] | None = None

    def read(self, offset: int, length: int) -> bytes:
        if self.announced is not None:
            start, end = self.announced
            assert start <= offset and offset + length <= end, "bytes were read that were not announced"
        return super().read(offset, length)


def safetensors(tensors: dict[str, Any], dtype: Any = np.float16) -> list[ByteSource]:
    items = ((name, array.astype(dtype)) for name, array in tensors.items())
    return [Arriving(b"".join(encode(items)))]


def pth(tensors: dict[str, Any]) -> list[ByteSource]:
    buffer = io.BytesIO()
    torch.save({name: torch.from_numpy(array).bfloat16() for name, array in tensors.items()}, buffer)
    return [Arriving(buffer.getvalue())]


def shards(tensors: dict[str, Any]) -> list[ByteSource]:
    names = list(tensors)
    halves = names[: len(names) // 2], names[len(names) // 2 :]
    return [_shard({name: tensors[name] for name in half}, number) for number, half in enumerate(halves)]


def _shard(tensors: dict[str, Any], number: int) -> ByteSource:
    items = ((name, array.astype(np.float16)) for name, array in tensors.items())
    return Arriving(b"".join(encode(items)), f"model-{number}.safetensors")


FILES = {
    "safetensors": safetensors,
    "float32": lambda tensors: safetensors(tensors, np.float32),
    "pth": pth,
    "shards": shards,
}


def plan(sources: Sequence[ByteSource], bits: Any, **options: Any) -> Conversion:
    found = plan_conversion(open_tensors(sources), sources, KERNEL, quantize=bits, **options)
    assert found is not None
    return found


def outputs(conversion: Conversion, start: int = 0, held: bytes = b"") -> Iterator[Output]:
    """The outputs; only what is announced can be read meanwhile, and always in the order of the files."""
    last: tuple[int, int] = (-1, -1)
    seen: list[ByteSource] = []
    for step in conversion.steps(start, held):
        if isinstance(step, Output):
            yield step
            continue
        assert isinstance(step.source, Arriving)
        if step.source not in seen:
            seen.append(step.source)
        assert (len(seen), step.start) >= last
        last = (len(seen), step.start)
        before = step.source.announced
        again = before is not None and before[0] <= step.start <= before[1]
        step.source.announced = (before[0] if again and before else step.start, step.end)


def convert(sources: Sequence[ByteSource], bits: Bits) -> bytes:
    conversion = plan(sources, bits)
    data = b"".join(bytes(output.data) for output in outputs(conversion))
    assert len(data) == conversion.length
    return data


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("model", MODELS)
def test_the_file_computes_what_the_original_does_that_is_quantized_while_it_loads(
    model: str, kind: str, bits: Bits
) -> None:
    data = convert(FILES[kind](MODELS[model]), bits)
    sources = FILES[kind](MODELS[model])
    direct = load_model(open_tensors(sources), kernel=KERNEL, quantize=bits)
    loaded = load_model(open_tensors(BytesSource(data)), kernel=load_kernel("native"))
    tokens = [3, 1, 4, 1, 5]
    np.testing.assert_array_equal(
        loaded.forward(tokens, loaded.new_state()), direct.forward(tokens, direct.new_state())
    )
    assert (
        estimate(open_tensors(BytesSource(data))).weights
        == estimate(open_tensors(sources), quantize=bits).weights
    )


@pytest.mark.parametrize("bits", [8, 4])
def test_it_continues_after_any_byte(bits: Bits, monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix is converted in several parts, and what is held of it may go beyond the last byte written."""
    monkeypatch.setattr("goosequill.loading.converting.READ", 5000)
    tensors = dict(SMALL)
    whole = convert(safetensors(tensors), bits)
    found = list(outputs(plan(safetensors(tensors), bits)))
    assert sum(len(output.data) for output in found) == len(whole) and len(found) > 40
    ends = np.cumsum([len(output.data) for output in found])
    places = {0, 1, len(whole) - 1, len(whole), *range(0, len(whole), 997)}
    places |= {int(end) + step for end in ends for step in (-1, 0, 1)}
    for start in sorted(place for place in places if 0 <= place <= len(whole)):
        for further in (0, 1):  # whether the output that was begun has been held
            written = int(np.searchsorted(ends, start, side="right")) + further
            held = b"".join(output.held for output in found[:written])
            rest = list(outputs(plan(safetensors(tensors), bits), start, held))
            assert b"".join(bytes(output.data) for output in rest) == whole[start:]
            everything = b"".join(output.held for output in found)
            assert held + b"".join(output.held for output in rest) == everything


def test_what_was_held_must_be_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goosequill.loading.converting.READ", 5000)
    first = [len(output.data) for output in outputs(plan(safetensors(SMALL), 8))][:2]  # header, some rows
    list(outputs(plan(safetensors(SMALL), 8), sum(first), bytes(4 * 16)))
    with pytest.raises(ValueError, match="scales"):
        list(outputs(plan(safetensors(SMALL), 8), sum(first), bytes(4 * 16 - 1)))


def test_a_part_of_a_large_matrix_is_in_memory_at_a_time() -> None:
    tensors = {**checkpoints.rwkv4(layers=1, width=128, vocab=50)}
    tensors["emb.weight"] = tensors["head.weight"] = np.zeros((150_000, 128), np.float32)
    sources = safetensors(tensors)
    conversion = plan(sources, 4)

    with measured_memory() as work:
        for _ in outputs(conversion):
            pass
    assert work.peak < 30_000_000 < conversion.stored // 2


def test_weights_that_are_not_finite_are_refused() -> None:
    for name in ("head.weight", "blocks.0.ln1.weight", "blocks.0.att.w1"):
        broken = {**SMALL, name: SMALL[name].copy()}
        broken[name].flat[-1] = np.inf
        with pytest.raises(FileFormatError, match=f"'{name}'"):
            convert(safetensors(broken), 8)


def test_auto_takes_the_bits_that_fit_and_a_model_too_large_is_refused() -> None:
    sources = safetensors(SMALL)
    tensors = open_tensors(sources)
    assert plan_conversion(tensors, sources, KERNEL, quantize="auto") is None  # it is small: 32 bits
    memory = {bits: estimate(tensors, quantize=bits).peak for bits in (None, 8, 4)}
    assert plan(sources, "auto", available=memory[None] - 1).bits == 8
    assert plan(sources, "auto", available=memory[8] - 1).bits == 4
    with pytest.raises(LoadError, match="This model needs"):
        plan(sources, "auto", available=memory[4] - 1)


def test_what_must_be_loaded_whole_is_not_converted() -> None:
    sources = safetensors(SMALL)
    assert plan_conversion(open_tensors(sources), sources, load_kernel("numpy"), quantize=8) is None
    quantized: list[ByteSource] = [BytesSource(convert(sources, 8))]
    assert plan_conversion(open_tensors(quantized), quantized, KERNEL, quantize=4) is None
    tables = safetensors(checkpoints.rwkv7a())
    assert plan_conversion(open_tensors(tables), tables, KERNEL, quantize=8) is None


def test_spans_contain_the_extents_and_need_no_bytes() -> None:
    for kind in FILES:
        sources = FILES[kind](SMALL)
        tensors = open_tensors(sources)
        for name in tensors.names():
            (place,) = tensors.ranges(name)
            assert isinstance(place, ByteRange)
            assert isinstance(place.source, Arriving)
            place.source.announced = (place.start, place.end)
            for extent in tensors.extents(name):
                assert place.start <= extent.offset < place.end
            assert not isinstance(tensors.read(name), QuantizedMatrix)
            place.source.announced = (0, 0)
            assert tensors.ranges(name) == [place]
