"""Chat, tokens, JSON, standard input, settings from outside, completion, and short errors."""

import io
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import goosequill as gq
from goosequill.chat.formats import ChatFormat
from goosequill.cli import main as cli
from goosequill.cli.chat import answer
from goosequill.cli.defaults import config_path, default_arguments
from goosequill.cli.progress import ProgressBar, ProgressLine
from goosequill.decoding import Chunk, DecodingConfig
from goosequill.kernels import blas
from goosequill.tokenizers import load_tokenizer
from tests.py.api.hub import running

MODEL = Path(__file__).parents[3] / "site" / "models" / "default"
Capture = pytest.CaptureFixture[bytes]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("GOOSEQUILL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GOOSEQUILL_CONFIG", "")


def call(capture: Capture, *arguments: object) -> tuple[int, str, str]:
    try:
        status = cli.main([str(argument) for argument in arguments])
    except SystemExit as error:
        status = int(error.code or 0)
    out, err = capture.readouterr()
    return status, out.decode(), err.decode()


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))


def test_tokenize_prints_ids_that_other_commands_take(capsysbinary: Capture) -> None:
    world = load_tokenizer("world")
    status, out, _ = call(capsysbinary, "tokenize", "--tokenizer", "world", "The sea é")
    assert (status, out) == (0, ",".join(map(str, world.encode("The sea é"))) + "\n")
    assert call(capsysbinary, "tokenize", "--tokenizer", "world", "--decode", out)[1] == "The sea é\n"
    tokens = json.loads(call(capsysbinary, "tokenize", "--model", MODEL, "--json", "The sea")[1])
    assert [each["token"] for each in tokens] == gq.load(MODEL).tokenize("The sea")
    assert "".join(each["text"] for each in tokens) == "The sea"
    pieces = call(capsysbinary, "tokenize", "--tokenizer", "world", "--pieces", "a\n")[1]
    assert pieces.splitlines()[-1].endswith('"\\n"')
    status, _, err = call(capsysbinary, "tokenize", "text")
    assert status == 1 and "--tokenizer world" in err


def test_tokenize_reads_standard_input(capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "The sea")
    expected = ",".join(map(str, load_tokenizer("world").encode("The sea")))
    assert call(capsysbinary, "tokenize", "--tokenizer", "world")[1].strip() == expected


def test_chat_answers_each_line(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = ["--max-new-tokens", "9", "--seed", "1"]
    chat = gq.load(MODEL).chat("Be kind.")
    replies = ["".join(map(str, chat.say(m, max_new_tokens=9, seed=1))).strip() for m in ("Hello", "Why?")]
    type_in(monkeypatch, "Hello\n\nNot this\n/undo\nWhy?\n/quit\nnever\n")
    saved = tmp_path / "c.safetensors"
    status, out, err = call(
        capsysbinary, "chat", "--model", MODEL, "--system", "Be kind.", "--save", saved, "--json", *options
    )
    lines = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert [lines[0]["content"], lines[2]["content"]] == replies
    type_in(monkeypatch, "And now?\n")
    out = call(capsysbinary, "chat", "--model", MODEL, "--state", saved, *options)[1]
    assert out.strip() == "".join(map(str, chat.say("And now?", max_new_tokens=9, seed=1))).strip()


def test_chat_shows_an_error_and_goes_on(capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "/undo\n/what\nHello\n")
    status, out, err = call(capsysbinary, "chat", "--model", MODEL, "--max-new-tokens", "5", "--seed", "1")
    assert status == 0 and out.strip()
    assert "no turn to undo" in err and "/quit" in err


def test_chat_thinks_as_long_as_asked(capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def asked(self: ChatFormat, messages: Any, real: Any = ChatFormat.asked) -> list[str]:
        texts: list[str] = real(self, messages)
        said.append("".join(texts) + self.assistant + self.opening)
        return texts

    monkeypatch.setattr(ChatFormat, "asked", asked)
    type_in(monkeypatch, "a\n/think low\nb\n/think much\n/think none\nc\n")
    arguments = ("--model", MODEL, "--format", "g1", "--reasoning-effort", "high", "--max-new-tokens", "2")
    status, _, err = call(capsysbinary, "chat", *arguments, "--seed", "1")
    assert status == 0 and "'much', but must be one of auto, none, low, medium, high" in err
    assert list(dict.fromkeys(said)) == [
        "User: a (think a lot)\n\nAssistant: <think",
        "User: b (think a bit)\n\nAssistant: <think",
        "User: c\n\nAssistant: <think>\n</think",
    ]
    status, _, err = call(capsysbinary, "chat", "--model", MODEL, "--reasoning-effort", "high")
    assert status == 1 and "length of thinking" in err


def test_chat_prints_the_thought_beside_the_answer(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = gq.load(MODEL).chat(chat_format="g1")
    items = [Chunk(text, 0, 0.0, 0) for text in (">Hm", ".", "</th", "ink>", "\nYes", ".")]
    monkeypatch.setattr(chat, "say", lambda *_arguments, **_options: iter(items))
    answer(chat, "Well?", DecodingConfig(), as_json=False)
    assert tuple(capsysbinary.readouterr()) == (b"Yes.\n", b"Hm.\n")


def test_generate_as_json_has_every_token_and_the_end(capsysbinary: Capture) -> None:
    arguments = ["--prompt", "The sea", "--max-new-tokens", "5", "--seed", "1", "--echo"]
    lines = call(capsysbinary, "generate", "--model", MODEL, "--json", *arguments)[1].splitlines()
    items = [json.loads(line) for line in lines]
    assert [item["index"] for item in items[:-1]] == list(range(5))
    assert items[-1]["finish_reason"] == "length" and items[-1]["seed"] == 1
    text = call(capsysbinary, "generate", "--model", MODEL, *arguments)[1]
    assert "The sea" + "".join(item["text"] for item in items) + "\n" == text


def test_an_adapter_is_given_to_every_command_that_writes(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model, path = gq.load(MODEL), tmp_path / "pirate.safetensors"
    rng = np.random.default_rng(1)
    vectors = {name: array for name, array in model.loaded.model.vectors.items() if "ln" in name}
    changes = {name: rng.normal(0, 0.1, array.shape).astype(np.float32) for name, array in vectors.items()}
    gq.Adapter(changes).write(path)
    model.use(path, strength=0.5)
    options = ["--model", MODEL, "--adapter", path, "--strength", 0.5]
    settings = ["--max-new-tokens", 9, "--seed", 1]
    out = call(capsysbinary, "generate", *options, *settings, "--prompt", "The sea")[1]
    assert out == model.write("The sea", max_new_tokens=9, seed=1) + "\n"
    type_in(monkeypatch, "Hello\n")
    out = call(capsysbinary, "chat", *options, *settings, "--json")[1]
    assert (
        json.loads(out)["content"]
        == "".join(map(str, model.chat().say("Hello", max_new_tokens=9, seed=1))).strip()
    )
    (tmp_path / "a.txt").write_text("It was a dark evening.")
    out = call(capsysbinary, "evaluate", tmp_path / "a.txt", *options, "--json")[1]
    assert json.loads(out)["bits_per_byte"] == model.evaluate("It was a dark evening.").bits_per_byte
    status, _, err = call(capsysbinary, "generate", *options[:-1], 3, "--prompt", "The sea")
    assert status == 1 and "An adapter's strength" in err


def test_generate_continues_what_is_piped() -> None:
    command = [sys.executable, "-m", "goosequill", "generate", "--model", str(MODEL), "--echo", "--quiet"]
    command += ["--max-new-tokens", "3", "--seed", "1"]
    environment = {**os.environ, "PYTHONPATH": str(MODEL.parents[2] / "py"), "GOOSEQUILL_CONFIG": ""}

    def run(*more: str, text: str = "The sea") -> str:
        piped = subprocess.run([*command, *more], input=text, capture_output=True, text=True, env=environment)
        assert piped.stderr == ""
        return piped.stdout

    piped = run()
    assert piped.startswith("The sea")
    assert run("--prompt", "-") == piped == run("--prompt", "The sea", text="ignored")


def test_settings_come_from_a_file_the_environment_and_the_command_line(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'model = "{MODEL}"\nthreads = 1\n'
        "[generate]\nmax-new-tokens = 4\nseed = 7\nignore-end = true\nquiet = true\necho = false\n"
        'stop = ["zzz", "qqq"]\n'
    )
    monkeypatch.setenv("GOOSEQUILL_CONFIG", str(config))
    plain = ["generate", "--prompt", "A", "--json"]
    status, out, err = call(capsysbinary, *plain)
    end = json.loads(out.splitlines()[-1])
    assert (status, err) == (0, "")
    assert (end["seed"], end["usage"]["completion_tokens"]) == (7, 4)
    end = json.loads(call(capsysbinary, *plain, "--seed", "8")[1].splitlines()[-1])
    assert end["seed"] == 8
    monkeypatch.setenv("GOOSEQUILL_MODEL", "nowhere")
    status, _, err = call(capsysbinary, *plain)
    assert status == 1 and "nowhere" in err
    assert call(capsysbinary, *plain, "--model", MODEL)[0] == 0
    assert call(capsysbinary, "inspect", MODEL)[0] == 0  # which takes no --model


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = ", "cannot be read as TOML"),
        ("[generate]\ntemprature = 1", "has no option --temprature"),
        ("[generate]\nseed = 'x'", "--seed"),
    ],
)
def test_a_wrong_file_of_settings_is_an_error(
    text: str, message: str, capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "c.toml").write_text(text)
    monkeypatch.setenv("GOOSEQUILL_CONFIG", str(tmp_path / "c.toml"))
    status, _, err = call(capsysbinary, "generate", "--model", MODEL)
    assert status in (1, 2) and message in err


def test_the_file_of_settings_is_found_in_the_users_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert config_path({"XDG_CONFIG_HOME": str(tmp_path)}) is None
    (tmp_path / "goosequill").mkdir()
    (tmp_path / "goosequill" / "config.toml").touch()
    assert config_path({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "goosequill" / "config.toml"
    assert config_path({"XDG_CONFIG_HOME": str(tmp_path), "GOOSEQUILL_CONFIG": ""}) is None


def test_the_model_of_an_index_is_another_setting() -> None:
    parsers = cli.subparsers(cli.make_parser([], everything=True))
    environment = {"GOOSEQUILL_CONFIG": "", "GOOSEQUILL_MODEL": "m.pth", "GOOSEQUILL_KERNEL": "numpy"}
    for command, expected in (("index", ["--kernel=numpy"]), ("chat", ["--model=m.pth", "--kernel=numpy"])):
        assert default_arguments(command, parsers[command], environment) == expected


def test_a_wrong_argument_takes_two_lines(capsysbinary: Capture) -> None:
    status, _, err = call(capsysbinary, "generate", "--model", MODEL, "--temperature", "warm")
    assert status == 2
    assert err.splitlines()[1:] == ["Try 'goosequill generate --help'."]
    assert "--temperature" in err.splitlines()[0]
    assert call(capsysbinary, "generat")[0] == 2
    status, _, err = call(capsysbinary, "generate", "--model", MODEL, "--temprature=0")
    assert status == 2 and "(did you mean --temperature?)" in err.splitlines()[0]


def test_every_command_that_computes_has_a_kernel_and_threads() -> None:
    parsers = cli.subparsers(cli.make_parser([], everything=True))
    for name in ("generate", "chat", "logits", "evaluate", "report", "index", "ask", "serve"):
        assert {"--kernel", "--threads"} <= set(parsers[name]._option_string_actions), name
    for name, parser in parsers.items():
        assert "--quiet" in parser._option_string_actions
        assert name in ("logits", "serve", "completion") or "--json" in parser._option_string_actions, name


def test_the_text_is_the_same_with_any_number_of_threads(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["generate", "--model", MODEL, "--prompt", "A", "--max-new-tokens", "9", "--seed", "1"]
    texts = {call(capsysbinary, *arguments, "--quiet", "--threads", count)[1] for count in (1, 2)}
    assert len(texts) == 1
    told: list[int] = []
    monkeypatch.setattr(blas, "set_blas_threads", told.append)
    for more in ([], ["--threads", 2]):
        assert call(capsysbinary, *arguments, "--kernel", "numpy", *more)[0] == 0
    assert told == [1, 2]
    status, _, err = call(capsysbinary, *arguments, "--threads", "0")
    assert status == 1 and "not a number of threads" in err


def test_a_model_is_named_by_its_id_everywhere(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOSEQUILL_CACHE", str(tmp_path))
    with running() as hub:
        monkeypatch.setenv("GOOSEQUILL_HUB", hub.address)
        for file in MODEL.iterdir():
            hub.files[f"/o/r/resolve/main/default/{file.name}"] = file.read_bytes()
        assert call(capsysbinary, "inspect", "o/r:default/", "--json")[0] == 0
    assert call(capsysbinary, "logits", "--model", "o/r:default/", "--tokens", "3")[0] == 0
    assert call(capsysbinary, "tokenize", "--model", "o/r:default/", "A")[0] == 0
    status, _, err = call(capsysbinary, "logits", "--model", "o/r:../x", "--tokens", "3")
    assert status == 1 and "not the id of a model" in err


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_shell_completes_commands_and_options(capsysbinary: Capture, tmp_path: Path) -> None:
    status, script, _ = call(capsysbinary, "completion", "bash")
    assert status == 0
    ask = (
        f'{script}\ncomplete_it() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); '
        "$(complete -p goosequill | sed 's/.*-F \\([^ ]*\\).*/\\1/') goosequill; "
        'echo "${COMPREPLY[@]}"; }\n'
        "complete_it goosequill tok\ncomplete_it goosequill generate --temp\n"
        "complete_it goosequill generate --model wei\n"
    )
    (tmp_path / "weights.pth").touch()
    shown = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, cwd=tmp_path)
    assert shown.stdout.splitlines() == ["tokenize", "--temperature --temperature-first", "weights.pth"]


def test_without_shtab_completion_says_what_to_install(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    status, _, err = call(capsysbinary, "completion", "bash")
    assert status == 1 and "goosequill[completion]" in err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


MAKERS = (lambda o: ProgressLine(o, "reading {done} of {total}"), lambda o: ProgressBar(o, "x"))
STREAMS = ((Terminal, False, True), (Terminal, True, False), (io.StringIO, False, False))


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(("stream", "quiet", "shown"), STREAMS)
def test_progress_is_for_terminals_only(
    make: Any, stream: type[io.StringIO], quiet: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = stream()
    monkeypatch.setattr("sys.stderr", written)
    progress = make(cli.argparse.Namespace(quiet=quiet))
    progress(1, 2)
    assert ("1" in written.getvalue()) == shown
    progress(2, 2)
    assert written.getvalue().endswith(("\033[K", "\n")) == shown


def test_notes_of_the_package_are_one_line(capsysbinary: Capture) -> None:
    for quiet, expected in ((False, "goosequill: compiling\n"), (True, "")):
        cli.announce(cli.argparse.Namespace(quiet=quiet))
        logging.getLogger("goosequill").info("compiling")
        assert capsysbinary.readouterr().err.decode() == expected
