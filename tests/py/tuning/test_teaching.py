"""The jobs of the page that teaches."""

from __future__ import annotations

from typing import Any

import pytest

from goosequill.browser.jobs import Job, find
from goosequill.errors import GoosequillError
from goosequill.loading.load import LoadedModel
from goosequill.support.resources import Divisible
from goosequill.tuning.adapter import read_adapter

SONG = "\n%\n".join(f"{n} geese, quoth he, be {n} geese." for n in range(8))


def job(loaded: LoadedModel, job: str, /, **arguments: Any) -> Job:
    model = {"model": loaded.model, "tokenizer": loaded.tokenizer, "description": loaded.description}
    return Job(find(job), arguments, resources=model)


def test_examples_are_described(loaded: LoadedModel) -> None:
    found = job(loaded, "describe_examples", examples=SONG).step()["end"]
    assert found == {"kind": "texts", "examples": 8, "tokens": found["tokens"]} and 80 < found["tokens"] < 160
    pairs = [{"prompt": "a", "chosen": "b", "rejected": "c"}] * 5
    assert job(loaded, "describe_examples", examples=pairs).step()["end"]["kind"] == "preferences"


def test_a_page_sees_every_step_and_how_the_model_writes(loaded: LoadedModel) -> None:
    settings = {"temperature": 0, "max_new_tokens": 8}
    teach = job(
        loaded,
        "teach",
        examples=SONG,
        steps=6,
        learning_rate=0.01,
        name="quoth",
        prompt="9",
        settings=settings,
    )
    parts = [teach.step()["part"] for _ in range(7)]
    end = teach.step()["end"]
    assert [part["step"] for part in parts] == [0, 1, 2, 3, 4, 5, 6]
    assert [bool(part["sample"]) for part in parts] == [True, False, False, False, False, True, True]
    assert parts[-1]["sample"] != parts[0]["sample"]
    assert parts[-1]["best"] < parts[0]["held_back"]
    adapter = read_adapter(end["data"])
    assert adapter.about.name == end["about"]["name"] == "quoth"


def test_a_gradient_for_threads_finds_the_same(loaded: LoadedModel) -> None:
    gradient = find("open_gradient")(loaded.model, threads=2).value
    matrices = loaded.model.kernel.matrices
    assert isinstance(gradient, Divisible) and gradient.kernel is not loaded.model.kernel
    assert len(gradient.kernel.matrices - matrices) == len(matrices)
    ends = []
    for more in ({}, {"gradient": gradient}):
        resources = {"model": loaded.model, "tokenizer": loaded.tokenizer, "description": {}, **more}
        arguments = {"examples": SONG, "steps": 2, "learning_rate": 0.01, "prompt": ""}
        teach = Job(find("teach"), arguments, resources=resources)
        ends.append([teach.step() for _ in range(4)][-1]["end"])
    assert ends[0]["data"] == ends[1]["data"]


def test_a_page_stops_at_any_step_and_keeps_the_best(loaded: LoadedModel) -> None:
    teach = job(loaded, "teach", examples=SONG)
    teach.step()
    teach.step()
    teach.cancel()
    assert teach.step()["end"]["about"]["recipe"]["steps"] == 0


def test_a_page_gets_what_was_held_back_and_its_beginning_is_watched(loaded: LoadedModel) -> None:
    messages = [
        {
            "messages": [
                {"role": "user", "content": f"Goose {n}?"},
                {"role": "assistant", "content": f"Yes, {n}."},
            ]
        }
        for n in range(10)
    ]
    watched = {
        "texts": (
            [{"text": f"{n} geese are more than no geese at all"} for n in range(10)],
            "geese are more than",
        ),
        "prompts": ([{"prompt": f"{n} geese", "completion": " fly"} for n in range(10)], " geese"),
        "conversations": (messages, "Goose "),
    }
    for kind, (examples, beginning) in watched.items():
        teach = job(loaded, "teach", examples=examples, steps=1, learning_rate=0.01)
        first = teach.step()["part"]
        assert beginning in first["prompt"], kind
        assert first["sample"], kind
        teach.cancel()
        held = teach.step()
        held = held["end"]["held_back"] if "end" in held else teach.step()["end"]["held_back"]
        assert len(held) == 2, kind
        whole = held[0]["prompt"] + held[0]["text"]
        assert whole.startswith(first["prompt"]), kind
        assert bool(held[0]["prompt"]) == (kind != "texts"), kind
    assert held[0]["prompt"].endswith("Assistant:") or held[0]["prompt"].strip().endswith(":")


def test_a_page_gets_at_most_forty_examples(loaded: LoadedModel) -> None:
    teach = job(
        loaded, "teach", examples=[f"{n} geese" for n in range(300)], prompt="", steps=1, learning_rate=0.01
    )
    assert teach.step()["part"]["sample"] == ""
    teach.cancel()
    assert len(teach.step()["end"]["held_back"]) == 40


def test_the_bytes_of_a_page_are_read_as_a_text_is(loaded: LoadedModel) -> None:
    found = [
        job(loaded, "describe_examples", examples=examples).step()["end"]
        for examples in (SONG, SONG.encode(), memoryview(SONG.encode()))
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("examples", ["", " \n", [], ["geese"], ["geese"] * 2])
def test_too_few_examples_are_refused_before_anything_is_written(loaded: LoadedModel, examples: Any) -> None:
    with pytest.raises(GoosequillError) as refused:
        job(loaded, "teach", examples=examples).step()
    assert refused.value.code in {"too-few-examples", "examples"}
