"""`goosequill inspect`: describe a file of weights, without loading it."""

from __future__ import annotations

import argparse

from goosequill.cli.models import find_model
from goosequill.cli.output import say, say_json
from goosequill.loading.inspect import as_text, inspect
from goosequill.loading.opening import open_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Print the version, sizes, types, tokenizer, memory and tensors of a file of weights or a model "
        "folder. Only headers are read."
    )
    parser.add_argument("file", metavar="FILE", help="the weights: a file, a folder or a model id")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print the description; the exit status is 1 if the model does not run here."""
    opened = open_path(find_model(options, options.file), verify=False)
    found = inspect(opened.tensors, opened.description, name=opened.name)
    if options.json:
        say_json(found, indent=2)
    else:
        say(as_text(found))
    return 0 if found["problem"] is None else 1
