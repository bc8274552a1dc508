"""Build the whole site into dist/: documentation, hand-written pages, vendored parts, models, wheel.

The result is a folder that any static server can serve, under any path. Two builds of one tree give the same
bytes, so every date is a constant. Nothing is downloaded here: scripts/vendor.py does that.

What takes long and depends on few files is made by several processes, and kept (kept.py) until one of them
changes. If nothing has changed since the last build, nothing is made.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from scripts.bundles import bundle_scripts, check_addresses, minify  # noqa: E402
from scripts.command import BuildError, run  # noqa: E402
from scripts.crawlers import site_address, write_crawler_files  # noqa: E402
from scripts.example import write_example, write_measured  # noqa: E402
from scripts.fonts import FaceError, add_stand_ins, cached_face, read_faces, write_faces  # noqa: E402
from scripts.frames import carry_files, fill_frames  # noqa: E402
from scripts.javascript_types import declarations  # noqa: E402
from scripts.kept import digest, kept  # noqa: E402
from scripts.kernel import FOLDER, MODULES, build_module  # noqa: E402
from scripts.lab import first_result, mounted  # noqa: E402
from scripts.notices import write_notices  # noqa: E402
from scripts.offline import write_precache, write_zip  # noqa: E402
from scripts.package_metadata import repository  # noqa: E402
from scripts.pages import Page, read_pages  # noqa: E402
from scripts.plot import build_plot  # noqa: E402
from scripts.policies import add_policies  # noqa: E402
from scripts.pyodide_script import USES, write_script  # noqa: E402
from scripts.runtime import (  # noqa: E402
    PYODIDE,
    RuntimeBuildError,
    archives,
    pack_program,
    packed_program,
    write_gzip,
    write_runtime,
)
from scripts.search.minilm_folder import build_minilm, quantized_minilm  # noqa: E402
from scripts.site_search import TARGET as BUNDLES  # noqa: E402
from scripts.site_search import build_all  # noqa: E402
from scripts.vendor import VendorError, read_lock, trim_pyodide_lock, verify_output  # noqa: E402
from scripts.versions import FILES, gather, set_version  # noqa: E402
from scripts.words import write_element_words  # noqa: E402

from goosequill.conversations.writing import WRITERS  # noqa: E402
from goosequill.describe import describe_pages  # noqa: E402
from goosequill.kernels import load_kernel  # noqa: E402

DIST = ROOT / "dist"
ZIP = ROOT / "build" / "goosequill-site.zip"
UNSHIPPED = ROOT / "build" / "unshipped"
BUILT = ROOT / "build" / "built.txt"
"""The states of the sources and of the outputs after the last build."""
FACES = ROOT / "site" / "ui" / "tokens.css"
TEST = re.compile(r"tests/.*\.(py|js)$")
OF_PAGES = re.compile(r"site/(?!lab/|reports/|ui/)\w+/.*\.(js|css)$")
"""Scripts and styles that articles neither load nor are drawn with; of others the reference has comments."""
PRIVATE = (
    ".*", "__pycache__", "*.map", "pages.json", "README", "*.d.ts", "rotation.safetensors",
    "python_stdlib.zip", "*.whl", "fonts", "embedders",
)  # fmt: skip
"""What is not served; for the last four, smaller ones are made."""


def prepare_search(models: Path) -> None:
    """Put the two embedding models that the MkDocs plugin needs where mkdocs.yml says."""
    shutil.rmtree(models, ignore_errors=True)
    build_minilm(models / "minilm")
    shutil.copytree(ROOT / "site" / "models" / "minilm-static", models / "minilm-static")


def build_docs(output: Path) -> None:
    """Put the documentation into a new folder, made again if something has changed that it may show."""
    files = [path for path in sources() if not OF_PAGES.match(path.relative_to(ROOT).as_posix())]
    if files:
        key = digest(state_of(files), BUNDLES, json.dumps(declarations()))
        shutil.copytree(kept("docs", key, make_docs), output)
    else:
        make_docs(output)


def make_docs(output: Path) -> None:
    run(sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--clean", "--site-dir", str(output))
    # MkDocs lists only articles, with the time of the build; crawlers.py writes ours.
    for name in ("sitemap.xml", "sitemap.xml.gz"):
        (output / name).unlink(missing_ok=True)
    for source_map in output.rglob("*.map"):
        source_map.unlink()
    for folder in ("lunr", "workers"):  # Material's own search
        shutil.rmtree(output / "assets" / "javascripts" / folder)
    for palette in output.glob("assets/stylesheets/palette.*.css"):
        palette.unlink()  # the colours are ours
    run("node", "scripts/styles.js", str(output))
    add_policies(output)


def copy_site(pages: list[Page], output: Path) -> None:
    """Copy site/, whose link `vendor` brings the vendored parts, and render the applications' pages."""
    shutil.copytree(ROOT / "site", output, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*PRIVATE))
    fill_frames(pages, output)


def build_wheel(output: Path) -> Path:
    """Build the package's wheel into a new folder and return its path."""
    output.mkdir()
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    os.environ["GOOSEQUILL_PURE"] = "1"  # without native kernels
    run(*command, "--wheel-dir", str(output), ".")
    (wheel,) = output.iterdir()
    return wheel


def build_runtime() -> Path:
    """Return a folder with python/, the files that Python starts from, made again if one of them differs."""
    loaders = [ROOT / "site" / "engine" / "worker" / name for name in ("library.js", "snapshot.js")]
    own = [ROOT / "scripts" / name for name in ("runtime.py", "compile.js", "snapshot.js", "import_later.py")]
    package = [ROOT / name for name in ("py", "pyproject.toml", "README.md", "LICENSE")]
    package.append(ROOT / "scripts" / "package_metadata.py")

    def make(output: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            write_runtime(build_wheel(Path(folder) / "wheel"), output)

    named = (metadata.version("hatchling"), repository(ROOT))
    return kept("runtime", digest(*named, *package, PYODIDE, *own, *loaders), make)


def build_script() -> Path:
    """Return a folder with Pyodide's compiled script, made again if one of its inputs differs."""
    own = [ROOT / "scripts" / name for name in ("pyodide_script.py", "pyodide_unused.js")]
    key = digest(PYODIDE, *own, *USES, ROOT / "package.json")
    return kept("pyodide-script", key, lambda fresh: write_script(PYODIDE, fresh))


def list_engine_parts(output: Path) -> None:
    """Write engine/parts.json: what the worker fetches before it starts and, marked as such, later."""
    named = {"snapshot": "python/snapshot.bin.gz", "first": "python/first.tar.gz", "none": "python/none.zip"}
    first = ("vendor/pyodide/pyodide.asm.wasm.gz", *named.values())
    later = ("python/library.tar.gz", "python/goosequill.tar.gz")
    parts: list[dict[str, object]] = [
        {"file": path, "bytes": (output / path).stat().st_size} for path in (*first, *later)
    ]
    for part in parts[len(first) :]:
        part["later"] = True
    described = {
        **named,
        "rooms": archives(output),
        "parts": parts,
    }
    text = json.dumps(described, indent=2)
    (output / "engine" / "parts.json").write_text(text + "\n", encoding="utf-8")


def set_aside(pages: list[Page], output: Path, unshipped: Path) -> list[Page]:
    """Move pages that are not shipped, each a folder, out of the site; return the others."""
    shutil.rmtree(unshipped, ignore_errors=True)
    unshipped.mkdir(parents=True)
    for page in pages:
        if not page.shipped:
            for folder in (Path(), Path(FILES)):
                (unshipped / folder).mkdir(exist_ok=True)
                shutil.move(output / folder / page.address, unshipped / folder / page.address)
    return [page for page in pages if page.shipped]


def pack_model(folder: Path) -> None:
    """Put a gzipped copy beside each file of a model, and list it: most hosts send weights as they are."""
    config = folder / "config.json"
    described = json.loads(config.read_text(encoding="utf-8"))
    for file in described["files"]:
        packed = folder / f"{file['name']}.gz"
        write_gzip((folder / file["name"]).read_bytes(), packed)
        file["gzip"] = packed.stat().st_size
    config.write_text(json.dumps(described, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def describe_decoding(output: Path) -> None:
    """Write ui/decoding.json, from which pages make the decoder's controls, presets and chat templates."""
    model = json.loads((output / "models" / "default" / "config.json").read_text(encoding="utf-8"))
    text = json.dumps(describe_pages(model["chat"]), ensure_ascii=False, indent=1)
    (output / "ui" / "decoding.json").write_text(text + "\n", encoding="utf-8")


def describe_conversations(output: Path) -> None:
    """Write chat/formats.json, the formats that conversations can be exported in."""
    found = [{"name": name, "title": to.title, "suffix": to.suffix} for name, to in WRITERS.items()]
    text = json.dumps({"formats": found}, indent=1)
    (output / "chat" / "formats.json").write_text(text + "\n", encoding="utf-8")


def compile_kernel() -> None:
    """Compile the kernel for this machine, where there is no other, before several processes would."""
    load_kernel()


def build(output: Path, unshipped: Path) -> None:
    """Build the site into `output`, which must not exist yet, and its pages that are not shipped beside it.

    Both are of one version: a page that is not shipped loads its scripts from the site.
    """
    verify_output(read_lock()[1])
    pages = read_pages()
    build_plot()  # first, since articles' pictures are drawn with it
    build_all()
    # New processes instead of copies of this one, whose threads they would not have.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        kernels = [pool.submit(build_module, file) for file in MODULES]
        shown: list[Future[Any]] = [pool.submit(compile_kernel), pool.submit(quantized_minilm)]
        shown += [pool.submit(first_result, name) for name in mounted()]
        shown += [pool.submit(declarations), pool.submit(packed_program)]
        script = pool.submit(build_script)
        finish(kernels)
        python = pool.submit(build_runtime)  # the wheel has the kernels
        faces = [pool.submit(cached_face, face) for face in read_faces(FACES.read_text(encoding="utf-8"))]
        finish(shown)
        prepare_search(ROOT / "build" / "search-models")
        build_docs(output)
        copy_site(pages, output)
        finish(faces)
        write_faces(FACES, output / "vendor" / "fonts")
        add_stand_ins(output / FACES.relative_to(ROOT / "site"))
        minify(output, bundle_scripts(ROOT / "site", output))
        shutil.copytree(python.result(), output, dirs_exist_ok=True)
        shutil.copytree(script.result(), output / "vendor" / "pyodide", dirs_exist_ok=True)
    trim_pyodide_lock(output / "vendor" / "pyodide")
    pack_program(output / "vendor" / "pyodide")
    list_engine_parts(output)
    pack_model(output / "models" / "default")
    build_minilm(output / "models" / "minilm")
    shutil.copyfile(ROOT / "tests" / "golden" / "default.json", output / "selftest" / "golden.json")
    describe_decoding(output)
    describe_conversations(output)
    write_element_words(output)
    write_example(output)
    write_measured(output)
    write_notices(output)
    carry_files(output)
    check_addresses(output)
    gather(output)
    write_crawler_files(output, set_aside(pages, output, unshipped), site_address())
    set_version(unshipped, write_precache(output))


def finish(steps: Iterable[Future[Any]]) -> None:
    """Wait for steps; the first that fails ends the build."""
    for step in steps:
        step.result()


def sources() -> list[Path]:
    """The repository's files that a build may read; none without git."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    found = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True)
    paths = [ROOT / name for name in found.stdout.split("\0") if name and not TEST.match(name)]
    return [path for path in paths if path.is_file()]


def state_of(files: list[Path]) -> str:
    """The hash of files, the settings, and what is installed."""
    installed = sorted(f"{each.name} {each.version}" for each in metadata.distributions())
    names = (sys.version, site_address(), repository(ROOT), *installed, *map(str, files))
    return digest(*names, *files, ROOT / "node_modules" / ".package-lock.json")


def state_of_sources() -> str:
    """The state of the repository's files; "" without git.

    Vendored parts are as vendor.lock.json says, or are refused.
    """
    files = sources()
    return state_of(files) if files else ""


def state_of_outputs() -> str:
    """The hash of everything that a build writes and others read."""
    return digest(DIST, UNSHIPPED, ZIP, BUNDLES, *(FOLDER / file for file in MODULES))


def main() -> int:
    sources = state_of_sources()
    try:
        if sources and BUILT.read_text(encoding="ascii") == f"{sources} {state_of_outputs()}":
            print("build: dist/ is up to date")
            return 0
    except OSError:
        pass  # a part of the last build is missing
    staging = DIST.with_name("dist.new")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        build(staging, UNSHIPPED)
    except (BuildError, FaceError, RuntimeBuildError, VendorError) as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    staging.rename(DIST)
    files = [path for path in DIST.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    packed = write_zip(DIST, ZIP)
    BUILT.write_text(f"{sources} {state_of_outputs()}", encoding="ascii")
    print(f"build: dist/ has {len(files)} files, {size / 1e6:.1f} MB; the zip has {packed / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
