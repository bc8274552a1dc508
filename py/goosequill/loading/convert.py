"""Converts weights in any format that Goosequill reads to a model folder.

The folder contains safetensors shards, the tokenizer, config.json with every file's SHA-256, and a
model card. Only one tensor is in memory at a time, so models larger than memory can be converted.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from goosequill.chat.choosing import UNKNOWN, choose_format, hints
from goosequill.errors import SettingsError
from goosequill.loading.load import peak_memory
from goosequill.loading.opening import Opened, choose_tokenizer, open_path
from goosequill.models.config import GROUP_NORM_EPS, ModelConfig, check_eps
from goosequill.models.detect import detect_config
from goosequill.support.progress import OnProgress
from goosequill.tokenizers import MAX_FILE, is_built_in
from goosequill.tokenizers.base import well_formed
from goosequill.weights import FileSource, open_tensors
from goosequill.weights.file_names import DESCRIPTION
from goosequill.weights.folder import FORMAT, FORMAT_VERSION
from goosequill.weights.source import is_count
from goosequill.weights.writing import Bits, write_shards

SHARD_SIZE = 90_000_000
"""Default limit for the size of a file in bytes: GitHub Pages accepts 100 MB."""

_KEPT = ("name", "title", "description", "licence", "source", "prompts", "chat", "registers", "end_token")
"""Fields of config.json that a converted model folder keeps."""


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
    progress: OnProgress | None = None,
) -> dict[str, Any]:
    """Write a model folder.

    Parameters
    ----------
    source
        A file of weights, or a folder that contains them.
    out
        The folder to write; it must not exist yet, or be empty.
    bits
        Quantize the large matrices to 8 or 4 bits; None keeps the original's types.
    pack
        Store quantized matrices in the layout that the fast kernels compute with, which makes loading
        faster.
    shard_size
        Limit for the size of a file in bytes.
    tokenizer
        Name ("world", "neox-20b", "byte") or path of the tokenizer; by default the original's own,
        or the one that models of this vocabulary size use.
    group_norm_eps
        Added to the variance of each head; by default the original's, or 64e-5.
    about
        Fields of config.json that describe the model: title, description, licence, source, ...

    Returns
    -------
    dict
        The contents of config.json.

    Raises
    ------
    GoosequillError
        If the original is invalid or not a model that Goosequill runs, the tokenizer is missing or
        another model's, `out` is not empty, or there is nothing to pack.
    """
    opened, out = open_path(source), Path(out)
    if pack and not _bits(opened, bits):
        raise SettingsError(
            "There is nothing to pack: only matrices in 8 or 4 bits can be packed.", code="nothing-to-pack"
        )
    eps = _eps(opened, group_norm_eps)
    config = detect_config(opened.tensors)
    kind, tokenizer_name, tokenizer_data = _tokenizer(opened, tokenizer, config.vocab_size)
    _create(out)
    try:
        shards = write_shards(
            out, opened.tensors, bits=bits, pack=pack, shard_size=shard_size, progress=progress
        )
        files = list(shards)
        if tokenizer_name:
            files.append(_write(out / tokenizer_name, tokenizer_data))
        description = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            **_about(opened, Path(source), out, kind),
            **(about or {}),
            "architecture": f"rwkv{config.version}",
            "tokenizer": {"kind": kind, "file": tokenizer_name} if tokenizer_name else {"kind": kind},
            "quantization": {"bits": _bits(opened, bits)} | ({"packed": True} if pack else {}),
            "parameters": config.parameters,
            "memory": peak_memory(open_tensors([FileSource(out / shard["name"]) for shard in shards])),
            "group_norm_eps": eps,
            "files": files,
        }
        (out / "README.md").write_text(well_formed(_card(description, config)), encoding="utf-8")
        text = well_formed(json.dumps(description, indent=2, ensure_ascii=False)) + "\n"
        (out / DESCRIPTION).write_text(text, encoding="utf-8")
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)  # It was empty before; half a model is of no use.
        raise
    return description


def _create(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The folder {out} cannot be created: {error.strerror or error}.",
            code="output",
            remedy="Choose another folder.",
        ) from error
    if any(out.iterdir()):
        raise SettingsError(f"The folder {out} is not empty.", code="output")


def _tokenizer(opened: Opened, asked: str | None, vocab_size: int) -> tuple[str, str, bytes]:
    """(kind, name of its file, contents) of the tokenizer; name and contents are empty for a built-in one."""
    _, source = choose_tokenizer(opened, vocab_size, asked)
    if isinstance(source, str) and is_built_in(source):
        return source.lower(), "", b""
    if isinstance(source, (str, Path)):
        path = Path(source)
        source = FileSource(path / "tokenizer.json" if path.is_dir() else path)
    suffix = Path(source.name).suffix
    return (
        ("world" if suffix == ".txt" else "bpe"),
        f"tokenizer{suffix}",
        source.read(0, min(source.size, MAX_FILE)),
    )


def _write(target: Path, data: bytes) -> dict[str, Any]:
    target.write_bytes(data)
    return {"name": target.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _about(opened: Opened, source: Path, out: Path, kind: str) -> dict[str, Any]:
    """What the original says about itself."""
    metadata = opened.tensors.metadata
    chat, reason = choose_format({"name": source.name, "metadata": hints(metadata)})
    about: dict[str, Any] = {
        "name": out.resolve().name,
        "title": _text(metadata.get("general.name")) or source.stem,
        "description": f"Converted from {source.name}.",
        "licence": _text(metadata.get("general.license")) or "unknown",
        "source": _text(metadata.get("general.source.url")) or source.name,
        "prompts": [],
        "chat": chat.to_dict() if kind == "world" or reason != UNKNOWN else None,
    }
    return about | {key: opened.description[key] for key in _KEPT if key in opened.description}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _bits(opened: Opened, bits: Bits | None) -> int | None:
    described = opened.description.get("quantization")
    kept = described.get("bits") if isinstance(described, dict) else None
    if bits or (is_count(kept) and kept in (8, 4)):
        return bits or kept
    types = {opened.tensors.dtype(name) for name in opened.tensors.names()}
    return 4 if "int4" in types else 8 if "int8" in types else None


def _eps(opened: Opened, asked: float | None) -> float:
    return check_eps(opened.description.get("group_norm_eps", GROUP_NORM_EPS) if asked is None else asked)


def _card(description: dict[str, Any], config: ModelConfig) -> str:
    bits = description["quantization"]["bits"]
    packed = ", packed" if description["quantization"].get("packed") else ""
    form = f"quantized to {bits} bits{packed}" if bits else "not quantized"
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
