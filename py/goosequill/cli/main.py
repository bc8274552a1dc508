"""The command line: `goosequill COMMAND ...`.

Each command is a module beside this one (with _ for -), with `add_arguments(parser)` and
`run(options) -> exit status`, and a line in `COMMANDS`.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import logging
import sys
from collections.abc import Sequence
from typing import NoReturn

from goosequill import __version__
from goosequill.cli.defaults import default_arguments
from goosequill.cli.output import abandon, forgive_encodings, say
from goosequill.errors import GoosequillError

COMMANDS = {
    "generate": "continue a prompt",
    "chat": "talk with a model",
    "tokenize": "turn a text into token ids",
    "logits": "print the logits after a list of tokens",
    "report": "write sampling reports of models, prompts and decoders",
    "judge": "evaluate blind votes",
    "evaluate": "measure how well a model predicts a text",
    "tune": "teach a model a manner from examples",
    "inspect": "describe a file of weights",
    "convert": "convert weights to a model folder",
    "convert-chats": "convert conversations to and from other programs' formats",
    "lab": "run a laboratory experiment",
    "fetch-models": "fetch the embedding models of search",
    "index": "make an index of documents or of a site",
    "serve": "serve a model to programs that know OpenAI's API",
    "ask": "find passages that answer a question",
    "completion": "print a script for a shell's completion",
}
"""Name of a command -> what it does, for the list of commands."""


class Parser(argparse.ArgumentParser):
    """Reports a wrong argument in two lines, without the usage of fifty options."""

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with status 2."""
        self.exit(2, f"{self.prog}: {message}\nTry '{self.prog} --help'.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 for an error, 130 when interrupted."""
    forgive_encodings()
    try:
        options = parse(list(sys.argv[1:] if arguments is None else arguments))
        announce(options)
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


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse arguments, with those from the environment and the file of settings before them."""
    parser = make_parser(arguments)
    at = next((index for index, argument in enumerate(arguments) if argument in COMMANDS), None)
    command = parser if at is None else subparsers(parser)[arguments[at]]
    if at is not None and not {"-h", "--help"} & set(arguments):
        given = {argument.partition("=")[0] for argument in arguments}
        # An option that may be repeated would keep the default beside what is given.
        defaults = default_arguments(arguments[at], command)
        arguments[at + 1 : at + 1] = [each for each in defaults if each.partition("=")[0] not in given]
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        near = difflib.get_close_matches(unknown[0].partition("=")[0], command._option_string_actions, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        command.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    return options


def announce(options: argparse.Namespace) -> None:
    """Print the package's notes, such as which kernel computes, on standard error; not with --quiet."""
    logger = logging.getLogger("goosequill")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("goosequill: %(message)s"))
    logger.handlers[:] = [handler]
    logger.setLevel(logging.ERROR if options.quiet else logging.INFO)


def _fail(message: str) -> int:
    say(f"goosequill: {message}", file=sys.stderr)
    return 1


def make_parser(
    arguments: Sequence[str] | None = None, *, everything: bool = False
) -> argparse.ArgumentParser:
    """Return the parser. Only the module of the given command is imported, unless `everything` is wanted."""
    parser = Parser(prog="goosequill", description="Run RWKV language models.")
    parser.add_argument("--version", action="version", version=f"goosequill {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    asked = sys.argv[1:] if arguments is None else arguments
    wanted = next((argument for argument in asked if argument in COMMANDS), None)
    for name, sentence in COMMANDS.items():
        command = commands.add_parser(name, help=sentence)
        if name == wanted or everything:
            module = importlib.import_module(f"goosequill.cli.{name.replace('-', '_')}")
            module.add_arguments(command)
            command.add_argument(
                "--quiet", action="store_true", help="print no progress and no notes, only results and errors"
            )
            command.set_defaults(run=module.run)
    return parser


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    (action,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return dict(action.choices)


if __name__ == "__main__":
    sys.exit(main())
