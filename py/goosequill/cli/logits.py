"""`goosequill logits`: print the logits after a list of tokens, for comparison with other programs."""

from __future__ import annotations

import argparse

import numpy as np

from goosequill.cli.models import (
    add_epsilon_option,
    add_kernel_options,
    add_model_option,
    add_quantize_option,
    chosen_kernel,
    find_model,
)
from goosequill.cli.options import parse_ids
from goosequill.cli.output import say_json
from goosequill.cli.progress import ProgressLine
from goosequill.decoding.predictor import not_finite
from goosequill.loading.opening import open_path
from goosequill.models import load_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = "Print the model's logits after a list of tokens, as a JSON list."
    add_model_option(parser)
    parser.add_argument("--tokens", required=True, help="token ids, such as 34,105,110")
    parser.add_argument(
        "--all", action="store_true", help="print the logits after every token, as a list of lists"
    )
    add_quantize_option(parser)
    add_kernel_options(parser)
    add_epsilon_option(parser)


def run(options: argparse.Namespace) -> int:
    """Print the logits and return the exit status."""
    tokens = parse_ids(options.tokens)
    opened = open_path(find_model(options))
    eps = options.group_norm_eps
    if eps is None:
        eps = opened.description.get("group_norm_eps")
    model = load_model(
        opened.tensors,
        kernel=chosen_kernel(options),
        quantize=options.quantize,
        group_norm_eps=eps,
        progress=ProgressLine(options, "loading {done} of {total} tensors"),
    )
    state = model.new_state()
    logits = model.forward(tokens, state, logits="all" if options.all else "last")
    if not np.isfinite(logits).all():
        raise not_finite(state)
    say_json(logits.tolist())
    return 0
