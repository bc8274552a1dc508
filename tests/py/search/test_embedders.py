"""Folders of embedding models: opened, refused when they are corrupt; the static table; language models."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from goosequill.errors import GoosequillError
from goosequill.kernels import load_kernel
from goosequill.search.embedder import fingerprint, unit_rows
from goosequill.search.embedders import open_embedder, open_folder, open_resource
from goosequill.search.static_table import StaticTable
from goosequill.tokenizers.wordpiece import WordPiece
from goosequill.weights.source import BytesSource
from tests.py.refusals import refused

from . import encoder

STATIC = Path(__file__).resolve().parents[3] / "site" / "models" / "minilm-static"


def sources(folder: Path) -> dict[str, BytesSource]:
    return {path.name: BytesSource(path.read_bytes(), path.name) for path in folder.iterdir()}


def code_of(files: dict[str, BytesSource], **options: bool) -> str:
    with pytest.raises(GoosequillError) as caught:
        open_embedder("", files, load_kernel("numpy"), **options)
    return caught.value.code


def test_both_kinds_open_and_say_what_they_are(tmp_path: Path) -> None:
    full = open_folder(encoder.write_folder(tmp_path / "full"))
    static = open_folder(encoder.write_folder(tmp_path / "static", "static", name="table"))
    assert (full.name, full.dimensions, static.name, static.dimensions) == ("small", 32, "table", 16)
    assert full.space == static.space == "s"
    assert full.fingerprint != static.fingerprint
    again = open_folder(encoder.write_folder(tmp_path / "again"))
    other = open_folder(encoder.write_folder(tmp_path / "other", seed=1))
    assert full.fingerprint == again.fingerprint != other.fingerprint


def test_the_job_keeps_the_embedder_and_describes_it(tmp_path: Path) -> None:
    kept = open_resource(sources(encoder.write_folder(tmp_path)))
    assert kept.kind == "embedder"
    assert kept.info == {
        "name": "small",
        "dimensions": 32,
        "fingerprint": kept.value.fingerprint,
        "space": "s",
        "divisible": True,
    }
    assert open_embedder("small", sources(tmp_path)).name == "small"
    with pytest.raises(GoosequillError, match="'small', not 'minilm-l6'"):
        open_embedder("minilm-l6", sources(tmp_path))


def test_each_missing_or_altered_file_is_reported(tmp_path: Path) -> None:
    folder = encoder.write_folder(tmp_path)
    for name in ("config.json", "vocab.txt", "model.safetensors"):
        assert code_of({key: file for key, file in sources(folder).items() if key != name}) == "file-missing"
    files = sources(folder)
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    assert code_of({**files, "model.safetensors": BytesSource(data)}) == "file-altered"
    assert code_of({**files, "model.safetensors": BytesSource(data[:-9])}) == "file-truncated"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "goosequill-model"},
        {"format_version": 2},
        {"kind": "gpt"},
        {"kind": "bert", "heads": "4"},
        {"files": []},
        {"files": [{"name": "../x", "bytes": 1, "sha256": "0" * 64}]},
    ],
)
def test_a_description_of_something_else_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    files = sources(encoder.write_folder(tmp_path))
    config = {**json.loads((tmp_path / "config.json").read_text("utf-8")), **change}
    assert code_of({**files, "config.json": BytesSource(json.dumps(config).encode())}) == "model-folder"


@pytest.mark.parametrize("heads", [0, -1, 5, 1 << 40])
def test_impossible_heads_are_refused(tmp_path: Path, heads: int) -> None:
    folder = encoder.write_folder(tmp_path)
    encoder.describe(folder, {"name": "small", "kind": "bert", "heads": heads})
    assert code_of(sources(folder)) == "tensor-shape"


def test_folders_without_weights_vocabulary_or_table_are_refused(tmp_path: Path) -> None:
    folder = encoder.write_folder(tmp_path / "a")
    (folder / "model.safetensors").rename(folder / "model.bin")
    encoder.describe(folder, {"name": "small", "kind": "bert", "heads": 4})
    assert code_of(sources(folder)) == "model-folder"
    (folder / "model.bin").rename(folder / "model.safetensors")
    (folder / "vocab.txt").rename(folder / "words.txt")
    encoder.describe(folder, {"name": "small", "kind": "bert", "heads": 4})
    assert code_of(sources(folder)) == "model-folder"
    folder = encoder.write_folder(tmp_path / "b")
    encoder.describe(folder, {"name": "small", "kind": "static"})
    assert code_of(sources(folder)) == "tensor-missing"


@pytest.mark.parametrize("kind", ["bert", "static"])
def test_random_damage_gives_our_errors_or_a_working_model(tmp_path: Path, kind: str) -> None:
    original = sources(encoder.write_folder(tmp_path, kind))
    source = random.Random(9)
    refused = 0
    for _ in range(300):
        name = source.choice(sorted(original))
        data = bytearray(original[name].read(0, original[name].size))
        for _ in range(source.choice((1, 1, 3, 30))):
            data[source.randrange(min(len(data), 4_000))] = source.randrange(256)
        del data[source.choice((len(data), len(data), source.randrange(len(data)))) :]
        try:
            model = open_embedder("", {**original, name: BytesSource(data, name)}, verify=False)
            assert np.isfinite(model.question("abc. d")).all()
        except GoosequillError:
            refused += 1
    assert refused > 100


def test_the_static_table_is_the_mean_of_its_rows() -> None:
    table = open_folder(STATIC)
    assert isinstance(table, StaticTable)
    assert (table.name, table.dimensions, table.rows.shape) == ("static-minilm", 256, (30_522, 256))
    tokens = [table.pieces.index(piece) for piece in ("heart", "##burn")]
    expected = table.rows[tokens].mean(axis=0)
    assert np.allclose(table.question("Heartburn"), expected / np.linalg.norm(expected), atol=1e-5)
    assert not table.question("").any()
    assert not table.rows[[0, 101, 102]].any()


def test_the_static_table_knows_what_is_alike() -> None:
    table = open_folder(STATIC)
    passages = [
        "Temperature changes how random the sampled text is.",
        "Stomach acid flows back into the gullet and burns.",
        "The train leaves the station at nine in the morning.",
    ]
    asked = ["less random output", "I get a lot of heartburn", "when does my railway carriage depart"]
    similar = table.embed(asked) @ table.embed(passages).T
    assert similar.argmax(axis=1).tolist() == [0, 1, 2]


def test_a_table_of_another_vocabulary_is_refused() -> None:
    with refused(GoosequillError, "tensor-shape"):
        StaticTable(np.zeros((7, 4), np.float32), WordPiece(encoder.PIECES))


def test_rows_have_length_one_or_are_zero() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0], [1e-30, 0], [1e30, 1e30]], np.float32))
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 0, 1, 1])
    with pytest.raises(GoosequillError):
        unit_rows(np.array([[np.inf, 0]], np.float32))


def test_a_fingerprint_depends_on_where_parts_end() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert len(fingerprint()) == 64
