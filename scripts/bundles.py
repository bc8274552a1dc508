"""Bundle and minify the site's scripts and styles with esbuild, and preload what each page's scripts import.

Scripts of pages are found in the pages. Those in one folder are bundled together: they share chunks, and what
they import dynamically is a file of its own. Folders share no chunks: with one for each set of pages that
have code in common, a page's scripts would grow by up to a fifth. So two scripts of one page, from different
folders, may both contain a module; it therefore keeps no state that both need. All bundled code lies one
folder below the root (site/engine/root.js).
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.command import ROOT, BuildError, run
from scripts.versions import FILES, PUBLIC

LIBRARY = {
    "engine/client.js": "engine/client.js",
    "engine/openai.js": "engine/openai.js",
    "prompt-api/install.js": "engine/prompt-api-install.js",
    "prompt-api/language-model.js": "engine/prompt-api.js",
    "prompt-api/semantic-embedder.js": "engine/semantic-embedder.js",
}
"""Modules that other sites import, and their addresses there, which stay where a module moves."""
ASKED = ("ui/translate.js",)
"""Modules that a classic script imports when it needs them."""
ALONE = (
    "engine/worker.js",
    "engine/helper.js",
    "engine/verifier.js",
    "engine/preparer.js",
    "embed/connect.js",
    "embed/frame.js",
    "compare/diff-worker.js",
    "compare/search-worker.js",
    "ui/render-worker.js",
)
"""Bundled into one file each: a chain of imports would delay the first text, or another site's page; and what
a page starts later would split its own modules into more files."""
WIDGET = {
    "widget/goose-quill.js": "embed/goosequill.js",
    "search/static/element.js": "embed/goose-search.js",
    "search/static/goose-better.js": "embed/goose-better.js",
}
INSIDE = "--define:globalThis.goosequillVersion=undefined"
OUTSIDE = f'--define:globalThis.goosequillVersion="{FILES}/"'
"""A script is in the folder of its version's files, or is told that folder's name (scripts/versions.py)."""
NO_PAGE = "--define:globalThis.goosequillWords=undefined"
"""An element in another site's page waits for no catalogue of the page: site/ui/page-words.js."""
LATER = "--external:./goose-better.js"
"""<goose-search> loads it from beside its own file when it is needed."""
BUNDLE = ("--bundle", "--format=esm", "--target=es2022")
READY = ("vendor/pdfjs", "vendor/pyodide", "assets/javascripts", "assets/stylesheets")
"""Pyodide's and Material's files, which are minified already."""

TAG = re.compile(r'<script\b(?=[^>]*\btype="module")[^>]*\bsrc="([^"]+)"[^>]*></script>')
EXPERIMENT = re.compile(r'\bdata-(?:experiment|figure)="([\w-]+)"')
"""The name of a module of lab/ that lab.js fetches."""
MODULE = re.compile(r"^(?:import|export)\b", re.MULTILINE)
IMPORT = re.compile(r'\b(?:from|import)\s*\(?\s*"(\.[^"]+)"')
ADDRESS = re.compile(r'new URL\("([^"]+)",\s*import\.meta\.url\)')


@dataclass
class Bundles:
    """What esbuild has read and written."""

    inputs: set[Path] = field(default_factory=set)
    imports: dict[Path, list[Path]] = field(default_factory=dict)
    """What each script imports statically."""
    contents: dict[Path, set[Path]] = field(default_factory=dict)
    """The modules that have code in each script."""

    def chunks_of(self, script: Path) -> list[Path]:
        """Every chunk that a script imports, directly or not."""
        found = [script]
        for chunk in found:  # grows while it is walked
            found += [other for other in self.imports.get(chunk, []) if other not in found]
        return found[1:]


def run_esbuild(*arguments: str) -> None:
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists():
        raise BuildError("node_modules is missing: run npm ci first")
    run(str(esbuild), "--log-level=warning", "--minify", "--charset=utf8", *arguments)


def bundle(source: Path, target: Path, *options: str) -> None:
    """Write a script and everything it imports into one file."""
    run_esbuild(str(source), *BUNDLE, *options, f"--outfile={target}")


def bundle_modules(
    targets: Mapping[str, str], site: Path, output: Path, made: Bundles, *options: str
) -> None:
    """Bundle modules of `site`, each with its target in `output`, and note what that reads and writes."""
    if not targets:
        return
    with tempfile.TemporaryDirectory() as folder:
        metafile = Path(folder) / "meta.json"
        options += (*BUNDLE, "--external:../vendor/*", "--allow-overwrite")
        options += (f"--outdir={output}", f"--outbase={site}", f"--metafile={metafile}")
        run_esbuild(*(f"{target[:-3]}={site / source}" for source, target in targets.items()), *options)
        meta = json.loads(metafile.read_text(encoding="utf-8"))
    made.inputs |= set(map(resolve, meta["inputs"]))
    for name, about in meta["outputs"].items():
        imports = [each for each in about["imports"] if each["kind"] == "import-statement"]
        inputs = about["inputs"].items()
        made.imports[resolve(name)] = [resolve(each["path"]) for each in imports if not each.get("external")]
        made.contents[resolve(name)] = {resolve(each) for each, share in inputs if share["bytesInOutput"]}


def resolve(name: str) -> Path:
    """A path that esbuild reports: it is relative to the folder in which esbuild ran."""
    return Path(os.path.normpath(ROOT / name))


def page_scripts(site: Path, output: Path) -> dict[str, list[str]]:
    """The modules of `site` that pages and other sites import, by the folder that each is served from."""
    found = {*LIBRARY, *ASKED}
    for page in output.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        found |= {f"lab/{name}.js" for name in EXPERIMENT.findall(html)}
        for address in TAG.findall(html):
            script = Path(os.path.normpath(page.parent / address))
            found |= {script.relative_to(output).as_posix()} if script.is_relative_to(output) else set()
    folders: dict[str, list[str]] = {}
    for name in sorted(found | {path.relative_to(site).as_posix() for path in site.glob("*/*-worker.js")}):
        if (site / name).is_file() and name not in ALONE:
            folders.setdefault(LIBRARY.get(name, name).rpartition("/")[0], []).append(name)
    return folders


def bundle_scripts(site: Path, output: Path) -> Bundles:
    """Bundle the scripts of the pages in `output`, which has all of `site`, and remove the modules there."""
    made = Bundles()
    for folder, names in page_scripts(site, output).items():
        where = OUTSIDE if PUBLIC.intersection(LIBRARY.get(name, name) for name in names) else INSIDE
        options = ("--splitting", where, f"--chunk-names={folder}/[name]-[hash]", "--sourcemap=linked")
        bundle_modules({name: LIBRARY.get(name, name) for name in names}, site, output, made, *options)
    alone = {name: name for name in ALONE if (site / name).is_file()}
    bundle_modules(alone, site, output, made, "--sourcemap=linked", NO_PAGE, INSIDE)
    bundle_modules(
        WIDGET, site, output, made, LATER, NO_PAGE, OUTSIDE, "--banner:js=/* Goosequill, Apache-2.0 */"
    )
    scripts = (path for path in own_files(output, ".js") if output / "vendor" not in path.parents)
    for script in set(scripts) - set(made.imports):
        module = site / script.relative_to(output)
        if module in made.inputs or (module.is_file() and MODULE.search(script.read_text(encoding="utf-8"))):
            script.unlink()  # bundled, or not imported by any page yet
    preload(output, made)
    return made


def preload(output: Path, made: Bundles) -> None:
    """Add to each page what its scripts import: otherwise the browser finds a chunk only in its importer."""
    for page in output.rglob("*.html"):

        def links(tag: re.Match[str], folder: Path = page.parent) -> str:
            chunks = made.chunks_of(Path(os.path.normpath(folder / tag[1])))
            names = (Path(os.path.relpath(chunk, folder)).as_posix() for chunk in chunks)
            return "\n".join([tag[0], *(f'<link rel="modulepreload" href="{name}">' for name in names)])

        html = page.read_text(encoding="utf-8")
        page.write_text(TAG.sub(links, html), encoding="utf-8")


def own_files(output: Path, *suffixes: str) -> list[Path]:
    """The files with these suffixes, in a fixed order, without those that have arrived minified."""
    files = [path for path in sorted(output.rglob("*")) if path.suffix in suffixes]
    return [path for path in files if not any(output / folder in path.parents for folder in READY)]


def minify(output: Path, made: Bundles) -> None:
    """Minify in place what is not bundled: styles, classic scripts and vendored parts.

    Ours get a source map, so that a debugger shows the repository's files.
    """
    files = [path for path in own_files(output, ".js", ".css") if path not in made.imports]
    vendored = [path for path in files if output / "vendor" in path.parents]
    own = [path for path in files if path not in vendored]
    options = [f"--outdir={output}", f"--outbase={output}", "--allow-overwrite"]
    options.append("--tsconfig-raw={}")  # ours would put "use strict" into classic scripts
    run_esbuild(*map(str, vendored), *options)
    run_esbuild(*map(str, own), "--sourcemap=linked", *options)


def check_addresses(output: Path) -> None:
    """Fail if a script imports, or makes from its own address, what the built site does not have."""
    for script in own_files(output, ".js"):
        text = script.read_text(encoding="utf-8")
        name = script.relative_to(output).as_posix()
        if "import.meta.url" in text and name.count("/") != 1:
            raise BuildError(f"{name} uses import.meta.url, but is not one folder below the root")
        for address in (*IMPORT.findall(text), *ADDRESS.findall(text)):
            if not (script.parent / address).exists():
                raise BuildError(f"{name} refers to {address}, which does not exist: see site/engine/root.js")
