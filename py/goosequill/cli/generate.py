"""`goosequill generate`: continue a prompt, streaming to the terminal."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from goosequill.cli.evaluate import read_text
from goosequill.cli.models import add_model_options, load
from goosequill.cli.options import add_settings, read_settings
from goosequill.cli.output import write_text
from goosequill.decoding import Chunk, End, Reading, generate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Continue a prompt. The text is streamed to standard output; the seed and the speed are printed to "
        "standard error."
    )
    add_model_options(parser)
    parser.add_argument("--prompt", default="", help="the text to continue; by default empty")
    parser.add_argument(
        "--prompt-file", metavar="FILE", type=Path, help="a file with the prompt; - for standard input"
    )
    parser.add_argument("--echo", action="store_true", help="print the prompt too")
    parser.add_argument("--quiet", action="store_true", help="print only the text")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Generate, and return the exit status."""
    config = read_settings(options)
    prompt = read_text(options.prompt_file) if options.prompt_file else options.prompt
    loaded = load(options)
    if options.echo:
        write_text(prompt)
    start = time.perf_counter()
    for item in generate(loaded.model, loaded.tokenizer, prompt, config, progress=True):
        if isinstance(item, Chunk):
            write_text(item.text)
        elif isinstance(item, End):
            write_text(item.text + "\n")
            if not options.quiet:
                _sum_up(item, time.perf_counter() - start)
        elif isinstance(item, Reading) and sys.stderr.isatty() and item.total > 256:
            end = "\n" if item.loaded == item.total else ""
            print(f"\rreading {item.loaded:,} of {item.total:,} tokens", end=end, file=sys.stderr, flush=True)
    return 0


def _sum_up(end: End, seconds: float) -> None:
    count = end.usage["completion_tokens"]
    speed = f", {count / seconds:.1f} tokens per second" if count and seconds else ""
    print(f"[{end.finish_reason}: {count} tokens, seed {end.seed}{speed}]", file=sys.stderr)
