"""`goosequill serve`: serve a model to programs that know OpenAI's API."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from goosequill.cli.embedders import add_models_option, find_folder, open_named
from goosequill.cli.models import (
    add_adapter_options,
    add_model_options,
    chosen_kernel,
    find_model,
    load,
    load_adapted,
)
from goosequill.cli.output import say
from goosequill.errors import SettingsError
from goosequill.loading.load import Fit, description_of
from goosequill.loading.opening import open_path
from goosequill.openai.requests import names_of
from goosequill.weights.file_names import DESCRIPTION, is_weights, weight_files
from goosequill.weights.folder import is_model_folder

if TYPE_CHECKING:
    from goosequill.serve.models import Source

EXTRA = ("starlette", "uvicorn")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Serve a model over HTTP in the shape of OpenAI's API, to programs on this machine, until Ctrl-C. "
        "It needs the extra serve: pip install 'goosequill[serve]'."
    )
    add_model_options(parser, several=True)
    parser.add_argument(
        "--memory-limit",
        type=float,
        metavar="GB",
        help="the memory that loaded models may take together: where another needs it, the one that was not "
        "used for longest is unloaded (default: none)",
    )
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
    parser.add_argument(
        "--site",
        type=Path,
        metavar="FOLDER",
        help="serve a folder of files, such as a built site, at all other addresses; its pages may use the "
        "server (default: none)",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C, and return the exit status."""
    try:
        from goosequill.serve.app import Served
        from goosequill.serve.guards import is_loopback, origin_of
        from goosequill.serve.models import Models, always
        from goosequill.serve.server import open_socket, serve
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            raise
        raise SettingsError(
            "Serving needs the packages starlette and uvicorn, which are not installed.", code="no-serve"
        ) from error
    origins = tuple(map(origin_of, options.allow_origin))
    listening = open_socket(options.host, options.port)
    if options.site and not options.site.is_dir():
        raise SettingsError(f"{options.site} is not a folder.", code="option", remedy="Build the site first.")
    limit = None if options.memory_limit is None else round(options.memory_limit * 1e9)
    paths = [path for model in options.model for path in models_at(find_model(options, model))]
    sources = [_source(options, path, limit) for path in paths]
    adapted: list[str] = []
    if options.alias or options.adapter:
        if len(paths) > 1:
            raise SettingsError("--alias and --adapter are about one model.", code="settings-conflict")
        loaded = load(options, paths[0])
        if options.alias:
            loaded = replace(loaded, description={**loaded.description, "name": options.alias})
        others = [always(load_adapted(options, loaded, path)) for path in options.adapter]
        sources, adapted = [always(loaded), *others], [each.name for each in others]
    models = Models(sources, limit=limit)
    with models.using(models.names[0]) as first:  # what is wrong with it, or with the options, is said now
        kernel = first.loaded.model.kernel
    names = [name for name in ("static", "minilm") if find_folder(name, options.models)]
    embedders = [open_named(name, options.models, kernel) for name in names]
    named = {each.name: each for each in embedders}
    served = Served(models, named, options.host, options.api_key, origins, options.site)
    host = f"[{options.host}]" if ":" in options.host else options.host
    header = " -H 'Authorization: Bearer KEY'" if options.api_key else ""
    base = f"http://{host}:{listening.getsockname()[1]}/v1"
    name, *more = models.names
    say(f"{name} is served at {base}. Ctrl-C ends it.")
    if options.site and not options.quiet:
        say(f"{options.site} is served at {base.removesuffix('v1')}.")
    if more and not options.quiet:
        say(f"{'With adapters it is' if adapted else 'Loaded when first asked for:'} {', '.join(more)}.")
    if not options.quiet:
        say(f"Enter this address in a program that knows OpenAI's API, with the model {name}, or try:")
        say(f"  curl {base}/completions -H 'Content-Type: application/json'{header} \\")
        say('    -d \'{"prompt": "Once upon a time", "stream": true}\'')
        if not is_loopback(options.host) and not options.api_key:
            say("Anybody who can reach this machine can use the model: think of --api-key.")
    sys.stdout.flush()
    serve(served, listening)
    return 0


def models_at(path: Path) -> list[Path]:
    """Return the models at a path: itself, or those in a folder that is not itself one."""
    if not path.is_dir() or (path / DESCRIPTION).is_file():
        return [path]
    names = sorted(each.name for each in path.iterdir())
    files = [name for name in names if is_weights(name) and (path / name).is_file()]
    if weight_files(files):
        return [path]
    found = [path / name for name in names if name in files or is_model_folder(path / name)]
    return found or [path]


def _source(options: argparse.Namespace, path: Path, limit: int | None) -> Source:
    """Return what loads a model, after a look at its files; refuse one that exceeds the limit by itself."""
    from goosequill.serve.models import Source

    opened = open_path(path, verify=False)
    fit = Fit(opened.tensors, chosen_kernel(options), limit)
    fit.require(options.quantize)
    name = names_of(description_of(opened))[0]
    return Source(name, partial(load, options, path), fit.memory(options.quantize).peak)
