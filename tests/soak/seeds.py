"""Makes the sound files that the fuzzers start from: ``python -m tests.soak.seeds`` in the project's root."""

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import docx
import numpy as np

from goosequill.chat.formats import FORMATS
from goosequill.chat.saved_state import SavedState, encode_saved_state
from goosequill.decoding import PRESETS
from goosequill.kernels import NumpyKernel
from goosequill.models import Model, load_model
from goosequill.search.embedder import unit_rows
from goosequill.search.index import Index
from goosequill.search.index_files import IndexModel
from goosequill.search.lancedb_store import LanceStore, Row
from goosequill.search.passages import passages
from goosequill.search.storage import MemoryStorage
from goosequill.tuning.adapter import Adapter, AdapterFacts
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from tests.py.checkpoints import rwkv4
from tests.py.search.documents.pdfs import pdf
from tests.py.search.encoder import write_folder
from tests.py.search.samples import HashEmbedder, make_document
from tests.py.tokenizers.test_bpe import LLAMA3, RAW, SPLIT, small
from tests.py.weights import converters
from tests.py.weights.test_hostile import small as small_checkpoint
from tests.py.weights.test_hostile import sound
from tests.soak.readers import SEEDS

WEIGHTS = b"".join(encode(rwkv4(layers=1, width=8, ffn=8, vocab=256).items()))
OASST = {"text": "Q", "role": "prompter", "replies": [{"text": "A", "role": "assistant", "rank": 0}]}
CHATGPT = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["Q"]}, "create_time": 1}
TIE = {"choice": "tie"}


def files_of_weights() -> dict[str, bytes]:
    kinds = {
        "4.safetensors": "safetensors-4",
        "7.safetensors": "safetensors-7",
        "packed.safetensors": "packed-7",
    }
    found = {name: sound(kind) for name, kind in kinds.items()}
    found |= {"5.pth": sound("pth-5.2"), "4.bin": sound("bin-4"), "7.prefab": sound("prefab-7")}
    with tempfile.TemporaryDirectory() as folder:
        path = converters.write_gguf(Path(folder) / "6.gguf", small_checkpoint("6"), "6")
        found["6.gguf"] = path.read_bytes()
    return found


def zipped(files: dict[str, bytes], compression: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return buffer.getvalue()


def index_files() -> dict[str, bytes]:
    storage, embedder = MemoryStorage(), HashEmbedder()
    index = Index.create(storage, NumpyKernel().search, name="seed")
    for number in range(3):
        index.add(make_document(number, sentences=4), digest=f"{number:064x}")
    texts = [index.embedded_text(number) for number in index.waiting(100).tolist()]
    index.add_vectors(embedder.embed(texts), IndexModel.of(embedder))
    index.save_words(index.words())
    index.commit()
    return {name: bytes(storage.read(name, 0, storage.size(name))) for name in storage.names()}


def lancedb_files() -> dict[str, bytes]:
    """The files of a database, in whose names + stands for a folder."""
    embedder, documents = (
        HashEmbedder(dimensions=8),
        [make_document(number, sentences=4) for number in range(3)],
    )
    with tempfile.TemporaryDirectory() as folder:
        store = LanceStore(folder)
        rows = [Row(each, each.name, passage, last=True) for each in documents for passage in passages(each)]
        store.add(rows, unit_rows(embedder.embed([row.indexed for row in rows])), IndexModel.of(embedder))
        store.finish()
        found = [path for path in Path(folder).rglob("*") if path.is_file()]
        return {"+".join(path.relative_to(folder).parts): path.read_bytes() for path in found}


def adapters(model: Model) -> dict[str, bytes]:
    layers, *shape = model.state_arrays()["wkv"].shape
    states = {f"blocks.{layer}.att.time_state": np.ones(shape, np.float32) for layer in range(layers)}
    about = AdapterFacts("vectors", model.fingerprint, "m", "n", {"rate": 0.01}, {"examples": 5}, 3.5, 2.5)
    vectors = {name: array / 8 for name, array in model.vectors.items() if "ln" in name}
    return {
        "a.safetensors": Adapter(vectors, about).encode(),
        "b.pth": Adapter(states, AdapterFacts("state")).encode_pth(),
    }


def word() -> bytes:
    document, buffer = docx.Document(), io.BytesIO()
    document.add_heading("Geese", 1)
    document.add_paragraph("They fly south.", style="List Bullet")
    document.add_table(1, 2).cell(0, 0).text = "cell"
    document.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        parts = {name: archive.read(name) for name in ("word/document.xml", "docProps/core.xml")}
    return zipped(parts, zipfile.ZIP_STORED)


def array() -> bytes:
    held = io.BytesIO()
    np.save(held, np.array([[0.5, 1], [2, 0]], np.float32))
    return held.getvalue()


def plain() -> dict[str, dict[str, object]]:
    """The files that are JSON."""
    level = {"type": "ByteLevel", "add_prefix_space": True}
    entry = {
        "name": "model.safetensors",
        "bytes": len(WEIGHTS),
        "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
    }
    vote = {
        "prompt": "p",
        "choice": "left",
        "left": {"name": "a", "config": "c", "sample": 1},
        "right": {"name": "b"},
    }
    split = {"type": "Sequence", "pretokenizers": [SPLIT, {"type": "Digits"}, RAW]}
    assert LLAMA3 in json.dumps(split) or SPLIT
    return {
        "folder": {
            "config.json": {
                "format": "goosequill-model",
                "format_version": 1,
                "name": "n",
                "tokenizer": {"kind": "byte"},
                "group_norm_eps": 1e-5,
                "end_token": 0,
                "files": [entry],
            }
        },
        "tokenizer": {
            "gpt2.json": small(pre_tokenizer=level, normalizer={"type": "NFC"}),
            "llama3.json": small(pre_tokenizer=split),
        },
        "votes": {
            "a.json": {"format": "goosequill-votes", "rater": "r", "votes": [vote, {**vote, "choice": "tie"}]}
        },
        "settings": {"a.json": {"temperature": 0.5, "logit_bias": {"3": 1}, "stop": ["x"], "regex": "a+"}},
        "chat": {"a.json": FORMATS["g1"].to_dict() | {"role": "user", "content": "Hello"}},
        "conversations": {
            "a.json": [{"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]}],
            "b.json": {"message_tree_id": "1", "prompt": OASST},
            "c.json": {"title": "T", "mapping": {"a": {"message": CHATGPT, "children": ["b"]}, "b": {}}},
            "d.json": {"prompt": "Q", "chosen": "A", "rejected": "B"},
            "e.json": {"message_id": "1", "text": "a", "role": "prompter", "emojis": {"+1": 1}},
        },
        "examples": {
            "a.json": {"prompt": "Q", "completion": " A"},
            "b.json": {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]},
            "c.json": {"prompt": "Q", "chosen": "A", "rejected": [{"role": "assistant", "content": "B"}]},
            "d.json": {"prompt": "Q", "completion": "A", "label": True},
            "e.json": {"text": "a\nb"},
        },
        "prompts": {"a.json": ["a", {"prompt": "b"}]},
        "decoders": {"a.json": {"x": {"temperature": 0.5, "samples": 2}}, "b.json": list(PRESETS)[:2]},
        "embeddings": {
            "a.json": [{"filename": "a", "embedding": [1, 2.5]}, {"filename": "b", "embedding": [0, -1]}]
        },
    }


def everything() -> dict[str, dict[str, bytes]]:
    """Reader -> file -> bytes."""
    model = load_model(open_tensors(BytesSource(sound("safetensors-7"))), kernel=NumpyKernel())
    texts = {"a.md": b"---\ntitle: T\n---\n# A *b*\n\n- c\n\n| d | e |\n|---|---|\n| `f` | [g](h) |\n"}
    page = b"<!doctype html><title>T</title><main><h1 id=a>A</h1><p>b &amp; c<ul><li>d</ul></main>"
    table = b'title,text\n1,"a, ""b"""\n2,c\n'
    found = {
        "weights": files_of_weights(),
        "adapter": adapters(model),
        "state": {"a.safetensors": encode_saved_state(SavedState(model.new_state().arrays, "n"), model)},
        "wordpiece": {"vocab.txt": b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n##re\na\n"},
        "text": {"a.txt": b"Geese\n=====\n\nThey fly\nsouth.\n\n- a\n- b\n"},
        "markdown": texts,
        "html": {"a.html": page},
        "table": {"a.csv": table},
        "word": {"a.docx": word()},
        "pdf": {"a.pdf": pdf([["Geese", "fly."], []], title="T")},
        "zip": {"a.zip": zipped({**texts, "b.html": page, "c/d.csv": table}, zipfile.ZIP_DEFLATED)},
        "recording": {"a.csv": b"x;spike\n# of a cell\n0,5;1\n1e-3;0\n", "b.npy": array()},
        "index": index_files(),
        "lancedb": lancedb_files(),
        "index-zip": {"a.zip": zipped(index_files(), zipfile.ZIP_STORED)},
    }
    vocabulary = "".join(f"{number} {bytes([number - 1])!r} 1\n" for number in range(1, 257)).encode()
    for name, files in plain().items():
        found[name] = {file: json.dumps(value, indent=1).encode() for file, value in files.items()}
    found["folder"]["model.safetensors"] = WEIGHTS
    found["tokenizer"]["world.txt"] = vocabulary
    found["examples"]["f.txt"] = b"One.\n%\nTwo,\nthree.\n%\nFour.\n"
    for name, kind in (("minilm", "bert"), ("static", "static")):
        with tempfile.TemporaryDirectory() as folder:
            made = write_folder(Path(folder) / "m", kind)
            found[name] = {path.name: path.read_bytes() for path in made.iterdir()}
    return found


def main() -> None:
    """Write the files."""
    shutil.rmtree(SEEDS, ignore_errors=True)
    for name, files in everything().items():
        (SEEDS / name).mkdir(parents=True)
        for file, data in files.items():
            (SEEDS / name / file).write_bytes(data)


if __name__ == "__main__":
    main()
