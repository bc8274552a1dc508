"""The recordings are what the default model generates, with the probabilities that the engine explains."""

import json
from typing import Any

import pytest
from scripts import recordings

from goosequill.decoding.explain import explain

SHORT = 6


def read(style: recordings.Style) -> dict[str, Any]:
    file = recordings.FOLDER / f"{style.name}.json"
    return dict(json.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_a_recording_is_what_the_model_generates(loaded: Any, temperature: float) -> None:
    """Run scripts/recordings.py again if the default model has changed."""
    file = read(recordings.STYLES[0])
    (run,) = (run for run in file["runs"] if run["temperature"] == temperature)
    steps = recordings.record_run(loaded, file["tag"] + file["prompt"], temperature, file["seed"], SHORT)
    for (text, chosen, candidates), (kept, index, others) in zip(steps, run["steps"], strict=False):
        assert (text, candidates[chosen][0]) == (kept, others[index][0])
        shares, wanted = ({word: each for word, *each in rows} for rows in (candidates, others))
        both = shares.keys() & wanted.keys()
        assert len(both) >= recordings.SHOWN - 1
        for word in both:  # another processor may round an input the other way
            assert shares[word] == pytest.approx(wanted[word], abs=20)


def test_its_probabilities_are_those_of_the_engines_explanation(loaded: Any) -> None:
    file = read(recordings.STYLES[1])
    run = file["runs"][3]
    prompt = file["tag"] + file["prompt"]
    text, chosen, candidates = run["steps"][0]
    (token,) = loaded.tokenizer.encode(text)
    settings = {"temperature": run["temperature"], "seed": file["seed"]}
    found = explain(loaded.model, loaded.tokenizer, prompt, [token], 0, settings)
    wanted = {one["text"]: one["probabilities"] for one in found["candidates"]}
    assert candidates[chosen][0] == text
    for name, model, decoder in candidates:
        assert [model, decoder] == pytest.approx([1000 * wanted[name][0], 1000 * wanted[name][-1]], abs=0.6)


def test_there_is_a_file_for_each_style_of_the_page_and_no_other(loaded: Any) -> None:
    assert {path.stem for path in recordings.FOLDER.glob("*")} == {style.name for style in recordings.STYLES}
    tags = {one["name"]: one["tag"] for one in loaded.description["registers"]}
    for style in recordings.STYLES:
        file = read(style)
        assert (file["prompt"], file["tag"]) == (style.prompt, tags[style.name])
        assert [run["temperature"] for run in file["runs"]] == list(recordings.TEMPERATURES)
