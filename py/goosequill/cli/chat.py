"""`goosequill chat`: talk with a model on the terminal, or send it messages from a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from goosequill.api.model import Chat, TextModel
from goosequill.chat.formats import FORMATS
from goosequill.cli.models import add_model_options, load
from goosequill.cli.options import add_settings, read_settings
from goosequill.cli.output import say, say_json, write_text
from goosequill.decoding import DecodingConfig
from goosequill.errors import GoosequillError

HELP = "/undo removes the last turn, /save FILE saves the conversation, /quit or Ctrl-D ends."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Talk with a model. Each line of standard input is a message, and the reply is streamed to standard "
        f"output. {HELP}"
    )
    add_model_options(parser)
    parser.add_argument("--system", metavar="TEXT", default="", help="instructions before the first message")
    parser.add_argument("--format", choices=FORMATS, help="the chat format (default: the model's)")
    parser.add_argument("--state", metavar="FILE", type=Path, help="a saved conversation or tuned state")
    parser.add_argument("--save", metavar="FILE", type=Path, help="save the conversation there at the end")
    parser.add_argument("--json", action="store_true", help="print each reply as a line of JSON")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Answer every message and return the exit status."""
    config = read_settings(options)
    model = TextModel(load(options))
    state = model.load_state(options.state) if options.state else None
    chat = model.chat(options.system, chat_format=options.format, state=state)
    if _is_interactive() and not options.quiet:
        say(HELP, file=sys.stderr)
    for message in messages():
        if message.startswith("/"):
            if message == "/quit":
                break
            _obey(message, model, chat)
        else:
            answer(chat, message, config, as_json=options.json)
    if options.save:
        model.save_state(options.save, chat)
    return 0


def messages() -> Iterator[str]:
    """Yield the lines of standard input that are not empty; on a terminal, after a prompt."""
    while True:
        if _is_interactive():
            print("> ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()


def answer(chat: Chat, message: str, config: DecodingConfig, *, as_json: bool) -> None:
    """Print the reply to a message, as it is written or as JSON; Ctrl-C stops the reply, not the program."""
    items = chat.say(message, config)
    if as_json:
        for _ in items:
            pass
        say_json(chat.messages[-1])
        return
    begun = False
    try:
        for item in items:
            text = item.text if begun else item.text.lstrip()
            begun = begun or bool(text)
            write_text(text)
    except KeyboardInterrupt:
        if not _is_interactive():
            raise
    write_text("\n")


def _obey(message: str, model: TextModel, chat: Chat) -> None:
    """Do what a message that starts with a slash says; an error is shown, and the conversation goes on."""
    name, _, argument = message.partition(" ")
    try:
        if name == "/undo":
            chat.undo()
        elif name == "/save" and argument.strip():
            model.save_state(argument.strip(), chat)
        else:
            say(HELP, file=sys.stderr)
    except (GoosequillError, OSError) as error:
        say(str(error), file=sys.stderr)


def _is_interactive() -> bool:
    return sys.stdin.isatty()
