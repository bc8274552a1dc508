"""`goosequill serve`: its start, its end, and what keeps it from starting."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import openai
import pytest

from goosequill.cli import main as cli
from goosequill.cli.serve import models_at
from tests.py.serve.running import ENDLESS, MODEL

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_a_signal_ends_it_in_the_middle_of_a_stream(end: signal.Signals) -> None:
    command = [sys.executable, "-m", "goosequill", "serve", "--model", str(MODEL), "--port", "0"]
    command += ["--alias", "goose-4"]
    settings = {"PYTHONPATH": str(ROOT / "py"), "GOOSEQUILL_CONFIG": "", "GOOSEQUILL_API_KEY": "secret"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **settings}
    ) as process:
        assert process.stdout and process.stderr
        first = process.stdout.readline()
        found = re.fullmatch(r"goose-4 is served at (http://127\.0\.0\.1:\d+/v1)\. Ctrl-C ends it\.\n", first)
        assert found, first
        with openai.OpenAI(base_url=found[1], api_key="secret", max_retries=0) as client:
            stream = client.completions.create(model="goose-4", prompt="a", stream=True, **ENDLESS)  # type: ignore[call-overload]
            next(iter(stream))
            process.send_signal(end)
            with pytest.raises(openai.APIError):
                list(stream)
        rest, errors = process.stdout.read(), process.stderr.read()
        process.wait()
        assert "curl" in rest and "secret" not in rest
        assert (process.returncode, errors) == (0, "")


def test_several_models_are_served_of_which_the_later_are_loaded_when_asked(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).symlink_to(MODEL)
    config = tmp_path / "grey" / "config.json"
    shutil.copytree(MODEL, config.parent)
    config.write_text(config.read_text("utf-8").replace('"name": "default"', '"name": "grey"'), "utf-8")
    assert models_at(tmp_path) == [tmp_path / name for name in ("a", "b", "grey")]
    assert models_at(MODEL) == [MODEL]
    command = [sys.executable, "-m", "goosequill", "serve", "--model", str(MODEL), "--port", "0"]
    command += ["--model", str(config.parent), "--memory-limit", "0.1"]
    settings = {"PYTHONPATH": str(ROOT / "py"), "GOOSEQUILL_CONFIG": "", "GOOSEQUILL_MODEL": "elsewhere"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **settings}
    ) as process:
        assert process.stdout
        found = re.match(r"default is served at (\S+)\. ", process.stdout.readline())
        assert found and process.stdout.readline() == "Loaded when first asked for: grey.\n"
        with openai.OpenAI(base_url=found[1], api_key="none", max_retries=0) as client:
            for name in ("grey", "default"):
                assert client.completions.create(model=name, prompt="a", max_tokens=1).model == name
        process.send_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--memory-limit", "0.01"], "This model needs 76 MB of memory"),
        (["--model", str(MODEL)], "Two models have the same name: default, default."),
        (["--model", str(MODEL), "--alias", "a"], "--alias and --adapter are about one model."),
    ],
)
def test_models_that_cannot_be_served_together_are_said_at_the_start(
    capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert cli.main(["serve", "--model", str(MODEL), "--port", "0", *more]) == 1
    assert said in capsys.readouterr().err


def test_without_its_packages_it_says_how_to_install_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("goosequill.serve")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert cli.main(["serve", "--model", str(MODEL)]) == 1
    assert 'pip install "goosequill[serve]"' in capsys.readouterr().err


def test_a_port_that_is_taken_and_a_wrong_origin_are_said_before_the_model_is_loaded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert cli.main(["serve", "--model", "nowhere", "--port", port]) == 1
    assert f"cannot listen at 127.0.0.1, port {port}" in capsys.readouterr().err
    for port in ("-1", "70000"):
        assert cli.main(["serve", "--model", "nowhere", "--port", port]) == 1
        assert "choose another --port" in capsys.readouterr().err
    assert cli.main(["serve", "--model", "nowhere", "--allow-origin", "*"]) == 1
    assert "'*' is not the address of a page" in capsys.readouterr().err
