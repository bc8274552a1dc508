"""`goosequill serve`: serve a model to programs that know OpenAI's API."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from goosequill.cli.embedders import add_models_option, find_folder, open_named
from goosequill.cli.models import add_adapter_options, add_model_options, load, load_adapted
from goosequill.cli.output import say
from goosequill.errors import SettingsError
from goosequill.openai.requests import names_of

EXTRA = ("starlette", "uvicorn")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Serve a model over HTTP in the shape of OpenAI's API, to programs on this machine, until Ctrl-C. "
        "It needs the extra serve: pip install 'goosequill[serve]'."
    )
    add_model_options(parser)
    add_adapter_options(parser, several=True)
    add_models_option(parser)
    parser.add_argument(
        "--alias",
        metavar="NAME",
        default="",
        help="the name by which programs ask for the model, such as one that they expect (default: its own)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen at (default: 127.0.0.1, for programs on this machine only)",
    )
    parser.add_argument(
        "--port", type=int, default=8080, metavar="N", help="the port; 0 takes a free one (default: 8080)"
    )
    parser.add_argument(
        "--api-key",
        metavar="KEY",
        default="",
        help="the key that requests must send; other users can see options, so prefer $GOOSEQUILL_API_KEY "
        "(default: none)",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="let pages at this address use the server, such as https://example.org; may be repeated "
        "(default: none)",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C, and return the exit status."""
    try:
        from goosequill.serve.app import Served
        from goosequill.serve.guards import is_loopback, origin_of
        from goosequill.serve.server import open_socket, serve
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            raise
        raise SettingsError(
            "Serving needs the packages starlette and uvicorn, which are not installed.", code="no-serve"
        ) from error
    origins = tuple(map(origin_of, options.allow_origin))
    listening = open_socket(options.host, options.port)
    loaded = load(options)
    if options.alias:
        loaded = replace(loaded, description={**loaded.description, "name": options.alias})
    adapted = [load_adapted(options, loaded, path) for path in options.adapter]
    names = [name for name in ("static", "minilm") if find_folder(name, options.models)]
    embedders = [open_named(name, options.models, loaded.model.kernel) for name in names]
    others = {each.name: each for each in embedders}
    served = Served(loaded, others, options.host, options.api_key, origins, adapted)
    host = f"[{options.host}]" if ":" in options.host else options.host
    header = " -H 'Authorization: Bearer KEY'" if options.api_key else ""
    base = f"http://{host}:{listening.getsockname()[1]}/v1"
    say(f"{served.name} is served at {base}. Ctrl-C ends it.")
    if adapted and not options.quiet:
        say(f"With adapters it is {', '.join(names_of(each.description)[0] for each in adapted)}.")
    if not options.quiet:
        say(f"Enter this address in a program that knows OpenAI's API, with the model {served.name}, or try:")
        say(f"  curl {base}/completions -H 'Content-Type: application/json'{header} \\")
        say('    -d \'{"prompt": "Once upon a time", "stream": true}\'')
        if not is_loopback(options.host) and not options.api_key:
            say("Anybody who can reach this machine can use the model: think of --api-key.")
    sys.stdout.flush()
    serve(served, listening)
    return 0
