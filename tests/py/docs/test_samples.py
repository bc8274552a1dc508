"""Every sample of code in the documentation works: run, read, or excused with a reason."""

import json
import shlex
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
import yaml

from goosequill.cli.main import main
from goosequill.conversations.tree import Tree
from goosequill.conversations.writing import write
from goosequill.tuning.adapter import Adapter
from goosequill.weights import QuantizedMatrix, folder_reader, open_folder
from goosequill.weights.formats import safetensors
from tests.py.search.encoder import write_folder
from tests.samples import IN_PAGE, READ, ROOT, RUN, SHELL, Sample, reasons, samples

SAMPLES = list(samples())
REASONS = reasons()
READERS = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}
MODEL = ROOT / "site" / "models" / "default"
NAMES = {"MODEL.pth": "MODEL.safetensors", ".venv/bin/goosequill": "goosequill"}
"""What stands for a name of the reader's own."""


def is_excused(sample: Sample) -> bool:
    return (sample.file, sample.first) in REASONS


def commands(sample: Sample) -> list[str]:
    """The commands of a shell sample that are to be run."""
    return [each for each in sample.commands if (sample.file, each) not in REASONS]


def files_with(languages: set[str]) -> list[str]:
    found = (each.file for each in SAMPLES if each.language in languages and not is_excused(each))
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the samples name: models, documents, votes, a conversation, a site."""
    folder = tmp_path_factory.mktemp("samples")
    for name in ("site", "docs"):
        (folder / name).symlink_to(ROOT / name)
    for models in ("models", "dist/models"):
        write_folder(folder / models / "minilm", name="minilm-l6")
        write_folder(folder / models / "minilm-static", "static", name="static-minilm")
    tensors = open_folder(folder_reader(MODEL)).tensors
    full = [(name, tensors.read(name)) for name in tensors.names()]
    plain = [(name, x.dequantize() if isinstance(x, QuantizedMatrix) else x) for name, x in full]
    safetensors.write(folder / "MODEL.safetensors", plain)
    shutil.copyfile(MODEL / "tokenizer.json", folder / "tokenizer.json")
    texts = {"reflux.txt": "A burning pain.", "migraine.txt": "A headache.", "TEXT.txt": "It was a fine day."}
    pages = {"papers/one.md": "# One\n\nHeartburn.", "public/index.html": "<h1>Home</h1><p>Welcome.</p>"}
    for name, text in {**texts, **pages}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    vote = {"prompt": "p", "left": {"name": "new"}, "right": {"name": "old"}, "choice": "left"}
    for rater in ("ann", "bob"):
        data = {"format": "goosequill-votes", "rater": rater, "votes": [vote]}
        (folder / f"{rater}.json").write_text(json.dumps(data), encoding="utf-8")
    tree = Tree()
    tree.rate(tree.add("assistant", "It was grey.", tree.add("user", "Tell me of the sea")), 1)
    (folder / "conversations.jsonl").write_bytes(write([tree], "oasst-messages"))
    width = next(x.shape[1] for name, x in plain if name == "emb.weight")
    Adapter({"ln_out.bias": np.full(width, 0.1, np.float32)}).write(folder / "pirate.safetensors")
    return folder


@pytest.fixture
def reader(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder in which the reader of one article works."""
    place = tmp_path / "reader"
    shutil.copytree(prepared, place, symlinks=True)
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize("file", files_with(RUN))
def test_the_python_of_an_article_runs_from_top_to_bottom(file: str, reader: Path) -> None:
    names: dict[str, object] = {}
    for sample in SAMPLES:
        if sample.file == file and sample.language in RUN and not is_excused(sample):
            exec(compile(sample.code, f"{file}: {sample.first}", "exec"), names)


@pytest.mark.parametrize("file", [f for f in files_with(SHELL) if any(
    commands(each) for each in SAMPLES if each.file == f and each.language in SHELL)])  # fmt: skip
def test_the_commands_of_an_article_succeed_in_their_order(file: str, reader: Path) -> None:
    for sample in SAMPLES:
        if sample.file != file or sample.language not in SHELL:
            continue
        for command in commands(sample):
            words = [NAMES.get(word, word) for word in shlex.split(command)]
            assert words[0] == "goosequill", f"{command}: run it, or give a reason in tests/samples.json"
            assert main(words[1:]) == 0, command


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.language in READ], ids=lambda s: s.file)
def test_data_can_be_read(sample: Sample) -> None:
    assert READERS[sample.language](sample.code)


def test_every_other_sample_has_a_reason_and_every_reason_a_sample() -> None:
    covered = RUN | READ | IN_PAGE | SHELL
    missing = [(s.file, s.first) for s in SAMPLES if s.language not in covered and not is_excused(s)]
    assert missing == []
    known = {(s.file, s.first) for s in SAMPLES}
    known |= {(s.file, each) for s in SAMPLES if s.language in SHELL for each in s.commands}
    assert sorted(set(REASONS) - known) == []
