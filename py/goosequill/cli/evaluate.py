"""`goosequill evaluate`: measure how well a model predicts a text, in bits per byte and perplexity."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from goosequill.cli.models import add_adapter_options, add_model_options, load
from goosequill.cli.output import say, say_json
from goosequill.cli.progress import ProgressLine
from goosequill.errors import SettingsError
from goosequill.evaluation.perplexity import Evaluation, evaluate, token_texts
from goosequill.support.budget import MOST_BYTES, Budget, File
from goosequill.support.line_ends import NOTE
from goosequill.tokenizers import Tokenizer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = "Measure how well a model predicts a text, in bits per byte and perplexity."
    parser.add_argument("file", type=Path, help="the text, in UTF-8; - for standard input")
    add_model_options(parser)
    add_adapter_options(parser)
    parser.add_argument(
        "--raw",
        action="store_true",
        help="measure byte for byte: keep Windows line endings, otherwise replaced by LF",
    )
    parser.add_argument("--surprisal", action="store_true", help="also print the bits of each token")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print the measures and return the exit status."""
    text = read_text(options.file)
    loaded = load(options)
    progress = ProgressLine(options, "reading {done} of {total} tokens")
    result = evaluate(loaded.model, loaded.tokenizer, text, raw=options.raw, progress=progress)
    if result.line_ends_replaced and not options.quiet:
        print(NOTE, file=sys.stderr)
    if options.json:
        say_json(to_dict(result, loaded.tokenizer, surprisal=options.surprisal))
        return 0
    if options.surprisal:
        for piece, bits in zip(token_texts(loaded.tokenizer, result.ids), result.surprisal, strict=True):
            say(f"{bits:8.3f}  {json.dumps(piece, ensure_ascii=False)}")
    say(f"bits per byte  {result.bits_per_byte:.4f}")
    say(f"perplexity     {result.perplexity:.3f}")
    say(f"tokens         {result.tokens}")
    say(f"bytes          {result.bytes}")
    return 0


def read_text(path: Path) -> str:
    """Return the text of a file, or of standard input.

    Raises
    ------
    SettingsError
        ``file-missing``: it cannot be read. ``not-text``: it is not UTF-8.
    """
    try:
        given = str(path) == "-"
        data = sys.stdin.buffer.read(MOST_BYTES) if given else File.open(path, Budget()).bytes()
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{path} is not UTF-8 text (byte {error.start}).",
            code="not-text",
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(f"{path} cannot be read: {reason}.", code="file-missing") from error


def to_dict(result: Evaluation, tokenizer: Tokenizer, *, surprisal: bool) -> dict[str, Any]:
    """Return the result as plain values for JSON."""
    found: dict[str, Any] = {
        "bits_per_byte": result.bits_per_byte,
        "perplexity": result.perplexity,
        "tokens": result.tokens,
        "bytes": result.bytes,
        "line_ends_replaced": result.line_ends_replaced,
    }
    if surprisal:
        texts = token_texts(tokenizer, result.ids)
        found["surprisal"] = [
            {"token": token, "text": piece, "bits": float(bits)}
            for token, piece, bits in zip(result.ids, texts, result.surprisal, strict=True)
        ]
    return found
