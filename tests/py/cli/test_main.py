"""The command line as a person uses it, with the model that the site ships."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from goosequill.cli.main import COMMANDS, main
from goosequill.decoding import PARAMETERS, Chunk, DecodingConfig, generate
from goosequill.kernels import KERNELS
from goosequill.loading.load import LoadedModel, load_path

MODEL = Path(__file__).parents[3] / "site" / "models" / "default"
GENERATE = ["generate", "--model", str(MODEL)]


def call(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    out, err = capsysbinary.readouterr()
    return status, out.decode(), err.decode()


def test_generate_writes_what_the_library_writes(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    options = ["--prompt", "The sea", "--max-new-tokens", "12", "--temperature", "0.8", "--seed", "3"]
    status, out, err = call(capsysbinary, *GENERATE, *options)
    loaded = load_path(MODEL)
    config = DecodingConfig(max_new_tokens=12, temperature=0.8, seed=3)
    items = generate(loaded.model, loaded.tokenizer, "The sea", config)
    assert status == 0
    assert out == "".join(item.text for item in items if isinstance(item, Chunk)) + "\n"
    assert "seed 3" in err


def test_same_seed_same_text_and_quiet_says_nothing_else(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    options = [
        "--prompt",
        "A",
        "--max-tokens",
        "8",
        "--seed",
        "1",
        "--preset",
        "llama.cpp",
        "--quiet",
        "--echo",
    ]
    first = call(capsysbinary, *GENERATE, *options)
    assert first == call(capsysbinary, *GENERATE, *options)
    assert first[1].startswith("A")
    assert first[2] == ""


def test_empty_prompt_and_prompt_file(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    assert call(capsysbinary, *GENERATE, "--max-new-tokens", "2")[0] == 0
    file = tmp_path / "prompt.txt"
    file.write_text("Grüße\n", encoding="utf-8")
    _, out, _ = call(capsysbinary, *GENERATE, "--max-new-tokens", "0", "--echo", "--prompt-file", str(file))
    assert out == "Grüße\n\n"


def test_logits_are_a_json_list(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    status, out, _ = call(capsysbinary, "logits", "--model", str(MODEL), "--tokens", "34,105,110")
    model = load_path(MODEL).model
    assert status == 0
    assert json.loads(out) == model.forward([34, 105, 110], model.new_state()).tolist()
    _, every, _ = call(capsysbinary, "logits", "--model", str(MODEL), "--tokens", "34 105", "--all")
    assert len(json.loads(every)) == 2


def test_bare_weights_take_the_tokenizer_beside_them(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    weights = tmp_path / "weights.safetensors"
    shutil.copy(MODEL / "model.safetensors", weights)
    options = ["--prompt", "The sea", "--max-new-tokens", "4", "--temperature", "0"]
    status, _, err = call(capsysbinary, "generate", "--model", str(weights), *options)
    assert status == 1
    assert "tokenizer.json" in err
    named = call(capsysbinary, "generate", "--model", str(weights), *options, "--tokenizer", str(MODEL))
    shutil.copy(MODEL / "tokenizer.json", tmp_path)
    beside = call(capsysbinary, "generate", "--model", str(weights), *options)
    assert named[:2] == beside[:2]
    assert named[1] == call(capsysbinary, *GENERATE, *options)[1]


BAD = {
    "missing model": ["generate", "--model", "no/such/model"],
    "wrong tokenizer": [*GENERATE, "--tokenizer", "world"],
    "setting out of range": [*GENERATE, "--temperature", "-1"],
    "contradiction": [*GENERATE, "--mirostat", "2", "--top-k", "3"],
    "no token ids": ["logits", "--model", str(MODEL), "--tokens", "a,b"],
    "token outside the vocabulary": ["logits", "--model", str(MODEL), "--tokens", "99999999"],
    "bias that is not JSON": [*GENERATE, "--logit-bias", "{"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(capsysbinary: pytest.CaptureFixture[bytes], arguments: list[str]) -> None:
    status, out, err = call(capsysbinary, *arguments)
    assert status == 1
    assert out == ""
    assert err.startswith("goosequill: ")
    assert "Traceback" not in err


CLEAR = "<scripture>\nAnd it came to pass in those days, that"
"""A prompt of the golden texts, whose first choices lead clearly: kernels differ in the last bits."""


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_kernel_that_was_asked_for_computes_the_same_text(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, kernel: str
) -> None:
    used = []

    def spy(*arguments: Any, **settings: Any) -> LoadedModel:
        loaded = load_path(*arguments, **settings)
        used.append(loaded.model.kernel.name)
        return loaded

    monkeypatch.setattr("goosequill.cli.models.load_path", spy)
    options = ["--prompt", CLEAR, "--max-new-tokens", "16", "--temperature", "0"]
    expected = call(capsysbinary, *GENERATE, *options)[1]
    assert call(capsysbinary, *GENERATE, *options, "--kernel", kernel)[1] == expected
    assert used == [KERNELS[0], kernel]


def test_an_unknown_kernel_is_refused_with_the_choice(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    with pytest.raises(SystemExit):
        main([*GENERATE, "--kernel", "relaxed"])
    printed = capsysbinary.readouterr().err.decode()
    assert all(name in printed for name in ("--kernel", *KERNELS))


def test_help_lists_every_setting_with_its_description(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    text = " ".join(capsysbinary.readouterr().out.decode().split())
    for name, parameter in PARAMETERS.items():
        assert "--" + name.replace("_", "-") in text
        assert parameter.sentence.split(";")[0].split(",")[0] in text


def test_every_command_has_help(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0
        assert b"usage: goosequill " + command.encode() in capsysbinary.readouterr().out


def test_runs_as_a_module_and_survives_a_closed_pipe() -> None:
    command = [sys.executable, "-m", "goosequill", *GENERATE, "--max-new-tokens", "40", "--seed", "1"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=MODEL.parents[2] / "py"
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.wait(60)
