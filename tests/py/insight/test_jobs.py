"""The jobs find the token that a page means, and cross to JavaScript as plain values."""

from typing import Any

import numpy as np
import pytest

from goosequill.browser.jobs import Job, find
from goosequill.errors import SettingsError
from goosequill.insight.attribution import attribute
from goosequill.insight.lens import logit_lens
from tests.py.insight.models import BYTE, small_model
from tests.py.refusals import refused

PROMPT, WRITTEN = "The cat sat", list(b" on a mat")
MODEL = small_model("7")


def run(name: str, **arguments: Any) -> tuple[list[dict[str, Any]], Any]:
    job = Job(
        find(name),
        {"prompt": PROMPT, "written": WRITTEN, **arguments},
        resources={"model": MODEL, "tokenizer": BYTE, "memory": None},
    )
    steps = [job.step()]
    while "end" not in steps[-1]:
        steps.append(job.step())
    return steps[:-1], steps[-1]["end"]


@pytest.mark.parametrize("index", [-3, 0, 5])
def test_a_token_is_counted_from_the_end_of_the_prompt(index: int) -> None:
    text = PROMPT + bytes(WRITTEN).decode()
    position = len(PROMPT) + index
    steps, found = run("attribute", index=index)
    assert found["position"] == position and found["text"] == text[position]
    expected = attribute(MODEL, BYTE, text, position)
    parts = [step["part"] for step in steps if "part" in step]
    assert [part["bits"] for part in reversed(parts)] == [word.bits for word in expected.words]
    assert found["words"] == list(reversed(parts))
    assert set(parts[0]) == {"start", "end", "text", "bits", "logprob", "instead"}
    lens = run("logit_lens", index=index)[1]
    expected_lens = logit_lens(MODEL, BYTE, text, position)
    assert lens["position"] == position
    assert [layer["logprob"] for layer in lens["layers"]] == [layer.logprob for layer in expected_lens.layers]


@pytest.mark.parametrize("index", [None, -2, 3])
def test_a_state_is_that_after_the_token(index: int | None) -> None:
    found = run("view_state", index=index, layer=1, head=1)[1]
    assert found["tokens"] == len(PROMPT) + (len(WRITTEN) if index is None else index + 1)
    assert found["memory"]["shape"] == [64, 64] and found["memory"]["dtype"] == "float32"
    assert np.isfinite(found["half_lives"]["data"]).all()


@pytest.mark.parametrize("index", [-12, -99, 9])
@pytest.mark.parametrize("name", ["attribute", "logit_lens"])
def test_a_token_without_a_prediction_is_refused(name: str, index: int) -> None:
    with refused(SettingsError, "token-index"):
        run(name, index=index)


def test_a_cancelled_attribution_keeps_the_words_so_far() -> None:
    job = Job(
        find("attribute"),
        {"prompt": PROMPT, "written": WRITTEN, "index": 8},
        resources={"model": MODEL, "tokenizer": BYTE, "memory": None},
    )
    parts = 0
    while parts < 2:
        parts += "part" in job.step()
    job.cancel()
    assert job.step() == {"aborted": True}
