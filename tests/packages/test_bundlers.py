"""The packed npm package in fresh projects: built by each bundler, or by none, its page writes.

Every project has the same page, in Next.js as a component, which names no file of the engine. `make packages`
and `make test-rest` run this; it installs the pinned bundlers. What is built may not contain the path of the
machine that built it.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from scripts.serve import make_server
from tests.browser.conftest import Record, browser_type_launch_args, record

__all__ = ["browser_type_launch_args", "record"]  # fixtures

pytestmark = pytest.mark.rest

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECTS = Path(__file__).resolve().parent
WORK = ROOT / "build" / "packages"
BUNDLERS = ("vite", "webpack", "esbuild", "sveltekit", "next --turbopack", "next --webpack")
"""Folders of projects, and options of their builds."""
LONG = 120_000  # milliseconds
INSTALLED = set[str]()
"""Projects whose bundler this process has installed."""


@pytest.fixture(scope="session")
def package() -> Path:
    """The packed package."""
    subprocess.run([sys.executable, "scripts/npm.py"], cwd=ROOT, check=True, capture_output=True)
    (packed,) = (ROOT / "build").glob("goosequill-*.tgz")
    return packed


def project(name: str, package: Path) -> Path:
    """A copy of a project with the package and its pinned bundler installed."""
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():  # what is installed stays for the next run
        if old.name != "node_modules":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(PROJECTS / name, folder, dirs_exist_ok=True)
    shutil.copyfile(PROJECTS / "page.js", folder / "page.js")
    if (folder / "package-lock.json").is_file() and name not in INSTALLED:
        subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True)
        INSTALLED.add(name)
    installed = folder / "node_modules" / "goosequill"
    shutil.rmtree(installed, ignore_errors=True)
    installed.mkdir(parents=True)
    unpack = ["tar", "-xf", str(package), "--strip-components=1", "-C", str(installed)]
    subprocess.run(unpack, check=True)
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = make_server(folder, prefix="/a/path/")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/a/path/"
    server.shutdown()
    server.server_close()


def check_page(page: Page, record: Record, address: str) -> None:
    """The library and the element write, with one engine, and nothing is fetched from elsewhere."""
    page.goto(address)
    expect(page.locator("goose-quill [part=send]")).to_be_visible(timeout=LONG)
    page.locator("body > button, body > div > button").click()
    output = page.locator("output")
    expect(output).to_have_attribute("data-done", "yes", timeout=LONG)
    expect(output).not_to_be_empty()
    assert len(page.workers) == 1
    assert record.outside(re.match(r"\w+://[^/]+/", address)[0]) == []  # type: ignore[index]
    assert record.console_errors == []


@pytest.mark.parametrize("bundler", BUNDLERS)
def test_what_a_bundler_builds_writes(page: Page, record: Record, package: Path, bundler: str) -> None:
    name, *options = bundler.split()
    folder = project(name, package)
    build = ["npm", "run", "--silent", "build", "--", *options]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    output = folder / "dist"
    if not (output / "index.html").is_file():
        shutil.copyfile(folder / "index.html", output / "index.html")
    texts = {path: path.read_bytes() for path in output.rglob("*") if path.suffix in (".js", ".html", ".css")}
    assert [path for path, text in texts.items() if str(folder).encode() in text] == []
    with served(output) as address:
        check_page(page, record, address)


def test_without_a_bundler_an_import_map_is_enough(page: Page, record: Record, package: Path) -> None:
    with served(project("import-map", package)) as address:
        check_page(page, record, address)


def test_a_folder_that_the_command_filled_is_used_by_its_address(
    page: Page, record: Record, package: Path
) -> None:
    folder = project("import-map", package)
    command = ["node", "node_modules/goosequill/goosequill.js", "assets", "copied"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    index = folder / "index.html"
    html = index.read_text(encoding="utf-8").replace('lang="en"', 'lang="en" data-root="./copied/"')
    index.write_text(html.replace("<goose-quill", '<goose-quill engine="copied"'), encoding="utf-8")
    with served(folder) as address:
        check_page(page, record, address)
        fetched = [url for url in record.requests if "/pyodide" in url]
        assert fetched and all("/copied/" in url for url in fetched)


def test_a_wrong_root_is_an_error_that_names_the_address(page: Page, package: Path) -> None:
    folder = project("import-map", package)
    index = folder / "index.html"
    html = index.read_text(encoding="utf-8").replace('lang="en"', 'lang="en" data-root="./none/"')
    index.write_text(html, encoding="utf-8")
    with served(folder) as address:
        page.goto(address)
        page.locator("body > button").click()
        said = page.locator("output")
        expect(said).to_have_attribute(
            "data-done", re.compile(r"worker-blocked: .*/a/path/none/engine/worker\.js")
        )


def test_the_example_with_react_sets_properties_and_hears_events(
    page: Page, record: Record, package: Path
) -> None:
    folder = ROOT / "examples" / "react"
    subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=folder, check=True, capture_output=True)
    with served(folder / "dist") as address:
        page.goto(address)
        entry = page.locator("goose-quill [part=input]")
        expect(entry).to_have_value("Once upon a time")
        page.get_by_role("button", name="It was a fine morning").click()
        expect(entry).to_have_value("It was a fine morning, and")
        page.locator("goose-quill [part=send]").click()
        status = page.locator("goose-quill [part=status]")
        expect(status).to_have_text(re.compile(r"Finished after \d+ tokens\."), timeout=LONG)
        (tokens,) = re.findall(r"\d+", status.inner_text())
        expect(page.locator("main > p")).to_have_text(f"{tokens} tokens")
        assert record.outside(address) == []
        assert record.console_errors == []


@pytest.mark.parametrize("name", ["vite", "sveltekit"])
def test_the_development_server_of_vite_writes(page: Page, record: Record, package: Path, name: str) -> None:
    folder = project(name, package)
    command = ["node_modules/.bin/vite", "dev", "--port", "0", "--host", "127.0.0.1"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            lines = (re.sub(r"\x1b\[[\d;]*m", "", line) for line in server.stdout)
            address = next(found[0] for line in lines if (found := re.search(r"http://127\.\S+", line)))
            check_page(page, record, address)
        finally:
            server.terminate()


@pytest.mark.parametrize("runtime", ["deno run --allow-read --allow-env", "bun"])
def test_other_runtimes_than_node_write(package: Path, tmp_path: Path, runtime: str) -> None:
    name, *options = runtime.split()
    program = shutil.which(name, path=ROOT / "build" / "runtimes" / "node_modules" / ".bin") or shutil.which(
        name
    )
    if not program:
        missing = f"{name} is missing: run make build/runtimes/.stamp"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    script = tmp_path / "write.mjs"
    code = [
        f'import {{ loadModel }} from "{(ROOT / "build" / "npm" / "node.js").as_uri()}";',
        f'const model = await loadModel({{ model: "{ROOT / "site" / "models" / "default"}" }});',
        'for await (const piece of model.generate("A", { max_new_tokens: 6 })) console.log(piece.text);',
        "await model.dispose();",
    ]
    script.write_text("\n".join(code), encoding="utf-8")
    done = subprocess.run([program, *options, str(script)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
