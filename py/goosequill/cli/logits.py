"""`goosequill logits`: the scores after a list of tokens, for comparison with other programs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from goosequill.cli.models import add_epsilon_option
from goosequill.cli.options import parse_ids
from goosequill.loading.opening import open_path
from goosequill.models import load_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = "Print the model's scores (logits) after the last of some tokens as a JSON list."
    parser.add_argument("--model", required=True, type=Path, help="a model folder, or a file of weights")
    parser.add_argument("--tokens", required=True, help="token ids, such as 34,105,110")
    parser.add_argument(
        "--all", action="store_true", help="print the scores after every token: a list of lists"
    )
    parser.add_argument(
        "--quantize",
        type=int,
        choices=(8, 4),
        help="first round weights stored in full to so many bits",
    )
    add_epsilon_option(parser)


def run(options: argparse.Namespace) -> int:
    """Compute, print, return the exit status."""
    tokens = parse_ids(options.tokens)
    opened = open_path(options.model)
    eps = options.group_norm_eps
    if eps is None:
        eps = opened.description.get("group_norm_eps")
    model = load_model(opened.tensors, quantize=options.quantize, group_norm_eps=eps)
    scores = model.forward(tokens, model.new_state(), logits="all" if options.all else "last")
    print(json.dumps(scores.tolist()))
    return 0
