"""`goosequill ask`: find the passages of an index that answer a question."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from dataclasses import asdict
from typing import Any

from goosequill.cli.embedders import add_models_option, open_models
from goosequill.cli.models import add_kernel_options, chosen_kernel
from goosequill.cli.output import say, say_json
from goosequill.search.hits import Hit
from goosequill.search.searcher import Results
from goosequill.search.stores import open_store

_WIDTH = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = "Find the passages of an index that answer a question, by meaning and by words."
    parser.add_argument("question", help="the question")
    parser.add_argument("--index", required=True, help="the folder of an index, or lancedb:URI")
    parser.add_argument("--count", type=int, default=5, help="documents to show, 1 to 1000 (default: 5)")
    parser.add_argument(
        "--stage",
        choices=("full", "static"),
        default="full",
        help="full asks with the model that made the index; static with the static table, which is quicker",
    )
    add_models_option(parser)
    add_kernel_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print what was found and return the exit status."""
    kernel = chosen_kernel(options)
    store = open_store(options.index, kernel.search)
    static, full = open_models(store.model, options, kernel)
    results = store.ask(options.question, static=static, full=full, count=options.count)
    if options.json:
        say_json(to_dict(results))
    else:
        show(results)
    return 0


def to_dict(results: Results) -> dict[str, Any]:
    """Return the results as JSON has them."""
    return {
        "results": [_hit(hit) for hit in results.hits],
        "state": results.state,
        "nothing_fits": results.nothing_fits,
        "likelihood": results.likelihood,
        "stage": results.stage,
    }


def _hit(hit: Hit) -> dict[str, Any]:
    fields = asdict(hit) | {"explanation": hit.explanation, "more": [_hit(each) for each in hit.more]}
    return {"document": fields.pop("name"), **{name: fields[name] for name in fields if name != "document"}}


def show(results: Results) -> None:
    """Print the hits for a person."""
    if not results.hits:
        say("The index is empty.")
        return
    if results.state != "fits":
        chance = "" if results.likelihood is None else f", about {max(1, round(100 * results.likelihood))}%"
        say(f"{'Nothing fits' if results.nothing_fits else 'Perhaps'}{chance}. The nearest passages:\n")
    width = min(_WIDTH, shutil.get_terminal_size().columns)
    for place, hit in enumerate(results.hits, 1):
        trail = f" › {hit.heading}" if hit.heading else ""
        say(f"{place}. {hit.title}{trail}  [{hit.address or hit.name}]")
        say(textwrap.indent(textwrap.fill(hit.text, width - 3), "   "))
        say(f"   {hit.explanation}\n")
        for each in hit.more:
            say(f"   › {each.heading or 'Further on'}  [{each.address or each.name}]")
            say(textwrap.indent(textwrap.fill(each.text, width - 5), "     ") + "\n")
