"""The image of the Containerfile, without a builder: what it copies is there, what it starts serves both."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r"\\\n", "", (ROOT / "Containerfile").read_text("utf-8"))
STEPS = [line.partition(" ")[::2] for line in TEXT.splitlines() if line and not line.startswith("#")]
COPIED = [source for step, rest in STEPS if step == "COPY" for source in shlex.split(rest)[:-1]]
BUILT = {"dist"}
"""What `make build` writes; it is not in the repository."""


def test_it_copies_what_is_there_and_what_the_package_is_built_from() -> None:
    assert [source for source in COPIED if source not in BUILT and not (ROOT / source).exists()] == []
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = settings["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    wanted = [name.lstrip("/") for name in needed]
    assert [each for each in wanted if not any(f"{each}/".startswith(f"{one}/") for one in COPIED)] == []
    (installed,) = (rest for step, rest in STEPS if step == "RUN")
    assert shlex.split(installed)[-1] == ".[serve]" and "pyproject.toml" in COPIED


def test_it_serves_the_site_and_the_api_on_one_port(tmp_path: Path) -> None:
    (rest,) = (rest for step, rest in STEPS if step == "ENTRYPOINT")
    program, *options = json.loads(rest)
    assert program == "goosequill"
    site = tmp_path / "site"
    shutil.copytree(ROOT / "site" / "models" / "default", site / "models" / "default")
    (site / "link").symlink_to(ROOT)  # a link does not lead out of the folder
    for name in ("index.html", "404.html", "module.mjs", "engine.wasm"):
        (site / name).write_text(name)
    here = [option.replace("/srv/site", str(site)).replace("0.0.0.0", "127.0.0.1") for option in options]
    here[here.index("--port") + 1] = "0"
    command = [sys.executable, "-m", "goosequill", *here]
    settings = {"PYTHONPATH": str(ROOT / "py"), "GOOSEQUILL_CONFIG": "", "GOOSEQUILL_API_KEY": "secret"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **settings}
    ) as process:
        assert process.stdout
        found = re.match(r"default is served at (\S+)/v1\. ", process.stdout.readline())
        assert found
        try:
            assert ask(f"{found[1]}/") == (200, "text/html", b"index.html")
            assert ask(f"{found[1]}/engine.wasm")[:2] == (200, "application/wasm")
            assert ask(f"{found[1]}/module.mjs")[1] in ("text/javascript", "application/javascript")
            assert ask(f"{found[1]}/nowhere/") == (404, "text/html", b"404.html")
            assert ask(f"{found[1]}/models/default/config.json", Range="bytes=0-0") == (
                206,
                "application/json",
                b"{",
            )
            for outside in ("link/pyproject.toml", "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd"):
                assert ask(f"{found[1]}/{outside}")[0] == 404
            assert ask(f"{found[1]}/v1/models")[0] == 401
            status, _, models = ask(f"{found[1]}/v1/models", Authorization="Bearer secret")
            assert (status, json.loads(models)["data"][0]["id"]) == (200, "default")
        finally:
            process.send_signal(signal.SIGINT)


def ask(address: str, **headers: str) -> tuple[int, str, bytes]:
    """The status, the type and the body of an answer."""
    answer: Any
    try:
        answer = urllib.request.urlopen(urllib.request.Request(address, headers=headers))
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers["content-type"].partition(";")[0], answer.read()
