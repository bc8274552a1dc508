"""`goosequill convert-chats`: convert conversations to and from the formats of other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from goosequill.cli.output import say, say_json
from goosequill.conversations.reading import read
from goosequill.conversations.writing import WRITERS, write
from goosequill.errors import FileFormatError
from goosequill.support.budget import Budget, File


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    formats = "; ".join(f"{name}: {writer.title}" for name, writer in WRITERS.items())
    parser.description = (
        "Convert files of conversations. It reads trees, threads and messages of Open Assistant, ShareGPT, "
        "OpenAI's messages, TRL's preferences and ratings, and ChatGPT's conversations.json, also with gzip."
    )
    parser.add_argument("files", metavar="IN", type=Path, nargs="+", help="files of conversations")
    parser.add_argument(
        "out", metavar="OUT", type=Path, help="the file to write; compressed if it ends with .gz"
    )
    parser.add_argument(
        "--to",
        metavar="FORMAT",
        choices=WRITERS,
        default="oasst-messages",
        help=f"{formats} (default: oasst-messages)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Convert, say how much there was, and return the exit status."""
    trees = []
    for path in options.files:
        try:
            trees += read(File.open(path, Budget()).bytes())
        except OSError as error:
            raise FileFormatError(f"{path} cannot be read: {error}.", code="file-missing") from error
        except FileFormatError as error:
            raise FileFormatError(f"{path}: {error.message}", code=error.code, remedy=error.remedy) from error
    data = write(trees, options.to, packed=options.out.suffix == ".gz")
    draft = options.out.with_name(options.out.name + ".new")
    draft.write_bytes(data)
    draft.replace(options.out)
    found = {"conversations": len(trees), "messages": sum(map(len, trees)), "bytes": len(data)}
    if options.json:
        say_json(found)
    else:
        shown = f"{found['conversations']:,} conversations, {found['messages']:,} messages"
        say(f"{shown}: {options.out}, {len(data):,} bytes")
    return 0
