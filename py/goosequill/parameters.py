"""How anything with settings describes itself: decoder steps, laboratory experiments, search.

A ``ParameterSet`` is an immutable, typed set of values. Each value is declared once, with its type, label,
help text, default and range; checks, controls, command-line options and the reference all follow from that.
A ``Description`` adds what the settings belong to. Nothing here knows what a setting does.
"""

from __future__ import annotations

import math
import re
import sys
from ast import literal_eval
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Literal, Self, dataclass_transform

from goosequill.errors import SettingsError

Kind = Literal["number", "integer", "boolean", "text", "choice", "texts", "tokens", "biases", "json"]
"""``texts`` and ``tokens`` are lists of texts and of token ids; ``biases`` maps token ids to numbers."""

KINDS: dict[str, Kind] = {
    "float": "number",
    "int": "integer",
    "bool": "boolean",
    "str": "text",
    "tuple[str, ...]": "texts",
    "tuple[int, ...]": "tokens",
    "Mapping[int, float]": "biases",
    "Any": "json",
}
"""The kind of a value by its annotation."""

_PREFIXES = re.compile(r"<class '(\w+)'>|\b(?:typing|collections\.abc)\.")
"""What `str` writes around the name of a type, and nobody writes in an annotation."""

MOST_BIAS = 1_000_000
"""The largest value in a table of biases: far above any logit, and far below where float32 ends."""


@dataclass(frozen=True)
class Parameter:
    """One setting.

    Attributes
    ----------
    name
        As Python, JSON and addresses write it.
    label, sentence
        What a person reads: the control's label and its help text.
    default
        The value of a setting that is not given.
    neutral
        The value that switches the setting off; None if there is none.
    minimum, maximum
        Inclusive limits of a number; None if there is no limit.
    step
        A sensible step for a control.
    choices
        The values of a ``choice``.
    choice_labels
        What a person reads for each of them; () shows the values themselves.
    """

    name: str
    label: str
    sentence: str
    default: Any
    neutral: Any = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    kind: Kind = "number"
    choices: tuple[str, ...] = ()
    choice_labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Description:
    """One part that has settings, for example a step of the decoder.

    Attributes
    ----------
    formula
        The rule in plain characters; "" if there is none.
    source
        The paper or program that the rule comes from; "" if there is none.
    """

    name: str
    label: str
    sentence: str
    formula: str
    source: str
    parameters: tuple[Parameter, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the description as plain dictionaries and lists."""
        parameters = [asdict(parameter) for parameter in self.parameters]
        lists = ("choices", "choice_labels")
        return asdict(self) | {
            "parameters": [values | {name: list(values[name]) for name in lists} for values in parameters]
        }


def setting(
    *texts: str,
    default: Any,
    neutral: Any = None,
    range: tuple[float | None, ...] = (None, None),
    choices: tuple[str, ...] = (),
    choice_labels: tuple[str, ...] = (),
) -> Any:
    """Declare a value of a ParameterSet; its kind follows from the attribute's annotation (see `KINDS`).

    Parameters
    ----------
    texts
        The label and the sentence, or the sentence alone if the label is the attribute's name in words.
    default, neutral, choice_labels
        As a Parameter's.
    range
        ``(minimum, maximum)`` or ``(minimum, maximum, step)``. The step of a whole number is 1 by default.
    choices
        Makes a choice of a ``str``. The choices of a ``Literal`` follow from the annotation.
    """
    label, sentence = texts if len(texts) == 2 else ("", *texts)
    minimum, maximum, step = range if len(range) == 3 else (*range, None)
    return Parameter(
        "", label, sentence, default, neutral, minimum, maximum, step, "number", choices, choice_labels
    )


def neutral_setting(*texts: str, default: Any, **rest: Any) -> Any:
    """Declare a value that its default switches off; all else is as with `setting`."""
    return setting(*texts, default=default, neutral=default, **rest)


def _declared(parameter: Parameter, name: str, annotation: object) -> Parameter:
    """Return the parameter with what follows from its name and its annotation.

    Raises
    ------
    TypeError
        No setting can have the annotation.
    """
    choices, written = parameter.choices, _PREFIXES.sub(r"\1", str(annotation))
    if written.startswith("Literal["):
        choices = literal_eval(f"({written[len('Literal[') : -1]},)")
    kind = "choice" if choices else KINDS.get(written.removesuffix(" | None"))
    if kind is None:
        raise TypeError(f"{name} is annotated as {written!r}, but must be a Literal or {', '.join(KINDS)}")
    label = parameter.label or name.replace("_", " ").capitalize()
    step = 1 if kind == "integer" and parameter.step is None else parameter.step
    return replace(parameter, name=name, label=label, kind=kind, step=step, choices=choices)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(setting, neutral_setting))
class ParameterSet:
    """Immutable values by keyword, each declared with `setting`; type checkers see a frozen dataclass.

    It is not a dataclass, because those compile code for every class, which delays a page's start. A set
    that inherits from others has their values too, in the order of its bases.

    Attributes
    ----------
    PARAMETERS
        Each value's Parameter by its name.

    Raises
    ------
    SettingsError
        ``setting-range`` or ``setting-type``: a value is not allowed.
    """

    PARAMETERS: ClassVar[dict[str, Parameter]] = {}
    ALIASES: ClassVar[dict[str, str]] = {}
    """Other names that `from_dict` accepts."""

    def __init_subclass__(cls) -> None:
        cls.PARAMETERS = {k: v for base in cls.__bases__ for k, v in getattr(base, "PARAMETERS", {}).items()}
        for name, value in list(vars(cls).items()):
            if isinstance(value, Parameter):
                cls.PARAMETERS[name] = _declared(value, name, cls.__annotations__.get(name))
                setattr(cls, name, value.default)

    def __init__(self, **values: Any) -> None:
        unknown = [name for name in values if name not in self.PARAMETERS]
        if unknown:
            raise TypeError(f"{type(self).__name__} has no setting named {unknown[0]!r}")
        for name, parameter in self.PARAMETERS.items():
            vars(self)[name] = check(parameter, values.get(name, parameter.default))
        self.check_conflicts()

    def check_conflicts(self) -> None:
        """Refuse values that contradict each other; sets that have such values override this."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; use replace()")

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._changes().items())})"

    @classmethod
    def describe(
        cls, name: str, label: str, sentence: str, formula: str = "", source: str = ""
    ) -> Description:
        """Return the Description of the part that has these settings."""
        return Description(name, label, sentence, formula, source, tuple(cls.PARAMETERS.values()))

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values."""
        return type(self)(**(vars(self) | changes))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read values by name, as JSON has them; None means the default.

        Raises
        ------
        SettingsError
            ``setting-unknown``: no setting has that name; the remedy suggests the nearest.
            ``settings-conflict``: a setting is given under two names. ``setting-type``: it is no mapping.

        Examples
        --------
        >>> DecodingConfig.from_dict({"temperature": 0.8, "top_p": 0.9}).top_p
        0.9
        """
        if not isinstance(values, Mapping):
            raise SettingsError(
                "The settings must be an object that gives each one a value.", code="setting-type"
            )
        known: dict[str, Any] = {}
        for given, value in values.items():
            name = cls.ALIASES.get(given, given)
            if name not in cls.PARAMETERS:
                raise _unknown(given, cls.PARAMETERS)
            if name in known:
                raise SettingsError(
                    f"{given!r} and {name!r} are the same setting, but both are given.",
                    code="settings-conflict",
                    param=given,
                )
            if value is not None:
                known[name] = value
        return cls(**known)

    def to_dict(self) -> dict[str, Any]:
        """Return the values that differ from the defaults, as JSON has them."""
        return {name: _to_json(value) for name, value in self._changes().items()}

    def _changes(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if v != self.PARAMETERS[k].default}


def _to_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _unknown(name: str, known: Mapping[str, Parameter]) -> SettingsError:
    import difflib  # large, and only needed here

    near = difflib.get_close_matches(str(name)[:100], known, 1)
    return SettingsError(
        f"There is no setting named {str(name)!r}.",
        code="setting-unknown",
        param=str(name),
        remedy=f"Did you mean {near[0]!r}?" if near else "See the reference for the names of settings.",
    )


def check(parameter: Parameter, value: Any) -> Any:
    """Return a value in its canonical type.

    Raises
    ------
    SettingsError
        ``setting-range`` or ``setting-type``: the value is not allowed.
    """
    kind = parameter.kind
    if kind in ("texts", "tokens"):
        return _check_list(parameter, value)
    if kind == "biases":
        return _check_biases(parameter, value)
    if kind == "boolean" and not isinstance(value, bool):
        raise _wrong_type(parameter, value, "true or false")
    if kind == "text" and not isinstance(value, str):
        raise _wrong_type(parameter, value, "text")
    if kind == "choice" and value not in parameter.choices:
        raise _wrong_type(parameter, value, "one of " + ", ".join(parameter.choices))
    if kind not in ("number", "integer") or (value is None and parameter.default is None):
        return value
    return _check_number(parameter, value)


def _check_number(parameter: Parameter, value: Any) -> float | int:
    whole = parameter.kind == "integer"
    if isinstance(value, bool) or not isinstance(value, int | float) or (whole and value != value // 1):
        raise _wrong_type(parameter, value, "a whole number" if whole else "a number")
    low, high = parameter.minimum, parameter.maximum
    finite = abs(value) <= sys.float_info.max  # for a whole number that no float can be, `isfinite` fails
    if not ((low is None or value >= low) and (high is None or value <= high) and finite):
        raise SettingsError(
            f"{parameter.name} is {str(value)[:40]}, but must be between {low} and {high}.",
            code="setting-range",
            remedy=parameter.sentence,
            param=parameter.name,
        )
    return int(value) if whole else float(value)


def _check_list(parameter: Parameter, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) and parameter.kind == "texts":
        value = [value]
    wanted: type = str if parameter.kind == "texts" else int
    if not isinstance(value, list | tuple) or not all(type(item) is wanted for item in value):
        raise _wrong_type(parameter, value, f"a list of {'texts' if wanted is str else 'token ids'}")
    if "" in value:
        raise _wrong_type(parameter, value, "a list of texts, none of them empty")
    return tuple(dict.fromkeys(value))


def _check_biases(parameter: Parameter, value: Any) -> dict[int, float]:
    try:
        biases = {int(token): float(bias) for token, bias in value.items()}
    except (AttributeError, OverflowError, TypeError, ValueError):
        raise _wrong_type(parameter, value, "a table from token id to number") from None
    if not all(abs(bias) <= MOST_BIAS or bias == -math.inf for bias in biases.values()):
        raise _wrong_type(parameter, value, f"a table of numbers from -{MOST_BIAS:,} to {MOST_BIAS:,}")
    return biases


def _wrong_type(parameter: Parameter, value: Any, wanted: str) -> SettingsError:
    return SettingsError(
        f"{parameter.name} is {str(value)[:60]!r}, but must be {wanted}.",
        code="setting-type",
        remedy=parameter.sentence,
        param=parameter.name,
    )
