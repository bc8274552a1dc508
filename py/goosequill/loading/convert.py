"""Makes a model folder for the site out of any file of weights that Goosequill reads.

The folder holds safetensors shards, the tokenizer, config.json with every file's SHA-256, and a
model card. Tensors pass through one at a time, so a model larger than memory can be converted.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goosequill.chat.formats import FORMATS
from goosequill.errors import SettingsError, TokenizerError
from goosequill.models.config import GROUP_NORM_EPS, ModelConfig, detect_config
from goosequill.tokenizers import check_vocabulary, load_tokenizer, tokenizer_for_vocabulary
from goosequill.weights import FileSource, TensorSource, folder_reader, open_folder, open_tensors
from goosequill.weights.folder import DESCRIPTION, FORMAT, FORMAT_VERSION, is_description
from goosequill.weights.writing import Bits, Progress, write_shards

SHARD_SIZE = 90_000_000
"""Most bytes of a file by default: GitHub Pages takes 100 MB."""

_KEPT = ("name", "title", "description", "licence", "source", "prompts", "chat", "registers", "end_token")


@dataclass(frozen=True)
class Original:
    """What is converted.

    Attributes
    ----------
    description
        config.json, where the original is a model folder; else empty.
    tokenizer
        The original's own tokenizer file, if it has one.
    """

    tensors: TensorSource
    description: dict[str, Any]
    tokenizer: Path | None


def open_original(path: str | Path, *, verify: bool = True) -> Original:
    """Open weights, a folder with weights and perhaps tokenizer.json in it, or a model folder.

    `verify` compares the files of a model folder with their SHA-256.
    """
    path = Path(path)
    description = path / DESCRIPTION
    if description.is_file() and is_description(FileSource(description)):
        folder = open_folder(folder_reader(path), verify=verify)
        file = folder.description["tokenizer"].get("file")
        return Original(folder.tensors, folder.description, path / file if file else None)
    tokenizer = path / "tokenizer.json"
    return Original(open_tensors(path), {}, tokenizer if tokenizer.is_file() else None)


def convert(
    source: str | Path,
    out: str | Path,
    *,
    bits: Bits | None = None,
    pack: bool = False,
    shard_size: int = SHARD_SIZE,
    tokenizer: str | None = None,
    group_norm_eps: float | None = None,
    about: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write a model folder.

    Parameters
    ----------
    source
        Weights of any known format, or a folder that holds them.
    out
        Where the folder will be; it must not exist yet, or be empty.
    bits
        Round the large matrices to 8 or 4 bits; None keeps the original's numbers.
    pack
        Lay the rounded matrices out as the fast kernels hold them, which saves that while loading.
    shard_size
        Most bytes of a file.
    tokenizer
        Name ("world", "neox-20b", "byte") or path of the tokenizer; by default the original's own,
        or the one that models of this vocabulary use.
    group_norm_eps
        Added to the variance of each head; by default what the original says, or 64e-5.
    about
        Fields of config.json that describe the model: title, description, licence, source, ...

    Returns
    -------
    dict
        config.json.

    Raises
    ------
    GoosequillError
        If the original is unsound or no model that runs here, the tokenizer is missing or another
        model's, `out` is not empty, or there is nothing to pack.
    """
    original, out = open_original(source), Path(out)
    if pack and not _bits(original, bits):
        raise SettingsError(
            "There is nothing to pack: only matrices in 8 or 4 bits are.",
            code="nothing-to-pack",
            remedy="Round them with --quantize int8 or int4.",
        )
    config = detect_config(original.tensors)
    kind, file = _tokenizer(original, tokenizer, config.vocab_size)
    _prepare(out)
    try:
        files = write_shards(
            out, original.tensors, bits=bits, pack=pack, shard_size=shard_size, progress=progress
        )
        if file is not None:
            files.append(_copy(file, out / f"tokenizer{file.suffix}"))
        description = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            **_about(original, Path(source), out, kind),
            **(about or {}),
            "architecture": f"rwkv{config.version}",
            "tokenizer": {"kind": kind} if file is None else {"kind": kind, "file": files[-1]["name"]},
            "quantization": {"bits": _bits(original, bits)} | ({"packed": True} if pack else {}),
            "parameters": config.parameters,
            "group_norm_eps": _eps(original, group_norm_eps),
            "files": files,
        }
        (out / "README.md").write_text(_card(description, config), encoding="utf-8")
        text = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
        (out / DESCRIPTION).write_text(text, encoding="utf-8")
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)  # It was empty; half a model helps nobody.
        raise
    return description


def _prepare(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The folder {out} cannot be made: {error.strerror or error}.",
            code="output",
            remedy="Choose another.",
        ) from error
    if any(out.iterdir()):
        raise SettingsError(
            f"The folder {out} is not empty.", code="output", remedy="Choose a new one, or empty it first."
        )


def _tokenizer(original: Original, asked: str | None, vocab_size: int) -> tuple[str, Path | None]:
    """(kind, file) of the tokenizer, which is checked against the vocabulary."""
    described = original.description.get("tokenizer", {})
    own = original.tokenizer or described.get("kind")
    spec = asked or own or tokenizer_for_vocabulary(vocab_size)
    if spec is None:
        raise TokenizerError(
            f"The model has a vocabulary of {vocab_size:,} tokens, which no built-in tokenizer has.",
            code="tokenizer-needed",
            remedy="Name its tokenizer.json with --tokenizer.",
        )
    tokenizer = load_tokenizer(spec)
    check_vocabulary(tokenizer, vocab_size)
    if isinstance(spec, str) and spec.lower() in ("world", "neox-20b", "byte"):
        return spec.lower(), None
    file = Path(spec) / "tokenizer.json" if Path(spec).is_dir() else Path(spec)
    return ("world" if file.suffix == ".txt" else "bpe"), file


def _copy(file: Path, target: Path) -> dict[str, Any]:
    data = file.read_bytes()
    target.write_bytes(data)
    return {"name": target.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _about(original: Original, source: Path, out: Path, kind: str) -> dict[str, Any]:
    """What is known of the model beside its numbers."""
    metadata = original.tensors.metadata
    title = metadata.get("general.name") or source.stem
    about: dict[str, Any] = {
        "name": out.resolve().name,
        "title": title if isinstance(title, str) else source.stem,
        "description": f"Converted from {source.name}.",
        "licence": _text(metadata.get("general.license")) or "unknown",
        "source": _text(metadata.get("general.source.url")) or source.name,
        "prompts": [],
        "chat": FORMATS["world"].to_dict() if kind == "world" else None,
    }
    return about | {key: original.description[key] for key in _KEPT if key in original.description}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _bits(original: Original, bits: Bits | None) -> int | None:
    described = original.description.get("quantization")
    kept = described.get("bits") if isinstance(described, dict) else None
    if bits or isinstance(kept, int):
        return bits or kept
    types = {original.tensors.dtype(name) for name in original.tensors.names()}
    return 4 if "int4" in types else 8 if "int8" in types else None


def _eps(original: Original, asked: float | None) -> float:
    kept = original.description.get("group_norm_eps", GROUP_NORM_EPS)
    return asked if asked is not None else float(kept)


def _card(description: dict[str, Any], config: ModelConfig) -> str:
    bits = description["quantization"]["bits"]
    packed = ", packed" if description["quantization"].get("packed") else ""
    form = f"in {bits} bits{packed}" if bits else "in the original's numbers"
    total = sum(file["bytes"] for file in description["files"])
    return f"""# {description["title"]}

{description["description"]}

- RWKV-{config.version}, {config.parameters:,} parameters: {config.layers} layers of width {config.width}, \
{config.vocab_size:,} tokens
- {form}, {total / 1e6:,.1f} MB in {len(description["files"])} files
- tokenizer: {description["tokenizer"]["kind"]}
- licence: {description["licence"]}; source: {description["source"]}

Written by `goosequill convert`. Put this folder under `models/` of a Goosequill site, or load it with
`goosequill generate --model FOLDER`.
"""
