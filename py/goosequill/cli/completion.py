"""`goosequill completion`: print a script that lets a shell complete commands and options."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from goosequill.errors import SettingsError

SHELLS = ("bash", "zsh", "tcsh")
FILES = ("model", "models", "source", "file", "tokenizer", "index")
"""Options that may be a file, among those whose type does not say so."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Print a script with which a shell completes the commands and their options. For bash, write it to "
        "~/.local/share/bash-completion/completions/goosequill; for zsh, to _goosequill in a folder of "
        "$fpath."
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell")


def run(options: argparse.Namespace) -> int:
    """Print the script and return the exit status."""
    try:
        import shtab
    except ImportError as error:
        raise SettingsError("The package shtab is not installed.", code="no-shtab") from error
    from goosequill.cli.main import make_parser, subparsers  # it imports this module

    parser = make_parser([], everything=True)
    for command in subparsers(parser).values():
        for action in command._actions:
            if action.type is Path or action.dest in FILES:
                setattr(action, "complete", shtab.FILE)  # noqa: B010 - shtab reads it
    sys.stdout.write(shtab.complete(parser, options.shell) + "\n")
    return 0
