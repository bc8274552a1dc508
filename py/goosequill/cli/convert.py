"""`goosequill convert`: convert weights in any format to a model folder."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from goosequill.chat.formats import FORMATS
from goosequill.cli.models import add_quantize_option, find_model
from goosequill.cli.output import say, say_json
from goosequill.cli.progress import ProgressLine
from goosequill.errors import SettingsError
from goosequill.loading.convert import SHARD_SIZE, convert

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Convert .pth, .safetensors, .st, .gguf, .prefab or rwkv.cpp's .bin, or a folder with one of them, "
        "to a model folder: safetensors shards, tokenizer, and config.json with every file's SHA-256."
    )
    parser.add_argument("source", metavar="IN", help="the weights: a file, a folder or a model id")
    parser.add_argument("out", metavar="OUT", type=Path, help="the folder to write; new or empty")
    add_quantize_option(parser)
    parser.add_argument(
        "--pack",
        action="store_true",
        help="store quantized matrices in the layout of the fast kernels, which makes loading faster",
    )
    parser.add_argument(
        "--shard-size",
        metavar="SIZE",
        default=f"{SHARD_SIZE // 10**6}MB",
        help="largest size of a file, such as 90MB or 1GiB (default: 90MB; GitHub Pages accepts 100 MB)",
    )
    parser.add_argument(
        "--tokenizer",
        help="world, neox-20b, byte, or the path of a tokenizer.json; by default the model's own",
    )
    parser.add_argument("--group-norm-eps", type=float, help="for versions 5 to 7 (default: 64e-5)")
    parser.add_argument("--title", help="the model's display name")
    parser.add_argument("--description", help="one or two sentences")
    parser.add_argument("--licence", help="for example Apache-2.0")
    parser.add_argument("--source-url", dest="origin", help="where the original was published")
    parser.add_argument("--chat", choices=[*FORMATS, "none"], help="its chat format")
    parser.add_argument("--json", action="store_true", help="print the folder's config.json")


def run(options: argparse.Namespace) -> int:
    """Convert, list the files, and return the exit status."""
    description = convert(
        find_model(options, options.source),
        options.out,
        bits=options.quantize,
        pack=options.pack,
        shard_size=parse_size(options.shard_size),
        tokenizer=options.tokenizer,
        group_norm_eps=options.group_norm_eps,
        about=_about(options),
        progress=ProgressLine(options, "{done} of {total} tensors"),
    )
    if options.json:
        say_json(description, indent=2)
        return 0
    for file in description["files"]:
        say(f"{file['sha256']}  {file['bytes']:>13,}  {options.out / file['name']}")
    total = sum(file["bytes"] for file in description["files"])
    say(f"{description['architecture']}, {description['parameters']:,} parameters, {total / 1e6:,.1f} MB")
    return 0


def parse_size(text: str) -> int:
    """Parse a size such as ``90MB``, ``0.5 GiB`` or ``1000``; return bytes.

    Raises
    ------
    SettingsError
        ``size``: it is not a size, or zero.
    """
    match = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([kmg]i?)?b?\s*", text.lower())
    size = int(float(match[1]) * _UNITS[match[2] or ""]) if match else 0
    if not size:
        raise SettingsError(f"{text!r} is not a size.", code="size")
    return size


def _about(options: argparse.Namespace) -> dict[str, Any]:
    about: dict[str, Any] = {
        "title": options.title,
        "description": options.description,
        "licence": options.licence,
        "source": options.origin,
    }
    found = {key: value for key, value in about.items() if value is not None}
    if options.chat is not None:
        found["chat"] = FORMATS[options.chat].to_dict() if options.chat != "none" else None
    return found
