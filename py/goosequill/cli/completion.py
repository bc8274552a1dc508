"""`goosequill completion`: print a script that lets a shell complete commands and options."""

from __future__ import annotations

import argparse
import sys

from goosequill.errors import SettingsError

SHELLS = ("bash", "zsh", "tcsh")


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
    from goosequill.cli.main import COMMANDS, make_parser  # it imports this module

    sys.stdout.write(shtab.complete(make_parser(list(COMMANDS), everything=True), options.shell) + "\n")
    return 0
