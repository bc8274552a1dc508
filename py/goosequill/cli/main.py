"""The command line: `goosequill COMMAND ...`.

Each command is a module beside this one, with `add_arguments(parser)` and `run(options) -> exit status`,
and a line in `COMMANDS`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from goosequill import __version__
from goosequill.cli.output import abandon, forgive_encodings, say
from goosequill.errors import GoosequillError

COMMANDS = {
    "generate": "continue a prompt",
    "logits": "print the logits after a list of tokens",
    "report": "write sampling reports of models, prompts and decoders",
    "judge": "evaluate blind votes",
    "evaluate": "measure how well a model predicts a text",
    "inspect": "describe a file of weights",
    "convert": "convert weights to a model folder",
    "lab": "run a laboratory experiment",
    "index": "make an index of documents or of a site",
    "ask": "find passages that answer a question",
}
"""Name of a command -> what it does, for the list of commands."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 for an error, 130 when interrupted."""
    forgive_encodings()
    try:
        options = make_parser(arguments).parse_args(arguments)
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except GoosequillError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        abandon()
        return 0
    except OSError as error:
        if error.filename is None:
            abandon()
        where = error.filename if isinstance(error.filename, str) else "The output"
        return _fail(f"{where} cannot be read or written: {error.strerror or error}.")
    except MemoryError:
        return _fail("There is not enough memory. Choose a smaller model, or quantize it to 8 or 4 bits.")


def _fail(message: str) -> int:
    say(f"goosequill: {message}", file=sys.stderr)
    return 1


def make_parser(arguments: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Return the parser. Only the module of the given command is imported."""
    parser = argparse.ArgumentParser(prog="goosequill", description="Run RWKV language models.")
    parser.add_argument("--version", action="version", version=f"goosequill {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    asked = sys.argv[1:] if arguments is None else arguments
    wanted = next((argument for argument in asked if argument in COMMANDS), None)
    for name, sentence in COMMANDS.items():
        command = commands.add_parser(name, help=sentence)
        if name == wanted:
            module = importlib.import_module(f"goosequill.cli.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
