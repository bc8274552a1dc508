"""Sets of described values, on their own: laboratory experiments and search declare theirs the same way."""

import copy
import pickle
from collections.abc import Mapping
from typing import Any, Literal

import pytest

from goosequill.errors import SettingsError
from goosequill.parameters import Description, Parameter, ParameterSet, check, neutral_setting, setting
from tests.py.refusals import refused


class Line(ParameterSet):
    """A set with a number and a choice."""

    slope: float = setting("How steep the line is.", default=0.5, range=(-1.0, 1.0))
    scale: Literal["linear", "log"] = setting("The axis.", default="linear")


class Noise(ParameterSet):
    """Another one."""

    ALIASES = {"n": "points"}  # noqa: RUF012
    points: int = setting("How many points to draw.", default=10, range=(1, None))


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


def test_a_declaration_says_only_what_its_name_and_annotation_do_not() -> None:
    class Values(ParameterSet):
        learning_rate: float = setting("How fast.", default=0.1, range=(0.0, 1.0, 0.05))
        seed: int | None = setting("Random", "Draws.", default=None, range=(0, 9))
        runs: int = setting("How many.", default=10, range=(0, 100, 10))
        shuffled: bool = neutral_setting("In another order.", default=False)
        note: str = setting("A remark.", default="")
        unit: str = setting("A function.", default="tanh", choices=("tanh", "relu"), choice_labels=("A", "B"))
        scope: Literal["all", "output"] = setting("Which.", default="all")
        stops: tuple[str, ...] = setting("Ends.", default=())
        banned: tuple[int, ...] = setting("Never.", default=())
        bias: Mapping[int, float] = setting("Added.", default={})
        schema: Any = setting("A form.", default=None)

    assert [(p.label, p.kind, p.step) for p in Values.PARAMETERS.values()] == [
        ("Learning rate", "number", 0.05),
        ("Random", "integer", 1),
        ("Runs", "integer", 10),
        ("Shuffled", "boolean", None),
        ("Note", "text", None),
        ("Unit", "choice", None),
        ("Scope", "choice", None),
        ("Stops", "texts", None),
        ("Banned", "tokens", None),
        ("Bias", "biases", None),
        ("Schema", "json", None),
    ]
    known = Values.PARAMETERS
    assert (known["seed"].sentence, known["seed"].minimum, known["seed"].maximum) == ("Draws.", 0, 9)
    assert (known["shuffled"].neutral, known["note"].neutral) == (False, None)
    assert (known["unit"].choices, known["scope"].choices) == (("tanh", "relu"), ("all", "output"))
    assert known["unit"].choice_labels == ("A", "B")


def test_an_annotation_may_be_a_type_instead_of_its_text() -> None:
    kinds = {float: "number", int | None: "integer", tuple[str, ...]: "texts", Mapping[int, float]: "biases"}
    for annotation, kind in {**kinds, Any: "json", Literal["all", "output"]: "choice"}.items():
        declared = {"__annotations__": {"value": annotation}, "value": setting("A value.", default=None)}
        assert type("Values", (ParameterSet,), declared).PARAMETERS["value"].kind == kind


def test_an_annotation_that_no_setting_can_have_is_refused() -> None:
    with pytest.raises(TypeError, match=r"size is annotated as 'complex', but must be"):

        class Values(ParameterSet):
            size: complex = setting("How large.", default=1j)


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
    with refused(SettingsError, "settings-conflict"):
        Noise.from_dict({"n": 3, "points": 4})


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
    with refused(SettingsError, "setting-type"):
        check(count, 3.5)
