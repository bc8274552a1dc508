"""A `.prefab` file has the names, the values and the logits of the checkpoint that it was made from."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from goosequill.errors import GoosequillError
from goosequill.models import detect_config, load_model
from goosequill.weights import BytesSource, TensorSource, open_tensors
from tests.py.checkpoints import MAKERS, Tensors, source_of
from tests.py.refusals import refused
from tests.py.weights.prefab_writer import NF4, Quant, Writer, blob, cbor, prefab
from tests.py.work import CountingSource

TOKENS = np.random.default_rng(2).integers(0, 50, 12).tolist()
VERSIONS = ("4", "5.2", "6", "7")
QUANTS: tuple[Quant, ...] = ("Fp16", "Int8", "NF4")
UNUSED = frozenset(f"blocks.0.att.v{place}" for place in range(3))
"""Layer 0 of RWKV-7 has no use for these; files have others in their place."""
STUDENT = np.sort(np.concatenate([[-1, 0, 1], np.linspace(-0.8, 0.9, 13)])).astype(np.float32)
"""Another table of values, as the type SF4 has."""


def opened(data: bytes) -> TensorSource:
    return open_tensors(BytesSource(data, "model.prefab"))


def logits(tensors: TensorSource) -> np.ndarray:
    model = load_model(tensors)
    return model.forward(TOKENS, model.new_state(), logits="all")


def assert_same(found: TensorSource, expected: Tensors, *, tolerance: float = 1e-6) -> None:
    assert set(found.names()) == expected.keys() - UNUSED
    for name in found.names():
        array = found.read(name)
        assert array.shape == found.shape(name) == expected[name].shape, name
        np.testing.assert_allclose(array, expected[name], rtol=tolerance, atol=tolerance, err_msg=name)


def of_shapes(writer: Writer, tensors: Tensors) -> Tensors:
    """The writer's values in BlinkDL's shapes."""
    return {name: array.reshape(tensors[name].shape) for name, array in writer.restored.items()}


@pytest.mark.parametrize("quant", QUANTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_names_values_and_logits_are_the_originals(version: str, quant: Quant) -> None:
    tensors = MAKERS[version](layers=5)
    writer = Writer(tensors, version, quant, rescale=2)
    found = opened(writer.file())
    assert found.format == "prefab"
    assert found.metadata == {"version": f"V{version[0]}", "rescale": 2}
    assert detect_config(found).version == version
    # A decay passes through exp(-exp(z)) in 32 bits.
    expected = of_shapes(writer, tensors)
    assert_same(found, expected, tolerance=2e-4 if version == "5.2" else 2e-6)
    complete = {**tensors, **expected}
    np.testing.assert_allclose(logits(found), logits(source_of(complete)), atol=2e-4)
    # The files' precision: 11 bits of the mantissa, 8 bits, or 4.
    original = logits(source_of(tensors))
    spread = (logits(found) - original).std() / original.std()
    assert spread < {"Fp16": 0.003, "Int8": 0.05, "NF4": 0.5}[quant], spread


@pytest.mark.parametrize("version", VERSIONS)
def test_files_of_early_versions_are_read(version: str) -> None:
    """Without `rescale`, with other names, the vectors of version 6 apart, and the variant by number."""
    tensors = MAKERS[version](layers=8, width=64)
    writer = Writer(tensors, version, layout="old")
    found = opened(writer.file())
    assert found.metadata["rescale"] == 6
    assert_same(found, of_shapes(writer, tensors), tolerance=2e-4 if version == "5.2" else 2e-6)


def test_the_table_of_values_is_the_files_own() -> None:
    tensors = MAKERS["7"]()
    writer = Writer(tensors, "7", "NF4", table=STUDENT, variant="Float4")
    found = opened(writer.file())
    assert found.dtype("blocks.1.ffn.key.weight") == "FP4_64"
    assert_same(found, of_shapes(writer, tensors))
    assert not np.array_equal(STUDENT, NF4)


def test_a_large_matrix_is_converted_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goosequill.weights.formats.prefab.READ", 512)
    for quant in QUANTS:
        tensors = MAKERS["7"](layers=2)
        writer = Writer(tensors, "7", quant)
        assert_same(opened(writer.file()), of_shapes(writer, tensors))


def test_opening_reads_no_weights_and_a_tensor_only_its_own_bytes() -> None:
    source = CountingSource(prefab(MAKERS["7"](layers=2, width=256, ffn=4096, vocab=4000), "7", "Int8"), "m")
    found = open_tensors(source)
    assert source.size_read < source.size / 10
    before = source.size_read
    found.read("blocks.1.ffn.key.weight")
    assert source.size_read - before == 4096 * 256 * (1 + 4 / 128)


@pytest.mark.parametrize("bits", [8, 4])
def test_blocks_are_quantized_anew_when_asked(bits: int) -> None:
    found = opened(prefab(MAKERS["7"](), "7", "Int8"))
    model = load_model(found, quantize=bits)  # type: ignore[arg-type]
    assert np.isfinite(model.forward(TOKENS, model.new_state())).all()


def broken(change: Callable[[dict[str, Any]], object], quant: Quant = "Fp16") -> bytes:
    """A file with one thing changed."""
    tree = Writer(MAKERS["7"](layers=2), "7", quant).tree()
    change(tree)
    return cbor(tree)


def key(tree: dict[str, Any], quant: Quant) -> dict[str, Any]:
    """The matrix that is damaged."""
    found: dict[str, Any] = tree["tensor"]["layers"][1]["att"]["w_k"][quant]
    return found


def layer(tree: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = tree["tensor"]["layers"][1]
    return found


LARGE = {"q": blob(np.full(16, 3e38, np.float32)), "m": blob(np.full(256, 6e4, np.float16))}
VECTOR = {"shape": [1, 1, 1, 1], "data": b"\0\0"}
REFUSED: dict[str, tuple[str, bytes]] = {
    "an unknown version": ("unsupported-variant", broken(lambda tree: tree["info"].update(version="V8"))),
    "no version": ("prefab-header", broken(lambda tree: tree["info"].pop("version"))),
    "a version that is a number": ("prefab-header", broken(lambda tree: tree["info"].update(version=7))),
    "no sizes": ("prefab-header", broken(lambda tree: tree.pop("info"))),
    "no heads": ("prefab-header", broken(lambda tree: tree["info"].update(num_head=0))),
    "heads that do not fit": ("prefab-header", broken(lambda tree: tree["info"].update(num_head=7))),
    "a vocabulary that is larger": ("prefab-header", broken(lambda tree: tree["info"].update(num_vocab=90))),
    "a rescale of 0": ("prefab-header", broken(lambda tree: tree.update(rescale=0))),
    "a layer too many": ("prefab-header", broken(lambda tree: tree["info"].update(num_layer=3))),
    "no tensors": ("prefab-header", broken(lambda tree: tree.pop("tensor"))),
    "no embedding": ("not-a-model", broken(lambda tree: tree["tensor"].pop("embed"))),
    "no key": ("tensor-missing", broken(lambda tree: layer(tree)["att"].pop("w_k"))),
    "a text in place of a tensor": ("prefab-header", broken(lambda tree: layer(tree)["att"].update(w1="x"))),
    "a quantization of tomorrow": (
        "unsupported-quantization",
        broken(lambda tree: layer(tree)["att"].update(w_k={"Int2": {"w": None}})),
    ),
    "a name twice": (
        "prefab-header",
        broken(lambda tree: layer(tree).update(att_layer_norm=layer(tree)["att_ln"])),
    ),
    "bytes too few": ("prefab-header", broken(lambda tree: key(tree, "Fp16").update(data=b"\0" * 9))),
    "a shape of three axes": ("prefab-header", broken(lambda tree: key(tree, "Fp16")["shape"].pop())),
    "an empty axis": ("prefab-header", broken(lambda tree: key(tree, "Fp16").update(shape=[0, 1, 1, 1]))),
    "a shape of 2 to 64": (
        "prefab-header",
        broken(lambda tree: key(tree, "Fp16").update(shape=[2**64 - 1] * 4)),
    ),
    "no bounds": ("prefab-header", broken(lambda tree: key(tree, "Int8").pop("m"), "Int8")),
    "bounds too few": (
        "prefab-header",
        broken(lambda tree: key(tree, "Int8")["m"].update(data=b"\0" * 508), "Int8"),
    ),
    "half a block": (
        "prefab-header",
        broken(lambda tree: key(tree, "Int8")["w"].update(shape=[64, 1, 1, 1], data=b"\0" * 64), "Int8"),
    ),
    "a table of 8 values": (
        "prefab-header",
        broken(lambda tree: key(tree, "NF4").update(q={"shape": [8, 1, 1, 1], "data": b"\0" * 32}), "NF4"),
    ),
    "a table of infinities": (
        "tensor-values",
        broken(lambda tree: key(tree, "NF4")["q"].update(data=b"\0\0\x80\x7f" * 16), "NF4"),
    ),
    "values beyond 32 bits": ("tensor-values", broken(lambda tree: key(tree, "NF4").update(LARGE), "NF4")),
    "bounds that are not finite": (
        "tensor-values",
        broken(lambda tree: key(tree, "Int8")["m"].update(data=b"\0\x7e" * 256), "Int8"),
    ),
    "very many tensors": (
        "prefab-header",
        broken(lambda tree: layer(tree)["att"].update({f"x{number}": VECTOR for number in range(5_001)})),
    ),
    "CBOR of something else": ("unknown-format", cbor({"a": 1, "context": None})),
    "bytes after the end": ("prefab-header", broken(lambda tree: None) + b"\0"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_and_with_which_code(what: str) -> None:
    code, data = REFUSED[what]
    with pytest.raises(GoosequillError) as caught, np.errstate(all="ignore"):
        logits(opened(data))
    assert caught.value.code == code, caught.value
    assert caught.value.remedy


def test_the_file_of_which_the_others_are_made_is_read() -> None:
    for quant in QUANTS:
        assert np.isfinite(logits(opened(broken(lambda tree: None, quant)))).all()


@pytest.mark.parametrize("share", [0.001, 0.01, 0.3, 0.9, 0.9999])
def test_a_truncated_file_is_refused_when_it_is_opened(share: float) -> None:
    data = prefab(MAKERS["7"](layers=2), "7", "NF4")
    with refused(GoosequillError, "file-truncated"):
        opened(data[: int(len(data) * share)])
