"""`goosequill tune` writes an adapter and says how well it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goosequill.cli.main import main
from goosequill.tuning.adapter import read_adapter
from goosequill.tuning.training import Training
from tests.py.conftest import MODEL

PAIRS = [{"prompt": f"{n} geese", "chosen": " fly.", "rejected": " swim."} for n in range(6)]


def run(folder: Path, *options: str, records: Any = PAIRS, out: str = "quick.safetensors") -> int:
    path = folder / "examples.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    given = ["--model", str(MODEL), "--examples", str(path), "--out", str(folder / out), "--steps", "5"]
    return main(["tune", *given, "--learning-rate", "0.01", *options])


def test_it_writes_an_adapter_and_prints_what_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 0
    found = read_adapter(tmp_path / "quick.safetensors")
    assert (found.about.name, found.about.recipe["objective"]) == ("quick", "preferences")
    text = capsys.readouterr().out
    assert "held back      0.693 -> " in text and "agrees with    100% of 1 held back" in text


def test_a_state_is_written_as_pth_with_its_facts_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [{"text": f"{n} geese fly."} for n in range(6)]
    options = "--method", "state", "--json", "--learning-rate", "0.1"
    assert run(tmp_path, *options, records=records, out="quick.pth") == 0
    about = json.loads(capsys.readouterr().out)
    assert about["after"] < about["before"] and about["counts"]["examples"] == 6
    assert sorted(read_adapter(tmp_path / "quick.pth").tensors)[0] == "blocks.0.att.time_state"


def test_an_interrupt_keeps_the_best_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Training.run

    def interrupted(training: Training) -> Any:
        yield next(whole(training))
        raise KeyboardInterrupt

    monkeypatch.setattr(Training, "run", interrupted)
    assert run(tmp_path) == 0
    assert read_adapter(tmp_path / "quick.safetensors").about.recipe["steps"] == 0


def test_a_fault_names_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, records=[*PAIRS, {"prompt": 1}]) == 1
    assert "Line 7 of the examples" in capsys.readouterr().err
    assert not (tmp_path / "quick.safetensors").exists()
