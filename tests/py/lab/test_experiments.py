"""Experiments by name: every module is found, settings and data from outside are checked."""

import json

import numpy as np
import pytest

from goosequill.cli.main import main
from goosequill.errors import SettingsError
from goosequill.lab import experiments


def finish(generator):
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


QUICK = {
    "cumulative": {"runs": 3},
    "lattice": {"runs": 3},
    "dilation": {"size": 5, "dilation": 1},
    "dilation_stack": {"dilations": "1 2"},
    "sta": {"samples": 3000, "window": 20, "shifts": 20},
}


def test_every_experiment_runs_and_describes_itself() -> None:
    assert set(experiments.names()) == set(QUICK)
    for name, settings in QUICK.items():
        described = experiments.describe(name)
        assert described["name"] == name and described["parameters"]
        found = finish(experiments.run(name, settings))
        assert settings.items() <= found["settings"].items()
        assert any(isinstance(value, np.ndarray) for value in found.values())


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
