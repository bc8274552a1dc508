"""The benchmark's statistics and test models."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scripts.bench import bench, growth, line, llamacpp, native, native_peers, peak, steps, threads
from scripts.bench.weights import (
    RWKV4,
    RWKV7,
    RWKV7_1B5,
    RWKV7_2B9,
    Draw,
    PackedDraw,
    tensors,
    write_packed,
    write_safetensors,
)

from goosequill.models import load_model
from goosequill.weights import FileSource, QuantizedMatrix, open_tensors
from goosequill.weights.formats.safetensors import flatten
from goosequill.weights.writing import write_shards


def test_the_line_is_fitted_by_least_squares() -> None:
    rng = np.random.default_rng(0)
    x = np.arange(40.0)
    y = 3 + 0.2 * x + rng.normal(size=40)
    found, expected = growth.fit(x, y), stats.linregress(x, y)
    assert (found.start, found.slope) == pytest.approx((expected.intercept, expected.slope))
    assert found.within == pytest.approx(1.96 * expected.stderr)
    assert found.explained == pytest.approx(expected.rvalue**2)


@pytest.mark.parametrize("growing", [0.0, 0.5])
def test_a_cost_that_grows_with_the_text_is_distinguished_from_one_that_does_not(growing: float) -> None:
    rng, places = np.random.default_rng(1), itertools.count()

    def decode(count: int) -> list[float]:
        times = []
        for _ in range(count):
            place = next(places) / 10_000
            for cost in (5 + growing * place, 5):
                times.append(cost * (1 - 0.1 * place) * rng.lognormal(sigma=0.02))  # the machine gets faster
        return times

    found = growth.over_places(decode)
    assert found["first_ms"] == pytest.approx(5 * 0.95, rel=0.01)  # on the machine as it was in the middle
    assert abs(found["growth_percent"] - 100 * growing / 5) < 2 * found["within_percent"] < 2
    assert len(found["medians_ms"]) == 100


def test_a_cost_in_proportion_to_the_work_has_the_exponent_one() -> None:
    decodes = [lambda count, work=shape.products: [work * 4e-8] * count for shape in growth.SHAPES]
    found = growth.over_sizes(decodes, rounds=1)
    assert found["exponent"] == pytest.approx(1)
    assert found["start_ms"] == pytest.approx(0, abs=1e-9)
    assert found["ms_per_million"] == pytest.approx(0.04)
    text = growth.describe({"tokens": 1, "first_ms": 1, "growth_percent": 0.4, "within_percent": 1}, found)
    assert "-0.6% to +1.4%" in text


def test_a_round_is_quiet_if_memory_was_quiet_before_and_after_it() -> None:
    reads = itertools.cycle([20.0, 40.0, 41.0, 21.0, 26.0, 50.0, 22.0, 50.0, 25.0])  # one, two, two again
    ratios = itertools.cycle([2.0, 1.5, 1.1])
    found = threads.compare(lambda _: [1.0], lambda _: [1 / next(ratios)], lambda _: next(reads), rounds=3)
    assert found["quiet"] == {"ratio": pytest.approx(2), "one_gb_per_s": 20, "two_gb_per_s": 40}
    assert found["all"] == {"ratio": pytest.approx(1.5), "one_gb_per_s": 21, "two_gb_per_s": 26}
    text = threads.describe([{"shape": "RWKV-4 169M", "weights": "int8", **found}])
    assert "| RWKV-4 169M | int8 | 1.50 | 21 and 26 | 2.00 | 20 and 40 |" in text


@pytest.mark.parametrize("shape", [RWKV4, RWKV7], ids=lambda shape: shape.name)
def test_shapes_count_the_weights_of_their_tensors(shape: growth.Shape) -> None:
    small = growth.Shape(shape.name, shape.version, layers=2, width=64, vocab=100)
    sizes = [array.size for name, array in tensors(small) if array.ndim == 2 and "r_k" not in name]
    assert small.parameters == sum(sizes)


@pytest.mark.parametrize("draw", [Draw, PackedDraw])
def test_no_two_matrices_are_equal(draw: type[Draw]) -> None:
    """A runtime that deduplicates tensors would seem faster than it is on a real model."""
    small = growth.Shape("small", "7", layers=3, width=64, vocab=100)
    stored = [part for pair in tensors(small, draw()) for part in flatten(*pair)]
    matrices = [array.tobytes() for _, array in stored if array.size >= small.width**2 / 2]
    assert len(matrices) > 20
    assert len(set(matrices)) == len(matrices)


def test_large_models_have_the_ranks_of_the_released_ones() -> None:
    """Those of the configurations that fla-hub publishes with them."""
    found = [list(shape.ranks.values()) for shape in (RWKV7, RWKV7_1B5, RWKV7_2B9)]
    assert found == [[64, 64, 32, 128], [96, 96, 64, 256], [96, 96, 64, 320]]


def table(path: Path) -> dict[str, object]:
    """A safetensors file's header; the order of the packed matrices does not matter."""
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return header | {"__metadata__": json.loads(header["__metadata__"]["goosequill.packed"])}


def test_a_packed_model_is_stored_as_a_converted_one_and_computes(tmp_path: Path) -> None:
    small = growth.Shape("small", "7", layers=2, width=128, vocab=100)
    write_safetensors(small, 16, tmp_path / "original.safetensors")
    original = open_tensors(FileSource(tmp_path / "original.safetensors"))
    write_shards(tmp_path, original, bits=4, pack=True, shard_size=1 << 40)
    packed = tmp_path / "packed.safetensors"
    write_packed(small, packed)
    assert table(packed) == table(tmp_path / "model.safetensors")
    written = open_tensors(FileSource(packed))
    for name in ("head.weight", "emb.weight"):
        found = written.read(name)
        assert isinstance(found, QuantizedMatrix)
        assert found.dequantize().std() == pytest.approx(np.std(original.read(name)), rel=0.1)
    model = load_model(written)
    logits = model.forward([1, 2, 3], model.new_state())
    assert np.isfinite(logits).all() and logits.std() > 0


def test_a_large_model_shares_its_browser_only_with_itself() -> None:
    """Each page takes up to 4 GB, and all pages of a browser are open at once."""
    small, *large = bench.groups([1, 2])
    assert {each.shape for each in small} == {RWKV4, RWKV7}
    assert [[each.shape.name for each in group] for group in large] == [
        ["RWKV-7 1.5B"] * 2,
        ["RWKV-7 2.9B"] * 2,
    ]


def test_large_models_are_added_to_the_tables_of_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCS", "CHART"):
        copy = tmp_path / getattr(bench, name).name
        copy.write_text(getattr(bench, name).read_text())
        monkeypatch.setattr(bench, name, copy)
    others = [row for row in json.loads(bench.CHART.read_text())["rows"] if "B" not in row["shape"]]
    assert others
    each = bench.large(RWKV7_2B9, 1)
    each.bounds = bench.Bounds(25, {"bytes": 50, "quads": 40})
    for milliseconds in (50.0, 40.0):
        each.decode_ms = each.prompt_ms = [milliseconds]
        data = bench.chart([each], {"date": "", "machine": "", "browser": ""})
        text, data = bench.updated([each], data)
        bench.DOCS.write_text(f"{bench.MARKS[0]}\n{text}\n{bench.MARKS[1]}")
        bench.CHART.write_text(json.dumps(data))
        speeds = [row["tokens_per_s"] for row in data["rows"] if row["shape"] == "RWKV-7 2.9B"]
        assert speeds == [1000 / milliseconds]
        assert (
            text.count("| RWKV-7 2.9B | weights |") == text.count("RWKV-7 2.9B in a browser of its own") == 1
        )
        assert "| RWKV-4 169M |" in text
        assert [row for row in data["rows"] if "B" not in row["shape"]] == others


@pytest.mark.rest
def test_native_decoding_is_measured_for_every_kernel_and_number_of_threads() -> None:
    rows = native.measure(native.DEFAULT, [1, 2], tokens=2, rounds=1, quantize=None)
    assert [(row["kernel"], row["threads"]) for row in rows] == [
        *(("numpy", count) for count in (1, 2)),
        *(("native", count) for count in (1, 2)),
    ]
    assert all(row["decode"] > 0 and row["slowest"] == row["fastest"] for row in rows)


def test_a_prompt_computes_the_logits_of_its_last_token_only() -> None:
    small = growth.Shape("small", "4", layers=2, width=64, vocab=100)
    layers = 2 * (5 * 64 * 64 + 2 * 64 * 256)
    assert peak.of_prompt(small, 3, head_of_each=False) == 3 * layers + 100 * 64
    assert peak.of_prompt(small, 3, head_of_each=True) == 3 * (layers + 100 * 64)


def test_a_prompt_at_the_peak_of_two_threads_is_at_100_percent() -> None:
    each = bench.ours(RWKV4, 4, "relaxed", 2)
    assert each.instruction == "bytes"
    work = peak.of_prompt(RWKV4, each.prompt, head_of_each=False)
    each.prompt_ms = [1e3 * work / (2 * 50e9) / each.prompt] * 3  # of a token, at twice 50 GMAC/s
    assert bench.multiply_adds(each) == pytest.approx(100)
    each.bounds = bench.Bounds(25, {"bytes": 40, "quads": 50, "shorts": 99})
    assert bench.share_of_peak(each) == pytest.approx(1)
    each.instruction = bench.ours(RWKV4, 8, "relaxed", 2).instruction
    each.bounds = bench.Bounds(25, {"bytes": 99, "quads": 99, "shorts": 40, "split": 50})
    assert bench.share_of_peak(each) == pytest.approx(1)
    assert bench.share_of_peak(bench.wllama(1, "Q8_0")) is None  # generic C: no such instruction


def test_every_contestant_names_an_instruction_that_is_measured() -> None:
    names = {each.instruction for each in bench.contestants([1, 2])}
    assert set(peak.alternatives(names)) == set(peak.INSTRUCTIONS)


def test_native_contestants_come_in_pairs_of_about_equal_weights() -> None:
    chosen = native_peers.contestants([1, 2])
    for own, other in zip(chosen[::2], chosen[1::2], strict=True):
        assert (own.engine, other.engine, own.threads) == ("goosequill", "llama.cpp", other.threads)
        assert (own.weights, other.weights) in native_peers.PAIRS
        own.decode, own.prompt, other.decode, other.prompt = [90, 200, 100], [30], [45, 50, 100], [60]
    assert "| 2 | int4, Q4_0 | 100 | 50 | 2.00 | 30 | 60 | 0.50 |" in native_peers.describe(chosen)


def test_our_native_contestant_answers_with_the_times_of_tokens_and_prompts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = growth.Shape("RWKV-7 0.19B", "7", layers=1, width=64, vocab=2000)
    each = native_peers.Contestant("goosequill", "int8", 2)
    monkeypatch.setattr(native_peers, "FOLDER", tmp_path)
    native_peers.write_model(each, small)
    ask = native_peers.open_ours(each.file, each.threads)
    assert len(ask("decode", 3)) == 3 and len(ask("prompt", 8)) == 1
    assert min(*ask("decode", 3), *ask("prompt", 8)) > 0


def test_what_llama_cpp_needs_and_is_missing_is_named_with_its_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(llamacpp.shutil, "which", lambda tool: None if tool in ("c++", "ninja") else tool)
    assert native_peers.table([1], rounds=1) is None
    assert "c++, ninja missing (apt-get install g++ ninja-build)" in capsys.readouterr().err


def test_what_a_token_can_reach_counts_what_comes_after_its_pass(capsys: pytest.CaptureFixture[str]) -> None:
    parts = [
        {"name": name, "milliseconds": taken, "products": products}
        for name, taken, products in [("768 to 768, 8 bits", 1.0, 10), ("wkv7", 0.05, 0), ("mix", 0.2, 0)]
    ]
    texts = {
        "passes": [6.0, 5.0, 7.0],
        "the highest logit": [6.5, 5.5, 9.0],
        "a text, greedy": [7.0, 6.0, 8.0],
    }
    steps.print_bounds(
        {"parts": parts, "state": 1_000_000, "read": 4.5, "texts": texts}, 100e6, {1: 20.0, 2: 25.0}
    )
    said = capsys.readouterr().out
    assert "more than its pass: the highest logit 0.50 ms, a text, greedy 1.00 ms" in said
    # 5 ms for the weights, 0.2 for what is neither a product nor the state, which takes 0.1.
    assert (
        "1 threads, at most: 189 or 189 tokens/s, 94.3% of the memory's bound; with the highest logit 86.2%"
        in said
    )
    assert "2 threads, at most: 233 or 233 tokens/s\n" in said


def test_a_page_that_needs_a_network_fails_on_the_second_visit() -> None:
    own, other, *_ = line.contestants(Path("dist"))
    own.cold, own.again, own.megabytes = [12.1, 11.9, 14.0], [1.04, 0.96, 1.0], 13.9
    other.cold = [20.9]
    rows = line.report([own, other]).splitlines()[2:]
    assert rows == ["| Goosequill | 13.9 | 12.1 s | 1.0 s |", "| wllama | 0.0 | 20.9 s | fails |"]
