"""Build the whole site into dist/: documentation, hand-written pages, vendored parts, models, wheel.

The result is a folder that any static server serves, under any path. Two builds of one tree give the
same bytes, so dates come from a constant and nothing is stamped. What is fetched is vendor.py's work.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.example import write_example  # noqa: E402
from scripts.fonts import FaceError, write_faces  # noqa: E402
from scripts.offline import write_precache, write_zip  # noqa: E402
from scripts.runtime import RuntimeBuildError, write_runtime  # noqa: E402
from scripts.styles import trim_styles  # noqa: E402
from scripts.vendor import trim_pyodide_lock  # noqa: E402

DIST = ROOT / "dist"
ZIP = ROOT / "build" / "goosequill-site.zip"
EPOCH = "1577836800"  # 2020-01-01, the date of every entry that has to have one
PRIVATE = shutil.ignore_patterns(".*", "__pycache__", "*.map", "python_stdlib.zip", "*.whl", "fonts")
"""What is not served; of the last three, write_runtime and write_faces make what is."""


class BuildError(Exception):
    """A step of the build failed; its own message stands above."""


def run(*command: str) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "NO_MKDOCS_2_WARNING": "1"}
    environment["PYTHONPATH"] = str(ROOT / "py")
    result = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise BuildError(f"{' '.join(command[:4])} ended with status {result.returncode}")


def policy_of(html: str) -> str:
    """The strictest policy under which a documentation page works: its own inline scripts, no others."""
    scripts = re.findall(r"<script(?P<attributes>[^>]*)>(.*?)</script>", html, re.DOTALL)
    inline = [text for attributes, text in scripts if "src=" not in attributes and "json" not in attributes]
    hashes = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline}
    sources = " ".join(["'self'", *(f"'sha256-{value}'" for value in sorted(hashes))])
    return (
        f"default-src 'self'; script-src {sources}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'"
    )


def add_policies(folder: Path) -> None:
    """Give each documentation page its policy in a <meta>, since a static host sends no headers of ours."""
    for page in sorted(folder.rglob("*.html")):
        html = page.read_text(encoding="utf-8")
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy_of(html)}">'
        changed = html.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n      {meta}', 1)
        if changed == html:
            raise BuildError(f"{page.relative_to(folder)} has no place for its content security policy")
        page.write_text(changed, encoding="utf-8")


def build_docs(output: Path) -> None:
    run(sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--clean", "--site-dir", str(output))
    # A compressed copy of the sitemap carries the time of the build, and no address is known to put in it.
    for name in ("sitemap.xml", "sitemap.xml.gz"):
        (output / name).unlink(missing_ok=True)
    for source_map in output.rglob("*.map"):
        source_map.unlink()
    shutil.rmtree(output / "assets" / "javascripts" / "lunr")  # the stems of other languages than ours
    for palette in output.glob("assets/stylesheets/palette.*.css"):
        palette.unlink()  # the colours are ours
    trim_styles(output)
    add_policies(output)


def copy_site(output: Path) -> None:
    """The hand-written files as they are; site/vendor, a link to build/vendor, brings the vendored parts."""
    if not (ROOT / "site" / "vendor" / "pyodide").is_dir():
        raise BuildError("build/vendor is missing: run scripts/vendor.py first")
    shutil.copytree(ROOT / "site", output, dirs_exist_ok=True, ignore=PRIVATE)
    fill_frames(output)


def fill_frames(output: Path) -> None:
    """Put the pages that extend overrides/application.html into it: head, header and footer."""
    settings: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    loader = FileSystemLoader([output, ROOT / "overrides"])
    # Nothing is escaped: every word is ours.
    frames = Environment(loader=loader, undefined=StrictUndefined, autoescape=False, **settings)
    for page in sorted((ROOT / "site").glob("*/*.html")):
        path = page.relative_to(ROOT / "site").as_posix()
        if not page.read_text(encoding="utf-8").startswith("{% extends"):
            continue
        root = "../" * path.count("/")
        frames.filters["url"] = lambda address, root=root: root if address == "." else root + address
        frames.filters["imports"] = partial(imports_of, ROOT / "site" / path)
        html = frames.get_template(path).render(here=path.removesuffix("index.html"))
        (output / path).write_text(html, encoding="utf-8")


IMPORT = re.compile(r"""^(?:import|export|\} from)\b[^"'();]*"(\.[^"]+)";""", re.MULTILINE)
"""A static import, also the last line of one in several lines."""


def imports_of(page: Path, script: str) -> list[str]:
    """Every module that a page's script imports, directly or not, as the page addresses it.

    Asked for at once they come together; the browser itself finds each when it has read the one before.
    """
    found = [page.parent / script]
    for module in found:  # which grows on the way; a bundle is not there yet, and imports nothing
        named = IMPORT.findall(module.read_text(encoding="utf-8")) if module.is_file() else []
        found += {Path(os.path.normpath(module.parent / name)) for name in named}.difference(found)
    return sorted(Path(os.path.relpath(module, page.parent)).as_posix() for module in found[1:])


def run_esbuild(*arguments: str) -> None:
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists():
        raise BuildError("node_modules is missing: run npm ci first")
    run(str(esbuild), "--log-level=warning", *arguments)


def bundle(source: Path, target: Path, *options: str) -> None:
    """Put a script and all that it imports into one file."""
    options = ("--bundle", "--format=esm", "--minify", "--target=es2022", *options)
    run_esbuild(str(source), *options, f"--outfile={target}")


def build_widget(output: Path) -> None:
    """Write the custom element as one file, embed/goosequill.js."""
    banner = "--banner:js=/* Goosequill, Apache-2.0 */"
    bundle(output / "widget" / "goose-quill.js", output / "embed" / "goosequill.js", banner)


def build_worker(output: Path) -> None:
    """Write the engine's worker as one file: each step from import to import delays the first text."""
    worker = output / "engine" / "worker.js"
    bundle(worker, worker, "--sourcemap=linked", "--allow-overwrite")


def shorten(output: Path) -> None:
    """Take comments, white space and long local names from scripts and styles, which stay a file each.

    Ours get a source map, so that a debugger shows what is in the repository. Pyodide's and Material's files
    are short already.
    """
    files = [path for path in sorted(output.rglob("*")) if path.suffix in (".js", ".css")]
    short = (
        output / "vendor" / "pyodide",
        output / "assets" / "javascripts",
        output / "assets" / "stylesheets",
    )
    files = [path for path in files if not any(folder in path.parents for folder in short)]
    vendored = [path for path in files if output / "vendor" in path.parents]
    own = [path for path in files if path not in vendored]
    options = ["--minify", f"--outdir={output}", f"--outbase={output}", "--allow-overwrite", "--charset=utf8"]
    options.append("--tsconfig-raw={}")  # ours would put "use strict" into classic scripts
    run_esbuild(*map(str, vendored), *options)
    run_esbuild(*map(str, own), "--sourcemap=linked", *options)


def build_wheel(output: Path) -> Path:
    """Build the package's wheel into a new folder."""
    output.mkdir()
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run(*command, "--wheel-dir", str(output), ".")
    (wheel,) = output.iterdir()
    return wheel


def build_runtime(output: Path) -> None:
    """Write what Python starts from: python/ and wheels/."""
    with tempfile.TemporaryDirectory() as folder:
        write_runtime(build_wheel(Path(folder) / "wheel"), output)


def list_engine_parts(output: Path) -> None:
    """Write engine/parts.json: what the worker fetches before it starts, so that it can say how far it is."""
    library, none = "python/library.tar.gz", "python/none.zip"
    (wheel,) = (path.relative_to(output).as_posix() for path in output.glob("wheels/goosequill-*.whl"))
    first = ("vendor/pyodide/pyodide.asm.wasm", library, none, wheel)
    parts = [{"file": path, "bytes": (output / path).stat().st_size} for path in first]
    text = json.dumps({"library": library, "none": none, "wheel": wheel, "parts": parts}, indent=2)
    (output / "engine" / "parts.json").write_text(text + "\n", encoding="utf-8")


def describe_decoding(output: Path) -> None:
    """Write ui/decoding.json, from which pages make the decoder's controls, presets and chat templates."""
    sys.path.insert(0, str(ROOT / "py"))
    from goosequill.describe import describe_pages

    model = json.loads((output / "models" / "default" / "config.json").read_text(encoding="utf-8"))
    text = json.dumps(describe_pages(model["chat"]), ensure_ascii=False, indent=1)
    (output / "ui" / "decoding.json").write_text(text + "\n", encoding="utf-8")


def build(output: Path) -> None:
    """Build the site into `output`, which must not exist yet."""
    build_docs(output)
    copy_site(output)
    write_faces(output / "ui" / "tokens.css", output / "vendor" / "fonts")
    shorten(output)
    build_widget(output)
    build_worker(output)
    run(sys.executable, "scripts/kernel.py")
    build_runtime(output)
    trim_pyodide_lock(output / "vendor" / "pyodide")
    list_engine_parts(output)
    describe_decoding(output)
    write_example(output)
    write_precache(output)


def main() -> int:
    staging = DIST.with_name("dist.new")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        build(staging)
    except (BuildError, FaceError, RuntimeBuildError) as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    staging.rename(DIST)
    files = [path for path in DIST.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    packed = write_zip(DIST, ZIP)
    print(f"build: dist/ holds {len(files)} files, {size / 1e6:.1f} MB; as a zip {packed / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
