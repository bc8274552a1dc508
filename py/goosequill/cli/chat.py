"""`goosequill chat`: talk with a model on the terminal, or send it messages from a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from goosequill.api.model import Chat, TextModel
from goosequill.chat.formats import FORMATS, ChatSettings, ThoughtStream
from goosequill.cli.models import add_adapter_options, add_model_options, load
from goosequill.cli.options import add_parameter, add_settings, read_settings
from goosequill.cli.output import say, say_json, write_text
from goosequill.decoding import Chunk, DecodingConfig, End
from goosequill.errors import GoosequillError

EFFORT = ChatSettings.PARAMETERS["reasoning_effort"]
HELP = (
    "/undo removes the last turn, /think LEVEL sets how long the model thinks "
    f"({', '.join(EFFORT.choices)}), /save FILE saves the conversation, /quit or Ctrl-D ends."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Talk with a model. Each line of standard input is a message, and the reply is streamed to standard "
        f"output; what the model thinks before it goes to standard error. {HELP}"
    )
    add_model_options(parser)
    add_adapter_options(parser)
    parser.add_argument("--system", metavar="TEXT", default="", help="instructions before the first message")
    parser.add_argument("--format", choices=FORMATS, help="the chat format (default: the model's)")
    add_parameter(parser, EFFORT)
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
    effort = options.reasoning_effort
    chat.format.with_effort(effort)  # refuses what the format does not have before anything is read
    if _is_interactive() and not options.quiet:
        say(HELP, file=sys.stderr)
    for message in messages():
        if message.startswith("/"):
            if message == "/quit":
                break
            effort = _obey(message, model, chat, effort)
        else:
            answer(chat, message, config, effort, as_json=options.json)
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


def answer(
    chat: Chat, message: str, config: DecodingConfig, effort: str | None = None, *, as_json: bool
) -> None:
    """Print the reply to a message, as it is written or as JSON; Ctrl-C stops the reply, not the program."""
    items = chat.say(message, config, reasoning_effort=effort)
    if as_json:
        for _ in items:
            pass
        say_json(chat.messages[-1])
        return
    thinking = False
    try:
        for thought, text in _parts(items, chat.format.with_effort(effort).opening):
            write_text(thought, file=sys.stderr)
            thinking = thinking or thought != ""
            if thinking and text:
                write_text("\n", file=sys.stderr)
                thinking = False
            write_text(text)
    except KeyboardInterrupt:
        if not _is_interactive():
            raise
    write_text("\n")


def _parts(items: Iterable[Chunk | End], opening: str) -> Iterator[tuple[str, str]]:
    """Yield what each item adds to the thought and to the answer."""
    thoughts = ThoughtStream(opening)
    for item in items:
        yield thoughts.push(item.text)
    yield thoughts.end()


def _obey(message: str, model: TextModel, chat: Chat, effort: str | None) -> str | None:
    """Do what a message that starts with a slash says, and return how long to think from now on.

    An error is shown, and the conversation goes on.
    """
    name, _, argument = message.partition(" ")
    try:
        if name == "/undo":
            chat.undo()
        elif name == "/think":
            chat.format.with_effort(argument.strip())
            effort = argument.strip()
        elif name == "/save" and argument.strip():
            model.save_state(argument.strip(), chat)
        else:
            say(HELP, file=sys.stderr)
    except (GoosequillError, OSError) as error:
        say(str(error), file=sys.stderr)
    return effort


def _is_interactive() -> bool:
    return sys.stdin.isatty()
