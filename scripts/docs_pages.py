"""MkDocs hook: navigation and descriptions from site/pages.json, reference pages from the package itself.

So neither can fall behind. A page requests generated text by a comment on a line of its own:

    <!-- generate: contents Tutorials -->                the articles of one group, with their descriptions
    <!-- generate: decoding -->                          every part of the decoder, with its settings
    <!-- generate: keywords -->                          the keywords of JSON schemas
    <!-- generate: presets -->                           the named decoders
    <!-- generate: commands -->                          the command line, as its parsers describe it
    <!-- generate: errors -->                            every error code, with its meaning and remedy
    <!-- generate: promises -->                          what is promised, with the tests that hold it
    <!-- generate: soak -->                              what the last soak measured

What the laboratory's articles request is in lab.py; the drawn figures are in
figures.py, the references of JavaScript and Python in javascript_types.py and python_reference.py, the
formats of reports in report_formats.py, and the licences in notices.py.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts import figures, javascript_types, lab, notices, promises, python_reference, report_formats
from scripts.command import ROOT
from scripts.crawlers import preview, site_address
from scripts.pages import menu, navigation, read_languages, read_pages

MARKER = re.compile(r"^<!-- generate: (\w+)(.*?) -->$", re.MULTILINE)


def on_config(config: Any) -> Any:
    """Set the navigation."""
    config.nav = navigation(read_pages())
    return config


def on_env(env: Any, **_: Any) -> Any:
    """Give the templates the main menu, the pages' previews, and what the page for errors needs."""
    pages, address = read_pages(), site_address()
    env.globals["menu"] = partial(menu, pages)
    env.globals["preview"] = partial(preview, pages, address)
    env.globals["languages"] = read_languages()
    env.globals["root"] = urlsplit(address).path
    env.globals["recorded_styles"] = importlib.import_module("scripts.recordings").STYLES
    env.globals["sizes"] = figures.sizes
    env.globals["quill"] = (ROOT / "site" / "ui" / "quill.svg").read_text(encoding="utf-8").strip()
    return env


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Set the page's description and replace each marker by the text it requests."""
    (listed,) = (entry for entry in read_pages() if entry.address == page.url)
    page.meta["description"] = listed.description
    if any(match[1] == "experiment" for match in MARKER.finditer(markdown)):
        page.meta["hide"] = ["toc"]  # an experiment has its room
    page.meta["styles"] = [*page.meta.get("styles", []), *lab.styles(markdown)]
    page.meta["scripts"] = [*page.meta.get("scripts", []), *lab.scripts(markdown)]
    return MARKER.sub(lambda match: GENERATORS[match[1]](*match[2].split()), lab.prepare(markdown))


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Leave the page out of Material's index: pages need its settings only. Our plugin has asked before."""
    page.meta["search"] = {"exclude": True}
    return html


def on_post_page(output: str, **_: Any) -> str:
    """Draw the first pictures and the formulas."""
    return lab.fill(output)


def on_post_build(config: Any, **_: Any) -> None:
    """Write what the laboratory's pages fetch."""
    lab.write_files(Path(config.site_dir))


def contents(*group: str) -> str:
    """The articles of one group, as links from a page in docs/ itself."""
    pages = [page for page in read_pages() if page.group == " ".join(group)]
    if not pages:
        raise ValueError(f"site/pages.json has no page in the group {' '.join(group)!r}")
    return "\n".join(f"- [{page.title}]({page.article}): {page.description}" for page in pages)


def cell(value: object) -> str:
    """Format a value for a table cell."""
    if value is None or value == "":
        return ""
    text = value if isinstance(value, str) else f"`{value!r}`"
    return text.replace("|", "\\|").replace("\n", " ")


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = ["| " + " | ".join(map(cell, row)) + " |" for row in [head, *rows]]
    lines.insert(1, "|---" * lines[0].count(" | ") + "|---|")
    return "\n".join(lines)


def limits(parameter: Any) -> str:
    """Describe the values that a setting accepts."""
    if parameter.choices:
        return " or ".join(f"`{choice}`" for choice in parameter.choices)
    if parameter.kind not in ("number", "integer"):
        kinds = {"texts": "list of texts", "tokens": "list of token ids", "biases": "token id to number"}
        return kinds.get(
            parameter.kind, "`true` or `false`" if parameter.kind == "boolean" else parameter.kind
        )
    ends = [
        f"{end:g}" if end is not None and abs(end) < 1e6 else ""
        for end in (parameter.minimum, parameter.maximum)
    ]
    words = {(True, True): "{} to {}", (True, False): "{} or more", (False, True): "up to {1}"}
    text = words.get((bool(ends[0]), bool(ends[1])), "any").format(*ends)
    return f"{text}, integer" if parameter.kind == "integer" else text


def decoding() -> str:
    parts = []
    for part in importlib.import_module("goosequill.decoding.config").DESCRIPTIONS:
        rows = [(f"`{p.name}`", p.sentence, p.default, limits(p), p.neutral) for p in part.parameters]
        facts = [part.sentence]
        facts += [f"Rule: `{part.formula}`"] if part.formula else []
        facts += [f"Source: {part.source}"] if part.source else []
        settings = table(("Setting", "Meaning", "Default", "Values", "Off at"), rows)
        parts.append(f"## {part.label}\n\n" + "\n\n".join([*facts, settings]))
    return "\n\n".join(parts)


def keywords() -> str:
    found = importlib.import_module("goosequill.decoding.grammar.keywords")
    honoured = table(
        ("Keyword", "Meaning"), ((f"`{name}`", word.meaning) for name, word in found.KEYWORDS.items())
    )
    refused = table(
        ("Refused", "Instead, or why"), ((f"`{name}`", remedy) for name, remedy in found.REFUSED.items())
    )
    notes = ", ".join(f"`{name}`" for name in found.ANNOTATIONS)
    return f"{honoured}\n\nThese restrict nothing: {notes}.\n\n{refused}"


def presets() -> str:
    found = importlib.import_module("goosequill.decoding").describe_presets()

    def settings(preset: dict[str, Any]) -> str:
        return ", ".join(f"`{key}` {value}" for key, value in preset["settings"].items())

    return table(
        ("Name", "Description", "Settings", "Source of the values"),
        ((f"`{preset['name']}`", preset["title"], settings(preset), preset["source"]) for preset in found),
    )


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def arguments(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, object]]:
    """Each argument of a command: its syntax, its help text, its default."""
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction):
            continue
        metavar = action.metavar or action.dest.upper()
        value = "" if action.nargs == 0 else f" {metavar if isinstance(metavar, str) else ' '.join(metavar)}"
        name = f"`{action.option_strings[-1]}{value}`" if action.option_strings else f"`{metavar}`"
        shown = None if action.default in (None, False, argparse.SUPPRESS, []) else action.default
        text = (action.help or "") % {**vars(action), "prog": parser.prog}
        yield name, text, "required" if action.required and action.option_strings else shown


def commands() -> str:
    cli = importlib.import_module("goosequill.cli.main")
    parts = []
    for name, sentence in cli.COMMANDS.items():
        parser = subparsers(cli.make_parser([name]))[name]
        parts.append(f"## {name}\n\n{sentence[0].upper()}{sentence[1:]}.")
        parts.append(table(("Argument", "Meaning", "Default"), arguments(parser)))
    return "\n\n".join(parts)


def errors() -> str:
    module = importlib.import_module("goosequill.errors")
    parts = [
        f"## {title}\n\n"
        + table(("Code", "Meaning", "Remedy"), ((f"`{name}`", *code) for name, code in codes.items()))
        for title, codes in module.GROUPS.items()
    ]
    former = table(("Code", "Now"), ((f"`{old}`", f"`{new}`") for old, new in module.FORMER.items()))
    return "\n\n".join([*parts, f"## Former names\n\n{former}"])


GENERATORS: dict[str, Callable[..., str]] = {
    "commands": commands,
    "contents": contents,
    "decoding": decoding,
    "errors": errors,
    "keywords": keywords,
    "presets": presets,
    "promises": promises.promises,
    "soak": promises.soak,
    **figures.GENERATORS,
    **javascript_types.GENERATORS,
    **lab.GENERATORS,
    **notices.GENERATORS,
    **python_reference.GENERATORS,
    **report_formats.GENERATORS,
}
