"""Sampling reports: the format, resuming after a kill, files of prompts and decoders, a cluster."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import goosequill as gq
from goosequill.cli.main import main
from goosequill.decoding import PRESETS
from goosequill.errors import GoosequillError, SettingsError
from goosequill.evaluation import reports
from goosequill.evaluation.reports import (
    Decoder,
    Finished,
    ModelChoice,
    Task,
    model_name,
    read_decoders,
    read_prompts,
    run_on_cluster,
    run_task,
    write_report,
)
from goosequill.support.budget import Budget
from goosequill.tuning.adapter import Adapter
from tests.py.refusals import refused

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "site" / "models" / "default"
SCHEMA = json.loads((ROOT / "docs" / "assets" / "sampling-report.schema.json").read_text("utf-8"))
CHOICE = ModelChoice(str(MODEL))
PROMPTS = ["The sea", "A goose 鵝\nand", ""]
DECODERS = [
    Decoder("greedy", {"temperature": 0.0, "max_new_tokens": 4}, 1),
    Decoder("drawn", {"top_p": 0.8, "max_new_tokens": 4, "stop": ["x", "y"]}, 2),
]


def echo(tasks: Sequence[Task]) -> Iterator[Finished]:
    """Outputs without a model, the last task first."""
    for task in reversed(tasks):
        yield task, f"{task.prompt}|{task.settings.get('top_p')}|{task.settings['seed']}\u2028"


def write(out: Path, **more: Any) -> dict[str, Any]:
    return write_report(out, CHOICE, PROMPTS, DECODERS, seed=7, **{"run": echo, **more})


def test_report_has_the_comparers_format(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    write(out, now=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["model_name"] == model_name(str(MODEL))
    assert report["date"] == "2026-01-02T00:00:00+00:00"
    jsonschema.validate(report, SCHEMA)
    assert str(ROOT) not in out.read_text(encoding="utf-8")
    assert [item["prompt"] for item in report["prompts"]] == PROMPTS
    for item in report["prompts"]:
        assert [r["sampling_config"] for r in item["results"]] == ["greedy", "drawn"]
        assert [len(r["outputs"]) for r in item["results"]] == [1, 2]
        for result in item["results"]:
            assert all(isinstance(v, int | float | str | bool) for v in result["sampling_params"].values())
    assert report["prompts"][1]["results"][1]["outputs"] == [
        f"{PROMPTS[1]}|0.8|{seed}\u2028" for seed in (7, 8)
    ]
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("path", sorted((ROOT / "site" / "compare" / "examples").glob("*.json")), ids=str)
def test_the_examples_fit_the_schema(path: Path) -> None:
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), SCHEMA)


@pytest.mark.parametrize("change", [{"model_name": 7}, {"prompts": {}}, {"prompts": [{"prompt": "p"}]}])
def test_the_schema_refuses_what_is_not_a_report(change: dict[str, Any], tmp_path: Path) -> None:
    report = write(tmp_path / "report.json")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**report, **change}, SCHEMA)


def test_an_interrupted_report_is_resumed(tmp_path: Path) -> None:
    out = tmp_path / "report.json"

    def dies(tasks: Sequence[Task]) -> Iterator[Finished]:
        yield from list(echo(tasks))[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(out, run=dies)
    journal = tmp_path / "report.json.part"
    with journal.open("ab") as file:
        file.write(b'{"index": [0, 0, 0], "outp')  # killed while it wrote a line
    seen: list[Task] = []

    def rest(tasks: Sequence[Task]) -> Iterator[Finished]:
        seen.extend(tasks)
        return echo(tasks)

    calls: list[tuple[int, int]] = []
    report = write(out, run=rest, progress=lambda done, total: calls.append((done, total)))
    assert len(seen) == 5
    assert calls[0] == (4, 9)
    assert calls[-1] == (9, 9)
    assert not journal.exists()
    report.pop("date")
    again = write(tmp_path / "other.json")
    again.pop("date")
    assert report == again


def test_journal_of_another_job_is_not_mixed_in(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    for text in ('{"job": "other"}\n', '{"job": "other"}\n{"index"'):
        (tmp_path / "report.json.part").write_text(text)
        with refused(SettingsError, "other-report"):
            write(out)


def test_model_writes_the_same_report_twice(tmp_path: Path) -> None:
    reports = []
    for name in ("a.json", "b.json"):
        report = write_report(tmp_path / name, CHOICE, PROMPTS[:1], DECODERS)
        reports.append(report["prompts"])
    assert reports[0] == reports[1]
    assert all(text for result in reports[0][0]["results"] for text in result["outputs"])


def files(folder: Path, prompts: Any, decoders: Any) -> list[str]:
    (folder / "prompts.json").write_text(json.dumps(prompts), encoding="utf-8")
    (folder / "decoders.json").write_text(json.dumps(decoders), encoding="utf-8")
    return ["--prompts", str(folder / "prompts.json"), "--decoders", str(folder / "decoders.json")]


def test_the_command_resumes_after_a_kill(tmp_path: Path) -> None:
    options = files(tmp_path, [f"Prompt {n}" for n in range(6)], {"d": {"max_new_tokens": 60}})
    out = tmp_path / "report.json"
    command = ["report", "--models", str(MODEL), *options, "--out", str(out), "--samples", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py")}
    process = subprocess.Popen([sys.executable, "-m", "goosequill", *command], env=environment)
    journal = tmp_path / "report.json.part"
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") > 2:
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = journal.read_text(encoding="utf-8").splitlines()[1:3] if journal.exists() else []
    assert main(command) == 0
    report = json.loads(out.read_text(encoding="utf-8"))
    assert [len(item["results"][0]["outputs"]) for item in report["prompts"]] == [2] * 6
    for line in kept:
        entry = json.loads(line)
        prompt, decoder, sample = entry["index"]
        assert report["prompts"][prompt]["results"][decoder]["outputs"][sample] == entry["output"]


def test_a_report_with_an_adapter_has_its_name_and_its_outputs(
    tmp_path: Path,
) -> None:
    path, out = tmp_path / "pirate.safetensors", tmp_path / "r.json"
    Adapter({"ln_out.weight": 3 * np.sin(np.arange(320, dtype=np.float32))}).write(path)
    (tmp_path / "prompts.txt").write_text("The sea")
    (tmp_path / "decoders.json").write_text('{"greedy": {"temperature": 0, "max_new_tokens": 6}}')
    files = ["--prompts", f"{tmp_path}/prompts.txt", "--decoders", f"{tmp_path}/decoders.json"]
    options = ["--models", str(MODEL), *files, "--out", str(out)]
    assert main(["report", *options, "--adapter", str(path), "--strength", "0.5"]) == 0
    report = json.loads(out.read_text())
    assert report["model_name"] == "default+pirate"
    assert (report["args"]["adapter"], report["args"]["strength"]) == ("pirate.safetensors", 0.5)
    model = gq.load(MODEL, adapter=path, strength=0.5)
    written = report["prompts"][0]["results"][0]["outputs"]
    assert written == [model.write("The sea", temperature=0, max_new_tokens=6)]
    model.use(None)
    assert written != [model.write("The sea", temperature=0, max_new_tokens=6)]


def test_several_models_get_a_file_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = files(tmp_path, ["A"], ["greedy"])
    small = tmp_path / "small.safetensors"
    small.write_bytes((MODEL / "model.safetensors").read_bytes())
    models = ["--models", str(MODEL), str(small), "--tokenizer", str(MODEL)]
    assert main(["report", *models, *options, "--out", str(tmp_path / "r.json")]) == 0
    names = [Path(line).name for line in capsys.readouterr().out.split()]
    assert names == [f"r-{model_name(str(MODEL))}.json", "r-small.json"]
    assert (
        main(["report", "--models", str(MODEL), str(MODEL), *options, "--out", str(tmp_path / "r.json")]) == 1
    )
    assert "same name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.json", '["a\\nb", "c"]'),
        ("p.json", '{"prompts": [{"prompt": "a\\nb"}, {"prompt": "c"}]}'),
        ("p.jsonl", '"a\\nb"\n\n{"prompt": "c", "id": 1}\n'),
        ("p.txt", "\ufeffa\\nb\n\nc\nc\n"),
    ],
)
def test_prompts_are_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_prompts(tmp_path / name) == ["a\nb", "c"]


def test_the_lines_of_a_file_of_prompts_share_one_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jsonl").write_text('{"prompt": "a"}\n{"prompt": "b"}\n{"prompt": "c"}\n')
    monkeypatch.setattr(reports, "Budget", lambda: Budget(elements=2))
    with refused(GoosequillError, "prompts"):
        read_prompts(tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.json", "[1]"),
        ("p.json", "{"),
        ("p.json", "{}"),
        ("p.jsonl", "x"),
        ("p.txt", "\n"),
        ("p.json", "3"),
    ],
)
def test_invalid_prompts_are_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with refused(GoosequillError, "prompts"):
        read_prompts(tmp_path / name)


def test_decoders_are_read(tmp_path: Path) -> None:
    file = tmp_path / "d.json"
    file.write_text(json.dumps(list(PRESETS)))
    found = read_decoders(file, samples=3)
    assert [decoder.samples for decoder in found if decoder.settings.get("temperature") == 0] == [1, 1]
    assert {decoder.samples for decoder in found if decoder.settings.get("temperature") != 0} == {3}
    file.write_text('{"mine": {"top_k": 3, "samples": 5}, "fixed": {"seed": 4}, "beams": {"num_beams": 2}}')
    assert [decoder.samples for decoder in read_decoders(file, samples=3)] == [5, 1, 1]


@pytest.mark.parametrize("text", ["[]", "{}", '["none such"]', '{"a": 3}', "{", "7"])
def test_invalid_decoders_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "d.json").write_text(text)
    with refused(GoosequillError, "decoders"):
        read_decoders(tmp_path / "d.json", samples=1)


@pytest.mark.parametrize("text", ['{"mine": {"top_q": 1}}', '{"mine": {"samples": 0}}'])
def test_wrong_setting_names_the_decoder(tmp_path: Path, text: str) -> None:
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_decoders(tmp_path / "d.json", samples=1)
    assert "'mine'" in str(caught.value)


def test_cluster_writes_the_same_outputs() -> None:
    from distributed import LocalCluster

    task = Task(CHOICE, "The sea", {"max_new_tokens": 4, "seed": 1}, (0, 0, 0))
    other = Task(CHOICE, "A goose", {"max_new_tokens": 4, "seed": 2}, (1, 0, 0))
    settings: dict[str, Any] = {"processes": False, "protocol": "tcp", "dashboard_address": None}
    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", **settings) as cluster:
        address = cluster.scheduler_address
        found = {done.index: text for done, text in run_on_cluster(address, [task, other])}
    assert address.startswith("tcp://")
    assert found == {t.index: run_task(t) for t in (task, other)}


def test_a_cluster_that_does_not_answer_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = files(tmp_path, ["A"], ["greedy"])
    out = ["--out", str(tmp_path / "r.json"), "--scheduler", "tcp://127.0.0.1:9"]
    assert main(["report", "--models", str(MODEL), *options, *out]) == 1
    assert "scheduler" in capsys.readouterr().err
