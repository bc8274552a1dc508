"""`goosequill tokenize`: turn a text into token ids, or ids into a text."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from goosequill.cli.evaluate import read_text
from goosequill.cli.models import add_model_option, add_tokenizer_option, find_model
from goosequill.cli.options import parse_ids
from goosequill.cli.output import say, say_json, write_text
from goosequill.errors import SettingsError
from goosequill.evaluation.perplexity import token_texts
from goosequill.loading.opening import choose_tokenizer, open_path
from goosequill.models.detect import detect_config
from goosequill.tokenizers import Tokenizer, load_tokenizer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Print the token ids of a text, or with --decode the text of ids. The tokenizer is a model's, or the "
        "one that --tokenizer names; no model is loaded."
    )
    parser.add_argument("text", nargs="?", default="-", help="the text; - for standard input (the default)")
    add_model_option(parser, required=False)
    add_tokenizer_option(parser)
    parser.add_argument("--decode", action="store_true", help="the text is a list of ids such as 34,105,110")
    parser.add_argument("--pieces", action="store_true", help="print a line for each token: its id and text")
    parser.add_argument("--json", action="store_true", help="print JSON: a list of tokens, or a text")


def run(options: argparse.Namespace) -> int:
    """Print the ids or the text, and return the exit status."""
    tokenizer = _tokenizer(options)
    text = read_text(Path("-")) if options.text == "-" else options.text
    if options.decode:
        decoded = tokenizer.decode(parse_ids(text))
        say_json(decoded) if options.json else write_text(decoded + "\n")
        return 0
    ids = tokenizer.encode(text)
    pieces = list(zip(ids, token_texts(tokenizer, ids), strict=True))
    if options.json:
        say_json([{"token": token, "text": piece} for token, piece in pieces])
    elif options.pieces:
        for token, piece in pieces:
            say(f"{token:>7}  {json.dumps(piece, ensure_ascii=False)}")
    else:
        say(",".join(map(str, ids)))
    return 0


def _tokenizer(options: argparse.Namespace) -> Tokenizer:
    if options.model is None:
        if options.tokenizer is None:
            raise SettingsError(
                "There is no tokenizer.",
                code="tokenizer-needed",
                remedy="Give --model, or --tokenizer world.",
            )
        return load_tokenizer(options.tokenizer)
    opened = open_path(find_model(options), verify=False)
    return choose_tokenizer(opened, detect_config(opened.tensors).vocab_size, options.tokenizer)[0]
