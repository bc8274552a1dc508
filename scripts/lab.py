"""The laboratory's articles: experiments, figures, scripts and formulas, drawn when the site is built.

An article requests them by comments, as docs_pages.py describes:

    <!-- generate: experiment sta -->              an experiment: controls, Run, and its main figure
    <!-- generate: figure sta convergence -->      another figure of the same result
    <!-- generate: script sta -->                  docs/lab/scripts/sta.py, folded, and a link to the module
    <!-- generate: math y = \\sigma(x) -->          a formula as MathML; inside a line, an inline one
    <!-- generate: number .4f FILE PATH -->        inside a line, a number of a result (lab_numbers.py)
    <!-- generate: claim FILE PATH < PATH -->      inside a line, a comparison that has to be true
    <!-- generate: laboratory -->                  all articles of the laboratory, each with its own picture

Each experiment that is mounted runs here with its defaults, so that a page shows a picture before it has
loaded any script. scripts/draw.js draws with the modules of site/lab/ that the page uses too. Both results
are kept (kept.py) until a source changes.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from scripts.command import ROOT, BuildError
from scripts.imports import sources
from scripts.kept import digest, kept
from scripts.lab_numbers import claim, number
from scripts.pages import read_pages

DOCS = ROOT / "docs"
GROUP = "Laboratory"
"""The group of site/pages.json that the laboratory's articles are in."""
DIGITS = 7
"""Significant digits of the numbers in arrays that a page gets with its first picture."""

REQUEST = re.compile(r"<!-- generate: (experiment|figure|math) (.*?) -->")
CONTENTS = "<!-- generate: laboratory -->"
DRAWING = re.compile(r"<svg.*?</svg>", re.DOTALL)
LEAST_DRAWING = 2_000
"""Characters; a shorter drawing is a sample of a legend."""
PLACE = re.compile(r'<(div|span) data-lab="([^"]*)"></\1>')
INSIDE = re.compile(
    r"```.*?```|`[^`\n]*`"
    r"|(?<!^)<!-- generate: math (?P<tex>.*?) -->"
    r"|<!-- generate: number (?P<number>.*?) -->"
    r"|\s*<!-- generate: claim (?P<claim>.*?) -->"
    r"|\[(?P<words>[^\]\n]+)\]\((?P<state>#[\w.-]+=[^)\s]*)\)",
    re.DOTALL | re.MULTILINE,
)
"""Code, formulas and numbers inside lines, and links to settings, [Try it](#degree=9), for which MkDocs would
look for a heading of that name."""

WITHOUT_SCRIPTS = (
    "<noscript><p>This picture was computed when the site was built. With JavaScript you can change the "
    "settings here and compute it again.</p></noscript>"
)


def experiment(name: str) -> str:
    return _place("div", f"experiment {name}")


def figure(name: str, part: str) -> str:
    return _place("div", f"figure {name} {part}")


def math(*tex: str) -> str:
    return _place("div", f"math {' '.join(tex)}")


def script(name: str) -> str:
    """Fold the standalone script, which the theme gives a copy button, and link to the module's source."""
    path = DOCS / "lab" / "scripts" / f"{name}.py"
    if not path.is_file():
        raise BuildError(f"docs/lab/scripts/{name}.py is missing: an article shows the script of {name}")
    code = "".join(f"    {line}".rstrip() + "\n" for line in path.read_text(encoding="utf-8").splitlines())
    module = _module_name(name)
    link = f'<a href="../source/{module}.py.txt">goosequill/lab/{module}.py</a>'
    return (
        '<div markdown="1" data-nosnippet="">\n\n'  # searches read the article, which says the same in words
        f'??? example "A script that computes this with numpy alone"\n\n    ```python\n{code}    ```\n\n'
        "</div>\n\n"
        f'<p>This page computes with {link}; <a href="../scripts/{name}.py" download>the script</a> '
        "does not need it.</p>"
    )


def laboratory() -> str:
    """The laboratory's other articles, each with what its experiment draws."""
    items = []
    for page in read_pages():
        name = page.address.removeprefix("lab/").removesuffix("/")
        if page.group == GROUP and name:
            title, sentence = html.escape(page.title), html.escape(page.description)
            link = f'<a href="{name}/">{title}</a><p>{sentence}</p>'
            items.append(f"<li>{_place('div', f'thumbnail {name}')}{link}</li>")
    return "\n".join(['<ul class="cards lab-cards">', *items, "</ul>"])


GENERATORS: dict[str, Callable[..., str]] = {
    "experiment": experiment,
    "figure": figure,
    "laboratory": laboratory,
    "math": math,
    "script": script,
}


def _place(tag: str, request: str) -> str:
    """An empty element that `on_post_page` fills: search should not index what is drawn."""
    return f'<{tag} data-lab="{html.escape(request)}"></{tag}>'


def prepare(markdown: str) -> str:
    """Replace numbers, and by HTML that MkDocs leaves alone, formulas inside lines and links to settings.

    Raises
    ------
    BuildError
        A number cannot be had, or a claim is not so.
    """

    def replaced(match: re.Match[str]) -> str:
        if match["tex"]:
            return _place("span", f"math {' '.join(match['tex'].split())}")
        if match["number"]:
            return number(match["number"], _result)
        if match["claim"]:
            claim(match["claim"], _result)
            return ""
        if match["words"]:
            return f'<a class="lab-try" href="{html.escape(match["state"])}">{match["words"]}</a>'
        return match[0]  # code

    return INSIDE.sub(replaced, markdown)


def _result(name: str, settings: str) -> Any:
    return json.loads(first_result(name, settings).read_text(encoding="utf-8"))["data"]


def requests() -> list[tuple[str, str]]:
    """Return every request of the articles, each once: its kind and its arguments."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))]
    inside = [text for text in texts if "generate: " in text]
    found = [match.groups() for text in inside for match in REQUEST.finditer(_without_code(text))]
    return list(dict.fromkeys((kind, " ".join(value.split())) for kind, value in found))


def _without_code(markdown: str) -> str:
    """Examples in fences and in code spans are not requests."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", markdown, flags=re.DOTALL)


def styles(markdown: str) -> list[str]:
    """Return the style sheets of an article that shows what experiments draw; none for other articles."""
    text = _without_code(markdown)
    found = [match.groups() for match in REQUEST.finditer(text)]
    names = dict.fromkeys(value.split()[0] for kind, value in found if kind != "math")
    if CONTENTS in text:
        names |= dict.fromkeys(mounted())
    own = [f"lab/{name}.css" for name in names if (ROOT / "site" / "lab" / f"{name}.css").is_file()]
    return ["ui/controls.css", "ui/chart.css", "lab/lab.css", *own] if names else []


def scripts(markdown: str) -> list[str]:
    """Return the scripts that an article's experiments need."""
    experiments = (match[1] != "math" for match in REQUEST.finditer(_without_code(markdown)))
    return ["lab/lab.js"] if any(experiments) else []


def mounted() -> dict[str, list[str]]:
    """Return the experiments that an article mounts, each with the parts that are figures of their own."""
    found: dict[str, list[str]] = {}
    for kind, value in requests():
        if kind != "math":
            name, *part = value.split()
            found.setdefault(name, []).extend(part)
    return found


def _module_name(name: str) -> str:
    return name.replace("-", "_")


@cache
def first_result(name: str, settings: str = "") -> Path:
    """Run an experiment, unless it was; return its description and result as JSON.

    Parameters
    ----------
    settings
        Those that differ from the defaults, as a link has them: `size=9&seed=3`.

    Raises
    ------
    BuildError
        There is no such experiment.
    """
    experiments = import_module("goosequill.lab.experiments")
    if name not in experiments.names():
        raise BuildError(
            f"an article mounts {name}, but the experiments are {', '.join(experiments.names())}"
        )
    data = [experiments.path_of(file) for file in experiments.files(name)]
    own = [Path(__file__), ROOT / "py" / "goosequill" / "cli" / "lab.py"]
    key = digest(*own, *sources(f"goosequill.lab.{_module_name(name)}"), *data)
    step = f"lab-{name}{settings and '-'}{settings}.json"
    return kept(step, key, lambda path: path.write_text(_compute(name, settings), encoding="utf-8"))


def _compute(name: str, changes: str = "") -> str:
    experiments, command = (import_module(f"goosequill.{room}") for room in ("lab.experiments", "cli.lab"))
    plain, chosen = command.plain, dict(map(command.read_setting, filter(None, unquote(changes).split("&"))))
    result = import_module("goosequill.support.progress").finish(experiments.run(name, chosen))
    settings = plain(result["settings"])
    for large in getattr(import_module(f"goosequill.lab.{_module_name(name)}"), "LARGE", ()):
        result[large] = None  # a page needs it only after a run of its own
    first = {
        "description": plain(experiments.describe(name)),
        "settings": settings,
        "data": plain(result, DIGITS) | {"settings": settings},
        "bytes": sum(experiments.path_of(file).stat().st_size for file in experiments.files(name)),
    }
    return json.dumps(first, allow_nan=False, separators=(",", ":"))


@cache
def drawn() -> dict[str, Any]:
    """Return what scripts/draw.js makes of all requests: experiments, figures and formulas as HTML."""
    experiments = [
        {"name": name, "parts": parts, "first": str(first_result(name))} for name, parts in mounted().items()
    ]
    task = {"experiments": experiments, "math": [value for kind, value in requests() if kind == "math"]}
    if not experiments and not task["math"]:
        return {"experiments": {}, "math": {}}
    code = (part for path in _scripts() for part in (path.relative_to(ROOT).as_posix(), path))
    text = json.dumps(task)
    key = digest(text, *code)
    path = kept("lab-drawn.json", key, lambda path: path.write_text(_draw(text), encoding="utf-8"))
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def _scripts() -> Iterator[Path]:
    """The scripts that may take part in drawing."""
    yield ROOT / "scripts" / "draw.js"
    for folder in ("lab", "ui", "vendor"):
        paths = (ROOT / "site" / folder).rglob("*.js")
        yield from (path for path in sorted(paths) if "pyodide" not in path.parts)


def _draw(task: str) -> str:
    command = ["node", str(ROOT / "scripts" / "draw.js")]
    result = subprocess.run(command, input=task, capture_output=True, text=True, cwd=ROOT)
    if result.returncode:
        raise BuildError(f"scripts/draw.js could not draw:\n{result.stderr[-3000:]}")
    return result.stdout


def fill(page: str) -> str:
    """Replace the empty elements of a page by what they request."""
    counts: dict[str, int] = {}

    def markup(match: re.Match[str]) -> str:
        kind, _, value = html.unescape(match[2]).partition(" ")
        if kind == "math":
            formula = drawn()["math"][value]
            return (
                f'<div class="lab-formula">{formula["block"]}</div>'
                if match[1] == "div"
                else formula["inline"]
            )
        name, _, part = value.partition(" ")
        made = drawn()["experiments"][name]
        if kind == "thumbnail":
            return f'<figure class="chart lab-thumbnail" aria-hidden="true" inert>{_thumbnail(made)}</figure>'
        if kind == "figure":
            return (
                f'<div class="lab-figure" data-figure="{name}" data-part="{part}">{made["parts"][part]}</div>'
            )
        counts[name] = counts.get(name, 0) + 1
        return _experiment_markup(name, counts[name], made)

    return PLACE.sub(markup, page)


def _thumbnail(made: dict[str, Any]) -> str:
    """The first real drawing of an experiment, without the ids that may be there only once."""
    pictures = DRAWING.findall("".join([made["experiment"], *made["parts"].values()]))
    chosen = next((picture for picture in pictures if len(picture) >= LEAST_DRAWING), "")
    return chosen.replace(' tabindex="0"', "").replace(' role="application"', "")


def _experiment_markup(name: str, count: int, made: dict[str, Any]) -> str:
    """The element of an experiment; ids in it differ from those of the same experiment further up."""
    suffix = f"-{count}" if count > 1 else ""
    inner = made["experiment"].replace(f'"lab-{name}-', f'"lab-{name}{suffix}-')
    return (
        f'<section class="lab" id="experiment-{name}{suffix}" data-experiment="{name}" '
        f'data-testid="experiment-{name}{suffix}" data-state="idle" '
        f'aria-label="Experiment: {html.escape(made["label"])}">{inner}{WITHOUT_SCRIPTS}</section>'
    )


def write_files(output: Path) -> None:
    """Write what the pages fetch or link: first results, data files, and the sources of the modules."""
    experiments = import_module("goosequill.lab.experiments")
    for folder in ("first", "source"):
        (output / "lab" / folder).mkdir(parents=True, exist_ok=True)
    for name in mounted():
        shutil.copyfile(first_result(name), output / "lab" / "first" / f"{name}.json")
        for source in sources(f"goosequill.lab.{_module_name(name)}"):
            if source.parent.name == "lab" and source.stem != "__init__":
                shutil.copyfile(source, output / "lab" / "source" / f"{source.stem}.py.txt")
    if experiments.DATA.is_dir():
        shutil.copytree(
            experiments.DATA, output / "lab" / "data", ignore=shutil.ignore_patterns("*.py", "__*")
        )
