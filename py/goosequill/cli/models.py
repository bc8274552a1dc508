"""Options that say which model, and loading it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from goosequill.kernels import KERNELS, load_kernel
from goosequill.loading.load import LoadedModel, load_path


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Declare --model, --tokenizer, --quantize, --kernel and --group-norm-eps."""
    parser.add_argument("--model", required=True, type=Path, help="a model folder, or a file of weights")
    parser.add_argument(
        "--tokenizer",
        help="world, neox-20b, byte, or a tokenizer.json; by default the folder's, or a tokenizer.json "
        "beside the weights, or the one that the size of the vocabulary tells",
    )
    parser.add_argument(
        "--quantize",
        type=int,
        choices=(8, 4),
        help="first round weights stored in full to so many bits",
    )
    parser.add_argument(
        "--kernel",
        choices=("auto", *KERNELS),
        default="auto",
        help="what computes: native needs clang or the ziglang package; default: auto, the fastest there is",
    )
    add_epsilon_option(parser)


def add_epsilon_option(parser: argparse.ArgumentParser) -> None:
    """Declare --group-norm-eps."""
    parser.add_argument(
        "--group-norm-eps",
        type=float,
        metavar="EPS",
        help="added to the variance of each head, for RWKV-5, 6 and 7; by default what the folder says, "
        "or 64e-5 as in BlinkDL's code (rwkv.cpp has 1e-5 for RWKV-5)",
    )


def load(options: argparse.Namespace) -> LoadedModel:
    """Load the model that the options name."""
    return load_path(
        options.model,
        tokenizer=options.tokenizer,
        kernel=load_kernel(options.kernel),
        quantize=options.quantize,
        group_norm_eps=options.group_norm_eps,
        progress=_progress,
    )


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\r\033[K" if done == total else ""
        print(f"\rloading {done:,} of {total:,} tensors", end=end, file=sys.stderr, flush=True)
