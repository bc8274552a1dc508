"""Sets of described values, on their own: laboratory experiments and search declare theirs the same way."""

from __future__ import annotations

import copy
import pickle
from typing import Literal

import pytest

from goosequill.errors import SettingsError
from goosequill.parameters import Description, Parameter, ParameterSet, check, setting


class Line(ParameterSet):
    """A set with a number and a choice."""

    slope: float = setting("Slope", "How steep the line is.", default=0.5, minimum=-1.0, maximum=1.0)
    scale: Literal["linear", "log"] = setting(
        "Scale", "The axis.", default="linear", kind="choice", choices=("linear", "log")
    )


class Noise(ParameterSet):
    """Another one."""

    ALIASES = {"n": "points"}  # noqa: RUF012
    points: int = setting("Points", "How many points to draw.", default=10, minimum=1, kind="integer")


class Experiment(Line, Noise):
    """A set that joins two."""

    def check_conflicts(self) -> None:
        if self.scale == "log" and self.slope < 0:
            raise SettingsError("slope and scale contradict each other.", code="settings-conflict")


def test_a_default_is_stated_once() -> None:
    assert Experiment().slope == Line.PARAMETERS["slope"].default == 0.5


def test_a_set_has_the_values_of_its_bases_in_their_order() -> None:
    assert list(Experiment.PARAMETERS) == ["slope", "scale", "points"]
    assert [parameter.name for parameter in Experiment.PARAMETERS.values()] == ["slope", "scale", "points"]
    assert list(Line.PARAMETERS) == ["slope", "scale"]


def test_values_are_checked_and_made_canonical() -> None:
    assert isinstance(Experiment(slope=1).slope, float)
    with pytest.raises(SettingsError, match="slope is 2, but must be between -1") as caught:
        Experiment(slope=2)
    assert (caught.value.code, caught.value.remedy) == ("setting-range", "How steep the line is.")
    with pytest.raises(SettingsError, match="linear, log"):
        Experiment.from_dict({"scale": "cubic"})
    with pytest.raises(SettingsError, match="contradict"):
        Experiment(slope=-1.0, scale="log")


def test_a_set_is_immutable() -> None:
    line = Line()
    with pytest.raises(AttributeError):
        line.slope = 0.1  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del line.slope
    assert line.replace(slope=0.1).slope == 0.1
    assert line.slope == 0.5


def test_sets_compare_by_type_and_values() -> None:
    assert Line(slope=0.25) == Line(slope=0.25) != Line()
    assert Line() != Noise()
    assert repr(Line(slope=0.25)) == "Line(slope=0.25)"
    assert copy.deepcopy(Line(slope=0.25)) == pickle.loads(pickle.dumps(Line(slope=0.25))) == Line(slope=0.25)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(TypeError, match="slant"):
        Line(slant=1.0)  # type: ignore[call-arg]
    with pytest.raises(SettingsError) as caught:
        Line.from_dict({"slop": 1.0})
    assert (caught.value.code, caught.value.remedy) == ("setting-unknown", "Did you mean 'slope'?")


def test_an_alias_and_none_are_understood() -> None:
    assert Noise.from_dict({"n": 3}).points == 3
    assert Noise.from_dict({"points": None}) == Noise()
    with pytest.raises(SettingsError) as caught:
        Noise.from_dict({"n": 3, "points": 4})
    assert caught.value.code == "settings-conflict"


def test_a_set_describes_its_part() -> None:
    description = Line.describe("line", "Line", "Draws a line.")
    assert isinstance(description, Description)
    found = description.to_dict()
    assert [found[key] for key in ("name", "label", "sentence", "formula", "source")] == [
        "line",
        "Line",
        "Draws a line.",
        "",
        "",
    ]
    assert found["parameters"][1]["choices"] == ["linear", "log"]


def test_a_value_is_checked_against_a_parameter_alone() -> None:
    count = Parameter("count", "Count", "How many.", default=1, minimum=0, maximum=9, kind="integer")
    assert check(count, 3.0) == 3
    with pytest.raises(SettingsError) as caught:
        check(count, 3.5)
    assert caught.value.code == "setting-type"
