"""Experiments by name: every module is found, settings and data from outside are checked."""

import json
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from goosequill.browser.jobs import Job, find
from goosequill.cli.main import main
from goosequill.errors import FileFormatError, SettingsError
from goosequill.lab import experiments
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress, finish
from tests.py.refusals import refused

ROOT = Path(__file__).resolve().parent.parent.parent.parent


QUICK = {
    "cumulative": {"runs": 3},
    "lattice": {"runs": 3},
    "dilation": {"size": 5, "dilation": 1},
    "dilation-stack": {"dilations": "1 2"},
    "handwriting": {"text": "a", "alphabet": "digits"},
    "launcher": {"text": "a", "names": "apps"},
    "letters": {"size": 50},
    "lstm": {"updates": 24, "units": 3},
    "lstm-text": {"length": 20},
    "maze": {"lessons": 1, "labels": 100, "memory": 1, "rooms": 3},
    "reading": {"text": "a cold wind", "model": False},
    "second-order": {"images": 40, "passes": 5},
    "sta": {"samples": 3000, "window": 20, "shifts": 20},
    "training": {"steps": 100, "letters": 200, "hidden": 0},
    "tuning": {"steps": 10, "examples": 5},
    "symmetries": {"hidden": 4, "images": 40, "passes": 10, "retrain": 10},
}


def test_every_experiment_runs_and_describes_itself() -> None:
    assert set(experiments.names()) == set(QUICK)
    for name, settings in QUICK.items():
        described = experiments.describe(name)
        assert described["name"] == name and described["parameters"]
        found = finish(experiments.run(name, settings))
        assert settings.items() <= found["settings"].items()
        assert any(isinstance(value, np.ndarray) for value in found.values())


@pytest.mark.parametrize(
    ("name", "phases"),
    [
        ("handwriting", ["templates", "groups of strokes", "choices", "methods"]),
        ("launcher", ["templates", "strokes"]),
        ("lstm", ["updates", "checks"]),
        ("maze", ["mazes", "steps", "memories"]),
        ("second-order", ["drawings", "passes", "steps of the term alone"]),
        ("symmetries", ["passes before", "passes after", "measurements"]),
        ("training", ["letters", "steps"]),
    ],
)
def test_each_phase_of_a_run_says_how_far_it_has_come(name: str, phases: list[str]) -> None:
    items = [item for item in experiments.run(name, QUICK[name]) if isinstance(item, Progress)]
    assert list(dict.fromkeys(item.status for item in items)) == phases
    for phase in phases:
        loaded = [item.loaded for item in items if item.status == phase]
        (total,) = {item.total for item in items if item.status == phase}
        assert loaded == sorted(loaded) and (total == 0 or loaded[0] < loaded[-1] <= total or loaded == [0])


@pytest.mark.parametrize("name", ["", "nothing", "jobs", "neurons", "../sta", "sta.compute", "os"])
def test_an_unknown_experiment_is_refused(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        finish(experiments.run(name))
    assert caught.value.code == "unknown-experiment" and "sta" in caught.value.remedy


def test_unknown_settings_and_data_are_refused() -> None:
    with pytest.raises(SettingsError, match="windw") as caught:
        finish(experiments.run("sta", {"windw": 3}))
    assert "window" in caught.value.remedy
    with pytest.raises(SettingsError, match="no data named 'stimuli'"):
        finish(experiments.run("sta", {}, {"stimuli": []}))


def test_data_from_outside_is_used() -> None:
    values = np.arange(25.0)
    found = finish(experiments.run("dilation", {"size": 5, "kernel": 1}, {"values": values}))
    assert found["output"].tolist() == values.reshape(5, 5).tolist()


class Settings(ParameterSet):
    size: int = setting("How large.", default=2, range=(1, 9))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An experiment named made-up, with partial results and a data file."""
    module = ModuleType("goosequill.lab.made_up")

    def compute(settings, *, files, values=(0.0,)):
        yield Progress("steps", 1, 2)
        yield {"half": 1}
        return {"read": dict(files), "mean": np.mean(values), "odd": np.array([np.nan, 1.5])}

    module.Settings = Settings
    module.DESCRIPTION = Settings.describe("made-up", "Made up", "A test.")
    module.compute = compute
    module.files = lambda settings: ("a.bin",) if settings.size < 9 else ("missing.bin",)
    monkeypatch.setitem(sys.modules, "goosequill.lab.made_up", module)
    monkeypatch.setattr(experiments, "names", lambda: ["made-up", "sta"])
    monkeypatch.setattr(experiments, "DATA", tmp_path)
    (tmp_path / "a.bin").write_bytes(b"goose")
    return module


def test_a_name_has_a_hyphen_where_the_module_has_an_underscore(made: ModuleType) -> None:
    assert experiments.describe("made-up")["label"] == "Made up"
    with pytest.raises(SettingsError):
        experiments.describe("made_up")


def test_data_files_are_read_from_the_package_unless_they_are_given(made: ModuleType) -> None:
    assert experiments.files("made-up") == ["a.bin"] and experiments.files("sta") == []
    assert finish(experiments.run("made-up"))["read"] == {"a.bin": b"goose"}
    given = {"files": {"a.bin": memoryview(b"swan"), "other": b""}}
    assert finish(experiments.run("made-up", {}, given))["read"] == {"a.bin": b"swan"}
    with refused(FileFormatError, "file-missing", match=r"missing\.bin"):
        finish(experiments.run("made-up", {"size": 9}))


def test_files_of_the_site_are_read_in_a_clone(
    made: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.files = lambda settings: ("models/a.bin",)
    monkeypatch.setattr(experiments, "SITE", tmp_path / "site")
    with refused(FileFormatError, "file-missing") as caught:
        finish(experiments.run("made-up"))
    assert "clone of the repository" in caught.value.remedy
    (tmp_path / "site" / "models").mkdir(parents=True)
    (tmp_path / "site" / "models" / "a.bin").write_bytes(b"gander")
    assert finish(experiments.run("made-up"))["read"] == {"models/a.bin": b"gander"}


def test_partial_results_are_parts_of_the_job(made: ModuleType) -> None:
    job = Job(find("experiment"), {"name": "made-up", "data": {"values": [1, 2]}})
    assert job.step() == {"progress": {"status": "steps", "loaded": 1, "total": 2, "file": ""}}
    assert job.step() == {"part": {"half": 1}}
    end = job.step()["end"]
    assert end["mean"] == 1.5 and end["settings"] == {"size": 2}


def test_the_command_ignores_partial_results_and_prints_null_for_nan(
    made: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    made.files = lambda settings: ()
    assert main(["lab", "made-up", "--set", "size=3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["odd"] == [None, 1.5]


SCRIPTS = (ROOT / "site" / "lab").glob("*.js")
LIMITED = {path.stem.removesuffix("-ranges") for path in SCRIPTS if "function ranges(" in path.read_text()}


@pytest.mark.parametrize("name", sorted(LIMITED))
def test_a_pages_ranges_lie_within_those_of_the_settings(name: str) -> None:
    chance, settings = random.Random(1), experiments._module(name).Settings
    values = [vars(settings.from_dict(draw(settings, chance))) for _ in range(300)]
    code = (
        f"const {{ ranges }} = await import({json.dumps(str(ROOT / 'site' / 'lab' / (name + '.js')))});"
        f"process.stdout.write(JSON.stringify({json.dumps(values)}.map((each) => ranges(each))))"
    )
    shown = subprocess.run(["node", "--input-type=module", "-e", code], capture_output=True, check=True)
    for found in json.loads(shown.stdout):
        for key, (low, high) in found.items():
            limits = settings.PARAMETERS[key]
            assert limits.minimum <= low and high <= limits.maximum, (key, low, high)


def draw(settings: type[ParameterSet], chance: random.Random) -> dict[str, object]:
    """Random settings, valid each by itself."""
    found: dict[str, object] = {}
    for name, parameter in settings.PARAMETERS.items():
        if parameter.kind == "boolean":
            found[name] = chance.random() < 0.5
        elif parameter.kind == "choice":
            found[name] = chance.choice(parameter.choices)
        elif parameter.kind == "integer":
            found[name] = chance.randint(int(parameter.minimum or 0), int(parameter.maximum or 1000))
        elif parameter.kind == "number":
            found[name] = chance.uniform(parameter.minimum or 0.0, parameter.maximum or 1.0)
    return found


def test_the_command_prints_json_a_summary_and_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "dilation", "--set", "size=9", "--set", "transposed=true", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["output_size"] == 13 and len(found["output"]) == 13
    assert main(["lab", "sta", "--set", "samples=3000", "--set", "window=20", "--set", "shifts=0"]) == 0
    assert "average: 20 numbers from" in capsys.readouterr().out
    assert main(["lab"]) == 0
    assert capsys.readouterr().out.startswith("cumulative: ")


@pytest.mark.parametrize("argument", ["size", "size=large", "size=99", "sizes=1"])
def test_the_command_refuses_wrong_settings(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "dilation", "--set", argument]) == 1
    assert "goosequill: " in capsys.readouterr().err
