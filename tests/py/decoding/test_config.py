"""Settings: types, ranges, names, conflicts, and the descriptions from which everything else is made."""

import json
import math
from typing import Any

import numpy as np
import pytest

from goosequill.decoding import PARAMETERS, PRESETS, DecodingConfig, describe, describe_presets, generate
from goosequill.decoding.config import truncating
from goosequill.decoding.processor import StepSettings
from goosequill.decoding.steps import STEPS
from goosequill.decoding.steps.temperature import Temperature
from goosequill.decoding.steps.truncators import Truncator, Xtc
from goosequill.errors import GoosequillError, SettingsError
from goosequill.kernels import KERNELS, Shortlist, load_kernel
from goosequill.parameters import neutral_setting, setting
from goosequill.tokenizers import load_tokenizer
from tests.py.refusals import refused

from .fakes import BYTE, FakeModel


def test_every_setting_is_part_of_the_configuration_in_the_order_of_the_reference() -> None:
    assert [p["name"] for part in describe() for p in part["parameters"]] == list(PARAMETERS)
    config = DecodingConfig()
    for name, parameter in PARAMETERS.items():
        assert getattr(config, name) == parameter.default, name


def test_every_step_acts_in_the_order_of_the_list() -> None:
    names = [step.description.name for step in STEPS]
    assert names == [part["name"] for part in describe()][2:-2]
    assert names[0] == "guidance" and names[-1] == "mirostat"


def test_replace_checks_the_new_values() -> None:
    config = DecodingConfig(top_p=0.9)
    assert config.replace(seed=3) == DecodingConfig(top_p=0.9, seed=3)
    with pytest.raises(SettingsError, match="top_p"):
        config.replace(top_p=2.0)
    with pytest.raises(SettingsError, match="mirostat"):
        config.replace(mirostat=2)


def test_defaults_are_neutral() -> None:
    for name, parameter in PARAMETERS.items():
        if parameter.neutral is not None:
            assert parameter.default == parameter.neutral, name


def test_description_is_plain_data_and_complete() -> None:
    parts = json.loads(json.dumps(describe()))
    assert len({part["name"] for part in parts}) == len(parts)
    for part in parts:
        assert part["label"] and part["sentence"].endswith(".")
        assert part["formula"]
        for parameter in part["parameters"]:
            assert parameter["label"] and parameter["sentence"].endswith(".")
            if parameter["kind"] in ("number", "integer"):
                assert parameter["minimum"] < parameter["maximum"]
                assert parameter["step"] > 0


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid(name: str) -> None:
    config = DecodingConfig.from_dict(PRESETS[name])
    assert DecodingConfig.from_dict(config.to_dict()) == config


def test_presets_are_described() -> None:
    assert [preset["name"] for preset in describe_presets()] == list(PRESETS)
    assert all(preset["title"] and preset["source"].endswith(".") for preset in describe_presets())


def test_settings_round_trip_through_json() -> None:
    config = DecodingConfig(seed=3, stop=("a", "b"), logit_bias={5: -1.5}, top_p=0.5, banned_tokens=(1,))
    assert DecodingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_aliases_and_single_stop_text() -> None:
    config = DecodingConfig.from_dict({"max_tokens": 5, "stop": "\n", "seed": None})
    assert (config.max_new_tokens, config.stop, config.seed) == (5, ("\n",), None)


def test_whole_numbers_may_come_as_floats() -> None:
    config = DecodingConfig.from_dict({"top_k": 40.0, "temperature": 1})
    assert isinstance(config.top_k, int)
    assert isinstance(config.temperature, float)


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"temperature": -0.1}, "setting-range"),
    ({"temperature": float("nan")}, "setting-range"),
    ({"temperature": float("inf")}, "setting-range"),
    ({"temperature": "hot"}, "setting-type"),
    ({"temperature": True}, "setting-type"),
    ({"top_k": 1.5}, "setting-type"),
    ({"top_k": -1}, "setting-range"),
    ({"top_p": 1.01}, "setting-range"),
    ({"min_p": -0.01}, "setting-range"),
    ({"repetition_penalty": 0}, "setting-range"),
    ({"max_new_tokens": -1}, "setting-range"),
    ({"seed": -1}, "setting-range"),
    ({"stop": [""]}, "setting-type"),
    ({"stop": 3}, "setting-type"),
    ({"stop_tokens": ["a"]}, "setting-type"),
    ({"stop_tokens": [True]}, "setting-type"),
    ({"logit_bias": [1]}, "setting-type"),
    ({"logit_bias": {"a": 1}}, "setting-type"),
    ({"logit_bias": {1: float("inf")}}, "setting-type"),
    ({"ignore_end": 1}, "setting-type"),
    ({"penalty_scope": "prompt"}, "setting-type"),
    ({"max_tokens": 3, "max_new_tokens": 3}, "settings-conflict"),
    ({"__proto__": {}}, "setting-unknown"),
]


@pytest.mark.parametrize(("settings", "code"), INVALID, ids=str)
def test_invalid_setting_is_refused(settings: dict[str, Any], code: str) -> None:
    with refused(SettingsError, code):
        DecodingConfig.from_dict(settings)


def test_unknown_setting_suggests_the_nearest() -> None:
    with pytest.raises(SettingsError) as caught:
        DecodingConfig.from_dict({"temperture": 1})
    assert "temperature" in caught.value.remedy


CONFLICTS: list[tuple[dict[str, Any], str, str]] = [
    ({"mirostat": 2, "top_k": 40}, "mirostat", "top_k"),
    ({"mirostat": 1, "min_p": 0.1}, "mirostat", "min_p"),
    ({"mirostat": 2, "temperature": 0}, "mirostat", "temperature"),
    ({"temperature": 0, "dynatemp_range": 0.5}, "temperature", "dynatemp_range"),
    ({"banned_tokens": [3], "stop_tokens": [3]}, "banned_tokens", "stop_tokens"),
]


@pytest.mark.parametrize(("settings", "first", "second"), CONFLICTS, ids=str)
def test_conflict_names_both_settings(settings: dict[str, Any], first: str, second: str) -> None:
    with refused(SettingsError, "settings-conflict") as caught:
        DecodingConfig.from_dict(settings)
    assert first in str(caught.value)
    assert second in str(caught.value)


def test_a_truncating_step_may_have_its_switch_anywhere_and_several() -> None:
    """Only the first setting of a step was known, even one that is never neutral."""

    class Both(Truncator):
        class Settings(StepSettings):
            window: int = setting("How many tokens count.", default=8, range=(1, 64))
            above: float = neutral_setting("The most; 1 is off.", default=1.0, range=(0.0, 1.0))
            below: float = neutral_setting("The least; 0 is off.", default=0.0, range=(0.0, 1.0))

        description = Settings.describe("both", "Both", "Removes both.", "keep i", "nobody")

    assert truncating([Both, Temperature, Xtc]) == ["above", "below", "xtc_probability"]


@pytest.mark.parametrize(
    ("settings", "shortlist"),
    [
        ({}, None),
        ({"temperature": 0}, Shortlist()),
        ({"temperature": 0, "top_p": 0.9}, Shortlist()),
        ({"temperature": 0, "top_k": 40}, Shortlist()),
        ({"temperature": 0, "typical_p": 0.9}, None),
        ({"temperature": 0, "xtc_probability": 0.5}, None),
        ({"top_k": 40}, Shortlist(40)),
        ({"top_k": 40, "top_p": 0.9, "typical_p": 0.9, "min_p": 0.1}, Shortlist(40)),
        ({"top_k": 40, "banned_tokens": [1, 2], "ignore_end": True}, Shortlist(43)),
        ({"top_k": 40, "stop_tokens": [1, 2]}, Shortlist(40)),
        ({"top_k": 40, "stop_tokens": [1, 2], "min_new_tokens": 9}, Shortlist(43)),
        ({"top_k": 256}, Shortlist(256)),
        ({"top_k": 257}, None),
        ({"top_k": 40, "top_n_sigma": 1.0}, None),
        ({"top_k": 4, "penalty_alpha": 0.6}, None),
        ({"top_p": 0.9}, None),
        ({"min_p": 0.05}, Shortlist(gap=math.log(20))),
        ({"min_p": 0.05, "temperature": 2.0, "temperature_first": True}, Shortlist(gap=2 * math.log(20))),
        ({"min_p": 0.05, "top_p": 0.9}, None),
        ({"min_p": 0.05, "typical_p": 0.9}, None),
        ({"min_p": 0.001}, None),
        ({"typical_p": 0.9}, None),
        ({"mirostat": 2}, None),
        ({"top_k": 40, "regex": "a+"}, None),
        ({"top_k": 40, "choices": ["yes", "no"]}, None),
        ({"temperature": 0, "json_schema": True}, None),
        ({"temperature": 0, "logit_bias": {5: 1.0}}, None),
        ({"top_k": 40, "guidance_scale": 1.5}, None),
        ({"num_beams": 3}, None),
        ({"temperature": 0, "logprobs": 5}, None),
        ({"temperature": 0, "frequency_penalty": 0.5}, None),
        ({"temperature": 0, "repetition_penalty": 1.1}, None),
        ({"top_k": 40, "presence_penalty": -1.0}, None),
        ({"top_k": 40, "dry_multiplier": 0.8}, None),
        ({"top_k": 40, "no_repeat_ngram_size": 3}, None),
    ],
)
def test_logits_must_be_exact_unless_the_highest_are_enough(
    settings: dict[str, Any], shortlist: Shortlist | None
) -> None:
    found = DecodingConfig(**settings).shortlist
    assert (found and found.count) == (shortlist and shortlist.count)
    assert found is None or shortlist is None or found.gap == pytest.approx(shortlist.gap)


@pytest.mark.parametrize("bias", [1e38, -1e38, 1e6 + 1, math.inf, math.nan, 10**400, "x"])
def test_a_bias_near_the_limit_of_float32_is_refused(bias: float) -> None:
    with pytest.raises(SettingsError, match="logit_bias"):
        DecodingConfig(logit_bias={1: bias})


@pytest.mark.parametrize("value", [10**400, -(10**400), math.inf, -math.inf, math.nan, True, "1"])
def test_a_number_beyond_floats_is_refused_like_any_other(value: float) -> None:
    for name in ("temperature", "max_new_tokens", "seed"):
        with pytest.raises(SettingsError, match=name):
            DecodingConfig.from_dict({name: value})


@pytest.mark.parametrize("settings", [[1], "temperature", 5])
def test_settings_that_are_no_object_are_refused(settings: Any) -> None:
    with pytest.raises(SettingsError):
        DecodingConfig.from_dict(settings)


WORLD = load_tokenizer("world")
FULL_STRENGTH = (
    {},
    {"logit_bias": {0: 1_000_000, 1: -1_000_000}, "top_p": 0.9},
    {"repetition_penalty": 0.1, "presence_penalty": -10, "top_k": 5},
    {"repetition_penalty": 10.0, "frequency_penalty": 10, "min_p": 0.1},
    {"dry_multiplier": 100.0, "dry_base": 10.0, "temperature": 0},
    {"temperature": 100.0, "temperature_first": True, "typical_p": 0.5},
    {"guidance_scale": 20.0},
    {"num_beams": 3},
)


@pytest.mark.parametrize("settings", FULL_STRENGTH, ids=str)
@pytest.mark.parametrize("high", [9e29, -9e29])
@pytest.mark.parametrize("kernel", KERNELS)
def test_scores_near_the_limit_of_float32_still_give_a_text(
    settings: dict[str, Any], high: float, kernel: str
) -> None:
    logits = np.linspace(-3.4e38, high, WORLD.vocab_size, dtype=np.float32)
    model = FakeModel(lambda tokens: logits, WORLD.vocab_size)
    model.kernel = load_kernel(kernel)
    config = DecodingConfig.from_dict({"max_new_tokens": 4, "seed": 1, **settings})
    with np.errstate(all="ignore"):
        items = list(generate(model, WORLD, "ab", config))
    assert items[-1].usage["completion_tokens"] <= 4  # type: ignore[union-attr]


@pytest.mark.parametrize("high", [2e30, 3.4e38, math.inf, math.nan, -3.4e38])
def test_scores_beyond_what_any_model_computes_are_refused(high: float) -> None:
    model = FakeModel(lambda tokens: np.full(256, high, np.float32))
    with refused(GoosequillError, "model-nan", match="not finite, or too large"):
        list(generate(model, BYTE, "ab", DecodingConfig(max_new_tokens=2)))
