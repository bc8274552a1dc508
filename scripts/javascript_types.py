"""The JavaScript reference: declarations that the type checker writes, with the comments of the sources.

    <!-- generate: types engine/model.js Model Conversation -->    exports of a module of site/

tsc makes the declarations from JSDoc, so a signature here is what it enforces. An export without a comment
fails the build.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from textwrap import dedent

from scripts.bundles import IMPORT
from scripts.command import ROOT, BuildError
from scripts.kept import digest, kept

REQUEST = re.compile(r"^<!-- generate: types (\S+) ", re.MULTILINE)
DOC = r"(?P<doc>/\*\*(?:(?!\*/).)*?\*/)\s*"
EXPORT = (
    DOC + r"export declare (?P<kind>class|function|const) {name}\b(?P<rest>.*?)^(?:\}}$|(?=export|/\*\*))"
)
MEMBER = re.compile(
    rf"(?:{DOC})?^    (?P<code>(?!#|constructor)[\w$*\[].*?;)$(?=\n(?:    [^\s}}]|\Z))",
    re.MULTILINE | re.DOTALL,
)
TAG = re.compile(r"@(\w+)\s*")
IMPORTED = re.compile(r'import\("[^"]*"\)\.')


def described() -> Iterator[Path]:
    """The modules of site/ that articles describe."""
    for article in sorted((ROOT / "docs").rglob("*.md")):
        for name in REQUEST.findall(article.read_text(encoding="utf-8")):
            yield ROOT / "site" / name


def read_for(modules: Iterable[Path]) -> list[Path]:
    """Modules, what they import, and what that imports, types too."""
    waiting, found = list(modules), set[Path]()
    while waiting:
        if (path := waiting.pop()) not in found and path.is_file():
            found.add(path)
            names = IMPORT.findall(path.read_text(encoding="utf-8"))
            waiting += (Path(os.path.normpath(path.parent / name)) for name in names)
    return sorted(found)


@cache
def declarations() -> dict[str, str]:
    """The declarations of the modules of site/ that articles describe, and of what these import, by their
    paths without the extension.
    """
    modules = read_for(described())
    settings = [ROOT / name for name in ("tsconfig.json", "tsconfig.base.json", "package-lock.json")]
    parts = (part for path in modules for part in (str(path), path))
    key = digest(Path(__file__), *settings, ROOT / "types", *parts)
    make = partial(_declare, modules)
    made = kept("declarations.json", key, lambda path: path.write_text(make(), encoding="utf-8"))
    found: dict[str, str] = json.loads(made.read_text(encoding="utf-8"))
    return found


def _declare(modules: list[Path]) -> str:
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        config = {"extends": "../../tsconfig.json", "files": list(map(str, modules)), "exclude": []}
        config["include"] = ["../../types/**/*.d.ts", "../../types/**/*.d.mts"]
        (Path(folder) / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")
        command = [str(ROOT / "node_modules" / ".bin" / "tsc"), "-p", folder, "--noEmit", "false"]
        options = ["--declaration", "--emitDeclarationOnly", "--rootDir", ".", "--outDir", folder]
        subprocess.run([*command, *options], cwd=ROOT, check=True)
        site = Path(folder) / "site"
        found = {path.relative_to(site).as_posix(): path for path in site.rglob("*.d.ts")}
        texts = {name.removesuffix(".d.ts"): path.read_text(encoding="utf-8") for name, path in found.items()}
    return json.dumps(texts)


def _without_type(text: str) -> tuple[str, str]:
    """Split a tag's text into its type, in braces, and the rest."""
    depth = 0
    for at, character in enumerate(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            return (text[1:at], text[at + 1 :].strip()) if at else ("", text)
    return "", text


def _comment(doc: str) -> tuple[str, list[str]]:
    """A comment's prose, and a line for each tag that says more than a type."""
    text = re.sub(r"^\s*/\*\*\s?|\s*\*/$", "", doc)
    text = re.sub(r"^ *\*? ?", "", text, flags=re.MULTILINE)
    prose, *tags = re.split(r"(?:^|(?<=\s))(?=@\w)", text)
    lines = []
    for tag in tags:
        name = TAG.match(tag)
        kind, said = _without_type(" ".join(TAG.sub("", tag, count=1).split()))
        if name and name[1] == "param":
            parameter, _, said = said.partition(" ")
            said = f"`{parameter.strip('[]').split('=')[0]}`: {said}" if said else ""
        elif name and name[1] == "throws":
            said = f"Throws `{kind}`{f': {said}' if said else ''}"
        elif name and name[1] == "returns":
            said = f"Returns {said}" if said else ""
        elif not name or name[1] != "type":
            said = ""
        if said:
            lines.append(f"- {said}")
    return " ".join(prose.split()), lines


def _fence(code: str) -> str:
    return f"```ts\n{IMPORTED.sub('', code).strip()}\n```"


def _members(body: str) -> Iterator[str]:
    for match in MEMBER.finditer(body):
        prose, lines = _comment(match["doc"] or "")
        yield "\n\n".join(filter(None, [_fence(dedent(f"    {match['code']}")), prose, "\n".join(lines)]))


def _described(module: str, name: str) -> str:
    text = declarations().get(module.removesuffix(".js"), "")
    pattern = EXPORT.format(name=re.escape(name))
    match = re.search(pattern, text + "\nexport", re.MULTILINE | re.DOTALL)
    if not match:
        raise BuildError(f"site/{module} has no export {name} with a comment, which the reference describes")
    prose, lines = _comment(match["doc"])
    parts = [f"### {name}"]
    if match["kind"] != "class":
        parts.append(_fence(name + match["rest"].rstrip().removesuffix(";")))
    parts += [prose, "\n".join(lines)]
    if match["kind"] == "class":
        parts += _members(match["rest"])
    return "\n\n".join(part for part in parts if part)


def types(module: str, *names: str) -> str:
    """Describe exports of a module of site/."""
    return "\n\n".join(_described(module, name) for name in names)


GENERATORS: dict[str, Callable[..., str]] = {"types": types}
