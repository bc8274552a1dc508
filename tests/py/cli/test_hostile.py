"""The command line with hostile arguments and files: one sentence, no traceback, nothing raw is printed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goosequill.cli.main import main
from goosequill.cli.output import say_json
from goosequill.weights.formats.safetensors import write
from tests.py.checkpoints import rwkv4

MODEL = Path(__file__).parents[3] / "site" / "models" / "default"
ESCAPE = "\x1b[2J\x9b31m\u202e"


def refused(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str) -> str:
    assert main(arguments) == 1
    out, err = capsysbinary.readouterr()
    assert out == b""
    assert err.startswith(b"goosequill: ") and err.count(b"\n") == 1
    assert b"Traceback" not in err
    return err.decode()


def votes(path: Path, *names: tuple[str, str], rater: str = "a") -> str:
    given = [
        {"prompt": f"p{at}", "choice": "left", "left": {"name": left}, "right": {"name": right}}
        for at, (left, right) in enumerate(names)
    ]
    path.write_text(json.dumps({"format": "goosequill-votes", "rater": rater, "votes": given}))
    return str(path)


def test_terminal_escapes_in_a_file_of_weights_are_shown(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    tensors: dict[str, Any] = {**rwkv4(), f"a{ESCAPE}\ud800": np.zeros(2, np.float32)}
    write(tmp_path / "a.safetensors", tensors.items(), {"general.name": f"x{ESCAPE}"})
    for more in ([], ["--json"]):
        assert main(["inspect", str(tmp_path / "a.safetensors"), *more]) == 0
        out = capsysbinary.readouterr().out.decode()
        assert "\x1b" not in out and "\x9b" not in out and "\u202e" not in out
        assert r"\u001b[2J\u009b31m\u202e" in out
    assert json.loads(out)["metadata"]["general.name"] == f"x{ESCAPE}"


def test_terminal_escapes_in_votes_are_shown(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = votes(tmp_path / "v.json", ("a" + ESCAPE, "b"), rater=ESCAPE)
    assert main(["judge", file, "--resamples", "10"]) == 0
    assert not {"\x1b", "\x9b", "\u202e"} & set(capsysbinary.readouterr().out.decode())


@pytest.mark.parametrize("resamples", ["-1", "0", "100001"])
def test_a_number_of_resamples_out_of_range_is_refused(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], resamples: str
) -> None:
    refused(capsysbinary, "judge", votes(tmp_path / "v.json", ("a", "b")), "--resamples", resamples)
    refused(capsysbinary, "judge", votes(tmp_path / "v.json", ("a", "b")), "--seed", "-1")


def test_votes_whose_tables_would_fill_the_memory_are_refused(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = votes(tmp_path / "v.json", *((f"a{number}", f"b{number}") for number in range(2_000)))
    assert "too many votes" in refused(capsysbinary, "judge", file)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format":' * 300 + "1" + "}" * 300, "\ud800", "nul"])
def test_nested_or_broken_json_is_refused(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], text: str
) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    refused(capsysbinary, "judge", str(file))
    given = ["--models", str(MODEL), "--out", str(tmp_path / "out.json")]
    refused(capsysbinary, "report", *given, "--prompts", str(file), "--decoders", str(file))
    good = tmp_path / "good.json"
    good.write_text('["a"]')
    refused(capsysbinary, "report", *given, "--prompts", str(good), "--decoders", str(file))
    refused(capsysbinary, "generate", "--model", str(MODEL), "--logit-bias", text)


def test_a_report_that_would_be_a_folder_is_refused(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompts.json").write_text('["a"]')
    (tmp_path / "decoders.json").write_text('["Greedy"]')
    given = ["--models", str(MODEL), "--prompts", "prompts.json", "--decoders", "decoders.json"]
    for out in (".", "/", str(tmp_path)):
        assert "would be a folder" in refused(capsysbinary, "report", *given, "--out", out)


def test_a_journal_that_is_damaged_is_refused(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "prompts.json").write_text('["a"]')
    (tmp_path / "decoders.json").write_text('{"x": {"temperature": 0, "max_new_tokens": 1}}')
    names = (str(tmp_path / name) for name in ("prompts.json", "decoders.json", "out.json"))
    given = [part for pair in zip(("--prompts", "--decoders", "--out"), names, strict=True) for part in pair]
    for journal in (
        b"[]\n",
        b"\xff\n",
        b"{}\n5\n",
        b'{"job": 1}\n{"index": [1], "output": 2}\n',
        b"[" * 9_000 + b"\n",
    ):
        (tmp_path / "out.json.part").write_bytes(journal)
        assert "unfinished report" in refused(capsysbinary, "report", "--models", str(MODEL), *given)


def test_an_epsilon_that_is_no_number_is_refused(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    for value in ("nan", "inf", "0", "-1"):
        refused(capsysbinary, "logits", "--model", str(MODEL), "--tokens", "1", "--group-norm-eps", value)


def test_numbers_that_json_lacks_become_null(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"a": [float("nan"), 1.5, {"b": float("inf")}]})
    assert json.loads(capsys.readouterr().out) == {"a": [None, 1.5, {"b": None}]}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has it")
@pytest.mark.parametrize(
    "command", [["inspect", str(MODEL)], ["logits", "--model", str(MODEL), "--tokens", "1"]]
)
def test_a_full_disk_is_an_error_and_no_traceback(command: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        process = subprocess.run(
            [sys.executable, "-m", "goosequill", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=MODEL.parents[2] / "py",
        )
    assert process.returncode == 1
    assert process.stderr.startswith(b"goosequill: ") and process.stderr.count(b"\n") == 1


def test_a_terminal_without_unicode_gets_escapes() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "goosequill", "inspect", "gr\u00fc\u00dfe\u2026"],
        capture_output=True,
        cwd=MODEL.parents[2] / "py",
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"},
    )
    assert process.returncode == 1
    assert b"Traceback" not in process.stderr
