"""Options that select a model, shared by the commands that load one."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from goosequill.api.model import locate
from goosequill.cli.progress import ProgressLine
from goosequill.kernels import KERNELS, Kernel, load_kernel
from goosequill.loading.load import LoadedModel, load_path
from goosequill.tuning.adapter import read_adapter
from goosequill.tuning.applying import MAX_STRENGTH, adapt_loaded
from goosequill.weights.writing import Bits

BITS: dict[str, Bits | None] = {"int8": 8, "int4": 4, "none": None}
"""What --quantize accepts."""


def add_model_options(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Declare --model, --tokenizer, --quantize, --kernel, --threads and --group-norm-eps, for `load`.

    With `several`, --model may be repeated, and `load` gets one of them.
    """
    add_model_option(parser, several=several)
    add_tokenizer_option(parser)
    add_quantize_option(parser)
    add_kernel_options(parser)
    add_epsilon_option(parser)


def add_kernel_options(parser: argparse.ArgumentParser) -> None:
    """Declare --kernel and --threads, for `chosen_kernel`."""
    parser.add_argument(
        "--kernel",
        choices=("auto", *KERNELS),
        default="auto",
        help="what to compute with (default: auto, the fastest that runs here)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        metavar="N",
        help="threads that share the work (default: one per core, up to 4; numpy uses one)",
    )


def chosen_kernel(options: argparse.Namespace) -> Kernel:
    """Return the kernel that the options select."""
    return load_kernel(options.kernel, threads=options.threads)


def add_model_option(
    parser: argparse.ArgumentParser, *, required: bool = True, several: bool = False
) -> None:
    """Declare --model, for `find_model`."""
    more = "; may be repeated, or a folder with several: requests name one" if several else ""
    parser.add_argument(
        "--model",
        required=required,
        action="append" if several else "store",
        help=f"a model folder, a file of weights, or an id: owner/repo[:file][@revision][#sha256=HEX]{more}",
    )


def find_model(options: argparse.Namespace, model: str | None = None) -> Path:
    """Return the path of the model that --model or the argument names; an id is downloaded first."""
    progress = ProgressLine(options, "downloading {done} of {total} bytes")
    return locate(options.model if model is None else model, progress=progress)


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


def add_adapter_options(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Declare --adapter and --strength: for `load`, or if there may be `several`, for `load_adapted`."""
    how = "; may be repeated: requests name it as MODEL+ADAPTER, without the file's ending" if several else ""
    parser.add_argument(
        "--adapter",
        metavar="FILE",
        type=Path,
        action="append" if several else "store",
        default=[] if several else None,
        help=f"an adapter, which tuning wrote (.safetensors), or a tuned state (.pth){how} (default: none)",
    )
    parser.add_argument(
        "--strength",
        type=float,
        metavar="X",
        default=1.0,
        help=f"how much the adapter changes, from 0 to {MAX_STRENGTH} (default: 1)",
    )


def load_adapted(options: argparse.Namespace, loaded: LoadedModel, path: Path) -> LoadedModel:
    """Return a loaded model with an adapter, which gets the name of its file."""
    adapter = read_adapter(path)
    adapter = replace(adapter, about=replace(adapter.about, name=path.stem))
    return adapt_loaded(loaded, adapter, strength=options.strength)


def load(options: argparse.Namespace, path: Path | None = None) -> LoadedModel:
    """Load the model that the options select, or the one at a path, with the adapter if they select one."""
    loaded = load_path(
        find_model(options) if path is None else path,
        tokenizer=options.tokenizer,
        kernel=chosen_kernel(options),
        quantize=options.quantize,
        group_norm_eps=getattr(options, "group_norm_eps", None),
        progress=ProgressLine(options, "loading {done} of {total} tensors"),
    )
    adapter = getattr(options, "adapter", None)
    return load_adapted(options, loaded, adapter) if isinstance(adapter, Path) else loaded
