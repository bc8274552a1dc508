"""Options that select a model, shared by the commands that load one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from goosequill.kernels import KERNELS, load_kernel
from goosequill.loading.load import LoadedModel, load_path
from goosequill.weights.writing import Bits

BITS: dict[str, Bits | None] = {"int8": 8, "int4": 4, "none": None}
"""What --quantize accepts."""


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Declare --model, --tokenizer, --quantize, --kernel and --group-norm-eps, for `load`."""
    add_model_option(parser)
    add_tokenizer_option(parser)
    add_quantize_option(parser)
    parser.add_argument(
        "--kernel",
        choices=("auto", *KERNELS),
        default="auto",
        help="what to compute with; native needs clang or the package ziglang (default: auto, the fastest)",
    )
    add_epsilon_option(parser)


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Declare --model."""
    parser.add_argument("--model", required=True, type=Path, help="a model folder, or a file of weights")


def add_tokenizer_option(parser: argparse.ArgumentParser) -> None:
    """Declare --tokenizer."""
    parser.add_argument(
        "--tokenizer",
        help="world, neox-20b, byte, or the path of a tokenizer.json; by default the folder's, or the "
        "tokenizer.json beside the weights, or the built-in one for this vocabulary size",
    )


def add_quantize_option(parser: argparse.ArgumentParser) -> None:
    """Declare --quantize, whose value is the number of bits or None."""
    parser.add_argument(
        "--quantize",
        type=_bits,
        metavar="{" + ",".join(BITS) + "}",
        help="quantize the large matrices of unquantized weights (default: none)",
    )


def _bits(text: str) -> Bits | None:
    if f"int{text}" in BITS:
        raise argparse.ArgumentTypeError(f"write int{text} instead of {text}")
    if text not in BITS:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(BITS)}")
    return BITS[text]


def add_epsilon_option(parser: argparse.ArgumentParser) -> None:
    """Declare --group-norm-eps."""
    parser.add_argument(
        "--group-norm-eps",
        type=float,
        metavar="EPS",
        help="added to the variance of each head in RWKV-5, 6 and 7; by default the folder's value, or 64e-5 "
        "as in BlinkDL's code (rwkv.cpp uses 1e-5 for RWKV-5)",
    )


def load(options: argparse.Namespace) -> LoadedModel:
    """Load the model that the options select."""
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
