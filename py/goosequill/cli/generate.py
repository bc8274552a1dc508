"""`goosequill generate`: continue a prompt, streaming to the terminal."""

from __future__ import annotations

import argparse
import os
import stat
import sys
import time
from dataclasses import asdict
from pathlib import Path

from goosequill.cli.evaluate import read_text
from goosequill.cli.models import add_adapter_options, add_model_options, load
from goosequill.cli.options import add_settings, read_settings
from goosequill.cli.output import say_json, write_text
from goosequill.cli.progress import ProgressLine
from goosequill.decoding import Chunk, End, Reading, generate
from goosequill.support.line_ends import NOTE, unix_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Continue a prompt. The text is streamed to standard output; the seed and the speed are printed to "
        "standard error."
    )
    add_model_options(parser)
    add_adapter_options(parser)
    parser.add_argument(
        "--prompt",
        help="the text to continue; - for standard input, which is also the default where it is a pipe or a "
        "file, and otherwise an empty text",
    )
    parser.add_argument(
        "--prompt-file", metavar="FILE", type=Path, help="a file with the prompt; - for standard input"
    )
    parser.add_argument("--echo", action="store_true", help="print the prompt too")
    parser.add_argument("--json", action="store_true", help="print each token and the end as a line of JSON")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Generate, and return the exit status."""
    config = read_settings(options)
    given = read_prompt(options)
    prompt = unix_lines(given)
    if prompt != given and not options.quiet:
        print(NOTE, file=sys.stderr)
    loaded = load(options)
    if options.echo and not options.json:
        write_text(prompt)
    start = time.perf_counter()
    reading = ProgressLine(options, "reading {done} of {total} tokens")
    for item in generate(loaded.model, loaded.tokenizer, prompt, config, progress=True):
        if isinstance(item, Reading):
            reading(item.loaded, item.total)
        elif options.json and isinstance(item, Chunk | End):
            say_json(asdict(item))
            sys.stdout.flush()
        elif isinstance(item, Chunk):
            write_text(item.text)
        elif isinstance(item, End):
            write_text(item.text + "\n")
            if not options.quiet:
                _sum_up(item, time.perf_counter() - start)
    return 0


def read_prompt(options: argparse.Namespace) -> str:
    """Return the prompt: the text, the file's, or standard input's."""
    if options.prompt_file:
        return read_text(options.prompt_file)
    if options.prompt == "-" or (options.prompt is None and _is_piped()):
        return read_text(Path("-"))
    return options.prompt or ""


def _is_piped() -> bool:
    """Whether standard input is a pipe or a file; not a terminal, /dev/null, or closed."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def _sum_up(end: End, seconds: float) -> None:
    count = end.usage["completion_tokens"]
    speed = f", {count / seconds:.1f} tokens per second" if count and seconds else ""
    print(f"[{end.finish_reason}: {count} tokens, seed {end.seed}{speed}]", file=sys.stderr)
