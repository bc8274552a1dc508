"""Bundle and minify the site's scripts and styles with esbuild."""

from __future__ import annotations

from pathlib import Path

from scripts.command import ROOT, BuildError, run


def run_esbuild(*arguments: str) -> None:
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists():
        raise BuildError("node_modules is missing: run npm ci first")
    run(str(esbuild), "--log-level=warning", *arguments)


def bundle(source: Path, target: Path, *options: str) -> None:
    """Write a script and everything it imports into one file."""
    options = ("--bundle", "--format=esm", "--minify", "--target=es2022", *options)
    run_esbuild(str(source), *options, f"--outfile={target}")


def build_widget(output: Path) -> None:
    """Write the custom element as one file, embed/goosequill.js."""
    banner = "--banner:js=/* Goosequill, Apache-2.0 */"
    bundle(output / "widget" / "goose-quill.js", output / "embed" / "goosequill.js", banner)


def build_worker(output: Path) -> None:
    """Write the engine's worker as one file: a chain of imports would delay the first text."""
    worker = output / "engine" / "worker.js"
    bundle(worker, worker, "--sourcemap=linked", "--allow-overwrite")


def minify(output: Path) -> None:
    """Minify scripts and styles in place, without bundling.

    Ours get a source map, so that a debugger shows the repository's files. Pyodide's and Material's files are
    minified already.
    """
    files = [path for path in sorted(output.rglob("*")) if path.suffix in (".js", ".css")]
    minified = (
        output / "vendor" / "pyodide",
        output / "assets" / "javascripts",
        output / "assets" / "stylesheets",
    )
    files = [path for path in files if not any(folder in path.parents for folder in minified)]
    vendored = [path for path in files if output / "vendor" in path.parents]
    own = [path for path in files if path not in vendored]
    options = ["--minify", f"--outdir={output}", f"--outbase={output}", "--allow-overwrite", "--charset=utf8"]
    options.append("--tsconfig-raw={}")  # ours would put "use strict" into classic scripts
    run_esbuild(*map(str, vendored), *options)
    run_esbuild(*map(str, own), "--sourcemap=linked", *options)
