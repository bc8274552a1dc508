"""Every version compared with the reference implementation, and sequences with single steps."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from goosequill import models
from goosequill.errors import GoosequillError, SettingsError, UnsupportedModelError
from goosequill.models import VERSIONS, Model, load_model
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from tests.py import checkpoints
from tests.py.checkpoints import MAKERS, Tensors

TOKENS = np.random.default_rng(1).integers(0, 50, 64).tolist()


def build(tensors: Tensors) -> Model:
    return load_model(open_tensors(BytesSource(b"".join(encode(tensors.items())))))


Compare = Callable[[Tensors, str], None]


@pytest.fixture(scope="module")
def package() -> Iterator[subprocess.Popen[str]]:
    """PyPI's `rwkv` in a process of its own, which imports torch once for all tests."""
    command = [sys.executable, str(Path(__file__).with_name("reference.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


@pytest.fixture
def assert_equal_to_the_package(package: subprocess.Popen[str], tmp_path: Path) -> Compare:
    def compare(tensors: Tensors, version: str) -> None:
        path = tmp_path / "model.pth"
        torch.save({name: torch.from_numpy(array) for name, array in tensors.items()}, path)
        assert package.stdin and package.stdout
        print(json.dumps([str(path), TOKENS, version]), file=package.stdin, flush=True)
        assert package.stdout.readline() == "written\n"
        model = load_model(open_tensors(path))
        assert model.config.version == version
        logits = model.forward(TOKENS, model.new_state(), logits="all")
        np.testing.assert_allclose(logits, np.load(tmp_path / "model.npy"), atol=1e-4)

    return compare


def test_every_version_is_tested() -> None:
    assert set(MAKERS) == set(VERSIONS)


def compared_with_a_version(node: ast.AST) -> bool:
    """Whether this is a comparison of `….version` or `…["version"]` with one of RWKV's."""
    if not isinstance(node, ast.Compare):
        return False
    parts = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
    subjects = {part.attr for part in parts if isinstance(part, ast.Attribute)}
    constants = {part.value for part in parts if isinstance(part, ast.Constant)}
    return "version" in subjects | constants and bool(constants & set(VERSIONS))


def test_only_the_models_know_what_differs_between_versions() -> None:
    """A new version, or a variant, describes itself by class attributes."""
    package = Path(models.__file__).parents[1]
    found = {
        path.parent
        for path in package.rglob("*.py")
        if any(map(compared_with_a_version, ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert found == {package / "models"}


@pytest.mark.parametrize("version", MAKERS)
def test_logits_equal_the_rwkv_package(version: str, assert_equal_to_the_package: Compare) -> None:
    assert_equal_to_the_package(MAKERS[version](), version)


@pytest.mark.parametrize(
    "sizes", [{"layers": 1, "width": 64, "ffn": 224}, {"width": 192, "ffn": 704, "vocab": 130}]
)
def test_deep_embed_equals_the_rwkv_package_in_other_sizes(
    sizes: dict[str, int], assert_equal_to_the_package: Compare
) -> None:
    assert_equal_to_the_package(checkpoints.rwkv7a(**sizes, seed=5), "7a")


@pytest.mark.parametrize("version", ["5.2", "6"])
def test_a_state_tuned_checkpoint_begins_with_its_state(
    version: str, assert_equal_to_the_package: Compare
) -> None:
    tensors = MAKERS[version]()
    rng = np.random.default_rng(3)
    for layer in range(3):
        state = rng.standard_normal((4, 16, 16)).astype(np.float32)
        tensors[f"blocks.{layer}.att.time_state"] = state
    assert_equal_to_the_package(tensors, version)


@pytest.mark.parametrize("version", MAKERS)
def test_a_sequence_gives_the_same_logits_and_state_as_single_steps(version: str) -> None:
    model = build(MAKERS[version]())
    whole, steps, parts = model.new_state(), model.new_state(), model.new_state()
    every = model.forward(TOKENS, whole, logits="all")
    single = np.stack([model.forward([token], steps) for token in TOKENS])
    model.forward(TOKENS[:23], parts, logits="none")
    last = model.forward(TOKENS[23:], parts)
    np.testing.assert_allclose(every, single, atol=1e-5)
    np.testing.assert_allclose(every[-1], last, atol=1e-5)
    for name, array in whole.arrays.items():
        np.testing.assert_allclose(array, steps.arrays[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("version", MAKERS)
def test_a_prompt_longer_than_a_chunk_is_read_whole(version: str) -> None:
    model = build(MAKERS[version]())
    tokens = (TOKENS * 3)[: 2 * model.kernel.chunk_size + 5]
    state, again = model.new_state(), model.new_state()
    logits = model.forward(tokens, state)
    for token in tokens:
        expected = model.forward([token], again)
    np.testing.assert_allclose(logits, expected, atol=1e-5)


@pytest.mark.parametrize("version", MAKERS)
def test_a_copied_or_restored_state_continues_exactly(version: str) -> None:
    model = build(MAKERS[version]())
    state = model.new_state()
    model.forward(TOKENS, state)
    branch, restored = state.copy(), model.new_state()
    restored.assign({name: array.copy() for name, array in state.arrays.items()})
    expected = model.forward([7], state)
    model.forward([9], state)
    np.testing.assert_array_equal(model.forward([7], branch), expected)
    np.testing.assert_array_equal(model.forward([7], restored), expected)


def test_a_state_of_another_model_is_refused_and_changes_nothing() -> None:
    state, other = build(checkpoints.rwkv4()).new_state(), build(checkpoints.rwkv7()).new_state()
    before = {name: array.copy() for name, array in state.arrays.items()}
    with pytest.raises(SettingsError, match="another version or size"):
        state.assign(other.arrays)
    for name, array in state.arrays.items():
        np.testing.assert_array_equal(array, before[name])


def test_rwkv4_sums_do_not_overflow() -> None:
    tensors = checkpoints.rwkv4()
    tensors["blocks.0.att.key.weight"] *= 1000
    model = build(tensors)
    assert np.isfinite(model.forward(TOKENS, model.new_state(), logits="all")).all()


@pytest.mark.parametrize("token", [-1, 50])
def test_a_token_outside_the_vocabulary_is_refused(token: int) -> None:
    model = build(checkpoints.rwkv4())
    with pytest.raises(SettingsError, match="outside the model's vocabulary"):
        model.forward([token], model.new_state())


def test_no_tokens_are_refused() -> None:
    model = build(checkpoints.rwkv4())
    with pytest.raises(SettingsError, match="at least one token"):
        model.forward([], model.new_state())


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("blocks.0.qkv.weight", "RWKV-7b.*grows with the text"),
        ("blocks.0.ffn.enn.weight", "RWKV-8.*been published"),
        ("_strategy", "converted by the rwkv package"),
        ("blocks.0.att.key.weight_mx", "converted by the rwkv package"),
    ],
)
def test_variants_that_do_not_run_are_refused_by_name(name: str, variant: str) -> None:
    tensors = {**checkpoints.rwkv7(layers=1), name: np.zeros(1, np.float32)}
    with pytest.raises(UnsupportedModelError, match=variant):
        build(tensors)


@pytest.mark.parametrize("tensors", [{"blocks.0.att.time_state": np.zeros((2, 64, 64), np.float32)}, {}])
def test_a_state_is_refused_as_a_state(tensors: checkpoints.Tensors) -> None:
    about = None if tensors else {"goosequill.state": "{}"}
    file = b"".join(encode(tensors.items() or [("wkv", np.zeros(1, np.float32))], about))
    with pytest.raises(UnsupportedModelError, match="contains a state"):
        load_model(open_tensors(BytesSource(file)))


@pytest.mark.parametrize("missing", ["emb.weight", "blocks.1.att.key.weight", "ln_out.bias", "head.weight"])
def test_a_missing_tensor_is_named(missing: str) -> None:
    tensors = checkpoints.rwkv4()
    del tensors[missing]
    with pytest.raises(GoosequillError, match=missing.replace(".", r"\.")):
        build(tensors)


def test_a_tensor_of_a_wrong_shape_is_named() -> None:
    tensors = checkpoints.rwkv4()
    tensors["blocks.1.att.key.weight"] = np.zeros((64, 63), np.float32)
    with pytest.raises(GoosequillError, match=r"blocks\.1\.att\.key\.weight.*\[64, 63\].*\[64, 64\]"):
        build(tensors)
