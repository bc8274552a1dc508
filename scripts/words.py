"""Collect the interface's English texts into the catalogues site/ui/languages/*.json, and check these.

    python scripts/words.py            add new texts, remove those that are unused; a part of `make generate`
    python scripts/words.py --check    fail if a text is missing, unused or malformed; a part of `make check`

A catalogue maps each English text to its translation. The texts are those of the scripts of site/ (words.js),
of the applications' HTML, and what the Python package says to a page: errors, remedies, settings, presets.
A new language is a file there and a line in site/ui/languages.js.

A new text has an empty translation, and pages show English. One that takes the place of a similar text keeps
that one's translation, and is listed in stale_words.json until the translation is changed or the entry is
deleted. Both are warnings: whoever changes a page need not know German.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from jinja2 import ChoiceLoader, DictLoader, Environment, FunctionLoader  # noqa: E402
from scripts import figures  # noqa: E402
from scripts.frames import make_frames, render_frame  # noqa: E402
from scripts.pages import read_pages  # noqa: E402
from scripts.recordings import STYLES  # noqa: E402

MODEL = ROOT / "site" / "models" / "default" / "config.json"
SETS = ROOT / "site" / "teach" / "sets.json"
CATALOGUES = ROOT / "site" / "ui" / "languages"
STALE = ROOT / "scripts" / "stale_words.json"
SIMILAR = 0.7
"""How similar two texts are if one is taken for a change of the other, from 0 to 1 (difflib)."""
ELSEWHERE = ("site/search/static",)
"""Folders in these whose words other sites show, in English."""
ENGINE = ("site/engine", "site/prompt-api")
"""Folders whose messages are translated where they enter the page."""
ENGLISH = ("site/components", "site/lab", "site/models", "site/vendor")
"""Folders whose words are English, as articles are. In all others a text that is not in t() is an error."""
SILENT = {
    "api",
    "cli",
    "lab",
    "notebook",
    "openai",
    "cluster.py",
    "threads.py",
    "mkdocs_plugin.py",
    "__main__.py",
}
"""What of the package says nothing to an application's page."""
ERRORS = {
    "Choice", "FileFormatError", "GoosequillError", "LoadError", "LoadedModel", "SearchError",
    "SettingsError", "TokenizerError", "UnsupportedModelError", "_refused",
}  # fmt: skip
"""What is called with a message, and perhaps a remedy or a notice."""
SENTENCES = "wording.py"
"""The module whose lists are sentences about statistics."""
HOME = """<title>{{ preview("").title }}</title>{% include "partials/header.html" %}
{% block container %}{% endblock %}{% include "partials/copyright.html" %}"""
"""What the home page extends, here without Material."""
MOST_VARIANTS = 16
"""Of one message, from the choices in it."""

PLACEHOLDER = re.compile(r"\{\w+\}")
TAG = re.compile(r"</?\d+/?>")
FORMS = {"de": 2}
"""How many plural forms a language has; the order of site/ui/words.js."""

Parts = tuple[str, ...]
"""A message around what is inserted into it: `“{0}” is too large.` is `("“", "” is too large.")`."""


def collect() -> tuple[dict[str, str], list[str]]:
    """Every text with the first place where it is used, and what could not be collected."""
    folders = sorted(f"site/{path.name}" for path in (ROOT / "site").iterdir() if path.is_dir())
    rooms = [folder for folder in folders if folder not in (*ENGINE, *ENGLISH)]
    request = {"pages": render_pages(), "rooms": rooms, "elsewhere": ELSEWHERE, "engine": ENGINE}
    command = ["node", str(ROOT / "scripts" / "words.js")]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"words: {done.stderr}")
    found = json.loads(done.stdout)
    texts = found["texts"] | found["messages"]
    for text, where in (*package_messages(), *package_descriptions()):
        texts.setdefault(text, where)
    return texts, found["problems"]


def render_pages() -> dict[str, str]:
    """The HTML of every page of an application, and of the home page, as they are before a script runs."""
    pages = read_pages()
    frames = make_frames(pages, ROOT / "site")
    rendered = {f"site/{page.file}": render_frame(frames, page) for page in pages if not page.article}
    return rendered | {"overrides/home.html": render_home(frames)}


def render_home(frames: Environment) -> str:
    """The home page without what Material puts around it."""
    none = FunctionLoader(lambda name: "" if name.startswith(".icons/") else None)
    assert frames.loader
    frames.loader = ChoiceLoader([DictLoader({"main.html": HOME}), none, frames.loader])
    page = SimpleNamespace(url="", file="index.html", toc=[SimpleNamespace(id="home")])
    material = {"config": {}, "lang": SimpleNamespace(t=lambda key: "")}
    html: str = frames.get_template("home.html").render(
        page=page, recorded_styles=STYLES, sizes=figures.sizes, **material
    )
    return html


def package_messages() -> Iterator[tuple[str, str]]:
    """Every message and remedy of the package's errors, with {0}, {1} for what is inserted."""
    package = ROOT / "py" / "goosequill"
    for path in sorted(package.rglob("*.py")):
        if SILENT.intersection(path.relative_to(package).parts):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.List) and path.name == SENTENCES:
                values = node.elts
            elif isinstance(node, ast.Call):
                values = messages_of(node)
            else:
                continue
            for value in values:
                for parts in variants(value, names):
                    if any(re.search(r"[^\W\d_]{2}", part) for part in parts):
                        where = f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
                        yield (
                            "".join(f"{{{i - 1}}}{part}" if i else part for i, part in enumerate(parts)),
                            where,
                        )


def messages_of(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that a page shows."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name == "Code":
        return call.args[1:2]
    if name not in ERRORS:
        return []
    return [*call.args[:1], *(each.value for each in call.keywords if each.arg in ("remedy", "notice"))]


def constants(tree: ast.Module) -> dict[str, list[ast.expr]]:
    """What each name of a module is assigned."""
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
    return values


def variants(node: ast.expr, names: dict[str, list[ast.expr]], depth: int = 0) -> list[Parts]:
    """Every text that an expression can be, as far as its literals say."""
    found: list[Parts]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        found = [(node.value,)]
    elif isinstance(node, ast.JoinedStr):
        found = joined([variants(value, names, depth) for value in node.values])
    elif isinstance(node, ast.FormattedValue):
        is_plain = node.format_spec is None and node.conversion == -1
        found = variants(node.value, names, depth + 1) if is_plain and depth < 3 else [("", "")]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        found = joined([variants(node.left, names, depth), variants(node.right, names, depth)])
    elif isinstance(node, ast.IfExp):
        found = variants(node.body, names, depth) + variants(node.orelse, names, depth)
    elif isinstance(node, ast.Name) and node.id in names and depth < 3:
        found = [parts for value in names[node.id] for parts in variants(value, names, depth + 1)]
    else:
        found = [("", "")]
    return list(dict.fromkeys(found))[:MOST_VARIANTS]


def joined(pieces: list[list[Parts]]) -> list[Parts]:
    """One text after the other, in every combination."""
    found = []
    for combination in product(*pieces):
        parts: Parts = ("",)
        for piece in combination:
            parts = (*parts[:-1], parts[-1] + piece[0], *piece[1:])
        found.append(parts)
        if len(found) == MOST_VARIANTS:
            break
    return found


def package_descriptions() -> Iterator[tuple[str, str]]:
    """What the decoder, measures, chats and their files, the default model and sets of examples say."""
    from goosequill.chat.choosing import REASONS
    from goosequill.chat.formats import ChatFormat, describe_chat, describe_templates
    from goosequill.conversations.writing import WRITERS
    from goosequill.decoding import describe, describe_presets
    from goosequill.evaluation.text_metrics import METRICS, PROMPT_METRICS

    model = json.loads(MODEL.read_text(encoding="utf-8"))

    for part in describe():
        yield from ((part[key], "goosequill.decoding") for key in ("label", "sentence"))
        for parameter in part["parameters"]:
            yield from ((parameter[key], "goosequill.decoding") for key in ("label", "sentence"))
    for preset in describe_presets():
        yield from ((preset[key], "goosequill.decoding") for key in ("title", "source"))
    yield from ((text, "goosequill.evaluation") for text in (METRICS | PROMPT_METRICS).values())
    for template in describe_templates(ChatFormat.from_dict(model["chat"])):
        yield template["title"], "goosequill.chat"
    for parameter in describe_chat()["parameters"]:
        texts = (parameter["label"], parameter["sentence"], *parameter["choice_labels"])
        yield from ((text, "goosequill.chat") for text in texts)
    yield from ((reason, "goosequill.chat") for reason in REASONS)
    for writer in WRITERS.values():
        yield from ((text, "goosequill.conversations") for text in (writer.title, writer.needs))
    yield from ((model[key], str(MODEL)) for key in ("title", "description"))
    yield from ((prompt["title"], str(MODEL)) for prompt in model["prompts"])
    yield from ((style["name"], str(MODEL)) for style in model["registers"])
    for each in json.loads(SETS.read_text(encoding="utf-8"))["sets"]:
        yield from ((each[key], str(SETS)) for key in ("title", "note"))


def write_element_words(output: Path) -> None:
    """Write the catalogues of the embeddable element into a built site: only what its scripts say."""
    scripts = ("embed/goosequill.js", "engine/worker.js")
    said = "".join((output / name).read_text(encoding="utf-8") for name in scripts)
    target = output / "embed" / "languages"
    target.mkdir()
    for path in CATALOGUES.glob("*.json"):
        words = {text: to for text, to in read_catalogue(path).items() if is_said(text, said)}
        write_catalogue(target / path.name, words)


def is_said(text: str, scripts: str) -> bool:
    """Whether bundled scripts have a text: as a whole, or in the parts around what is inserted."""
    parts = [part for part in re.split(r"\{\d+\}", text) if part.strip(" .:“”")]
    if len(parts) > 1 or parts != [text]:
        return sum(map(len, parts)) > 8 and all(part in scripts for part in parts)
    return all(json.dumps(form, ensure_ascii=False) in scripts for form in text.split("|"))


def read_catalogue(path: Path) -> dict[str, str]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def write_catalogue(path: Path, words: Mapping[str, object]) -> None:
    """Sorted, one entry a line, so that two branches that add texts merge."""
    text = json.dumps(words, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def renewed(
    language: str, words: dict[str, str], stale: dict[str, str], texts: Collection[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """A catalogue and its stale translations with these texts; see the head of this file."""
    gone = [text for text in words if text not in texts and words[text]]
    kept = {}
    for text in texts:
        if text not in words:
            for old in get_close_matches(text, gone, 1, SIMILAR):
                if ("|" in old) == ("|" in text) and not wrong_marks(language, text, words[old]):
                    kept[text] = words[old]
    stale = {text: to for text, to in stale.items() if text in texts and words.get(text) == to}
    return {text: words.get(text) or kept.get(text, "") for text in texts}, stale | kept


def problems(language: str, words: dict[str, str], texts: Collection[str]) -> Iterator[str]:
    """What is wrong with a catalogue."""
    for text in sorted({*texts, *words}):
        if text not in words:
            yield f"{language}: missing, run make generate: {text!r}"
        elif text not in texts:
            yield f"{language}: unused, run make generate: {text!r}"
        elif words[text] and (wrong := wrong_marks(language, text, words[text])):
            yield f"{language}: {wrong}: {text!r}"


def unfinished(language: str, words: dict[str, str], stale: dict[str, str]) -> Iterator[str]:
    """What a translator has to do in a catalogue."""
    for text, to in sorted(words.items()):
        if not to:
            yield f"{language}: untranslated: {text!r}"
        elif stale.get(text) == to:
            yield f"{language}: stale: {text!r} has the translation of an older text, {to!r}"


def wrong_marks(language: str, text: str, to: str) -> str:
    """What differs between a text and its translation though it must not; "" if nothing does."""
    if "|" in text:
        if to.count("|") + 1 != FORMS[language]:
            return "wrong number of plural forms"
        allowed = set(PLACEHOLDER.findall(text))
        if any(set(PLACEHOLDER.findall(form)) - allowed for form in to.split("|")):
            return "other placeholders"
        return "" if set(PLACEHOLDER.findall(to)) == allowed else "other placeholders"
    if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(to)):
        return "other placeholders"
    return "" if Counter(TAG.findall(text)) == Counter(TAG.findall(to)) else "other tags"


def main(arguments: list[str]) -> int:
    texts, found = collect()
    stale = json.loads(STALE.read_text(encoding="utf-8"))
    for path in sorted(CATALOGUES.glob("*.json")):
        language, words = path.stem, read_catalogue(path)
        stale.setdefault(language, {})
        if "--check" not in arguments:
            words, stale[language] = renewed(language, words, stale[language], texts)
            write_catalogue(path, words)
            write_catalogue(STALE, stale)
        found += problems(language, words, texts)
        for each in unfinished(language, words, stale[language]):
            print(f"warning: words: {each}", file=sys.stderr)
    for each in found:
        print(f"words: {each}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
