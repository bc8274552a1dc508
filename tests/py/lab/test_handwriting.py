"""Recognizing scribbles: the samples, drawings from outside, one's own templates, hostile data."""

from pathlib import Path

import numpy as np
import pytest

from goosequill.errors import SettingsError
from goosequill.lab import elastic, experiments, handwriting
from goosequill.lab.handwriting import ALPHABETS, FILE, Settings
from goosequill.lab.strokes import Strokes
from goosequill.support.progress import finish
from tests.py.tiers import tiers

BYTES = (experiments.DATA / FILE).read_bytes()


def run(settings: dict | None = None, **data) -> dict:
    return finish(handwriting.compute(Settings(**(settings or {})), files={FILE: BYTES}, **data))


def answer(settings: dict | None = None, **data) -> dict:
    """The first partial result: everything but the comparison of methods."""
    generator = handwriting.compute(Settings(**(settings or {})), files={FILE: BYTES}, **data)
    return next(part for part in generator if isinstance(part, dict))


def scribble(text: str, **settings) -> list:
    return [stroke.tolist() for stroke in handwriting.written(BYTES, Settings(text=text, **settings))]


def same(one: Strokes, other: Strokes) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def test_the_fonts_have_every_letter() -> None:
    faces = handwriting.letters(BYTES)
    assert list(faces) == ["plain", "cursive"]
    alike = [label for label, strokes in faces["plain"].items() if same(strokes, faces["cursive"][label])]
    assert alike == list("0123456789"), "a face is another one under a second name"
    for each in faces.values():
        assert set(each) == set(ALPHABETS["all"])
        assert all(stroke.shape[1] == 2 for strokes in each.values() for stroke in strokes)


def test_the_default_sample_is_read_and_the_methods_agree() -> None:
    found = run()
    assert found["text"] == "Goose" and len(found["letters"]) == 5
    assert [row["method"] for row in found["methods"]] == list(elastic.METHODS)
    for row in found["methods"]:
        assert np.array_equal(row["index"], found["methods"][0]["index"])
        assert np.array_equal(row["distance"], found["methods"][0]["distance"])
        assert row["total"] == sum(row["comparisons"].values())
    assert found["methods"][0]["total"] == 5 * found["templates"] * found["comparisons"]
    assert found["methods"][0]["factor"] == 1 and found["methods"][-1]["factor"] > 100


@tiers("words", 2, 6)
@pytest.mark.parametrize(("face", "alphabet"), [("plain", "capitals"), ("cursive", "small")])
def test_unsteady_words_are_divided_and_read(face: str, alphabet: str, words: int) -> None:
    right = 0
    rng = np.random.default_rng(0)
    for seed in range(words):
        text = "".join(rng.choice(list(ALPHABETS[alphabet]), 4))
        right += (
            answer({"text": text, "face": face, "alphabet": alphabet, "wobble": 0.4, "seed": seed})["text"]
            == text
        )
    assert right >= words - 1


def test_a_drawing_is_read_in_any_order_and_direction_of_its_strokes() -> None:
    strokes = scribble("A", wobble=0)
    turned = [strokes[2], strokes[0][::-1], strokes[1]]
    found = answer({"alphabet": "capitals"}, strokes=turned)
    assert found["text"] == "A" and found["letters"][0]["strokes"] == [0, 3]
    assert found["letters"][0]["choices"][0]["distance"] == pytest.approx(0, abs=1e-3)


def test_choices_are_of_different_labels_and_in_order() -> None:
    choices = answer({"text": "R", "alphabet": "capitals"})["letters"][0]["choices"]
    assert len({each["label"] for each in choices}) == len(choices) == 5
    distances = [each["distance"] for each in choices]
    assert distances == sorted(distances)


def test_own_samples_are_found() -> None:
    zigzag = [[[0, 0], [1, 1], [0, 1], [1, 0], [0.5, 2]]]
    before = answer({"alphabet": "digits"}, strokes=zigzag)
    assert before["letters"][0]["choices"][0]["face"] != "yours"
    found = answer({"alphabet": "digits"}, strokes=zigzag, samples=[{"label": "7", "strokes": zigzag}])
    assert found["text"] == "7"
    assert found["letters"][0]["choices"][0] == {"label": "7", "face": "yours", "distance": 0}


def test_points_with_a_time_and_a_single_dot_are_taken() -> None:
    assert answer({}, strokes=[[[0, 0, 5.0], [0, 3, 9.0]]])["text"]
    assert np.isfinite(answer({}, strokes=[[[2, 2]]])["letters"][0]["choices"][0]["distance"])


@pytest.mark.parametrize("text", ["", "123456789", "a b", "é", "<b>"])
def test_a_sample_that_cannot_be_written_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        answer({"text": text})
    assert caught.value.code == "setting-range"


@pytest.mark.parametrize(
    "strokes",
    [
        [],
        [[]],
        [[[0, 0]]] * 25,
        [[[0, 0]] * 20_001],
        [[[0, float("nan")]]],
        [[[0, float("inf")]]],
        [[[0, 1e300]]],
        [[[0]]],
        [["ab"]],
        [[None]],
        "text",
        5,
        [[{"x": 0}]],
    ],
)
def test_a_drawing_that_is_none_is_refused(strokes) -> None:
    with pytest.raises(SettingsError) as caught:
        answer({}, strokes=strokes)
    assert caught.value.code == "setting-range"


@pytest.mark.parametrize(
    "samples",
    [
        {},
        "A",
        [1],
        [{"label": "AB", "strokes": [[[0, 0]]]}],
        [{"label": "<", "strokes": [[[0, 0]]]}],
        [{"label": "A"}],
        [{"label": "A", "strokes": [[[0, 0]]] * 5}],
        [{"label": "A", "strokes": [[[0, 0]]]}] * 201,
    ],
)
def test_samples_that_are_not_valid_are_refused(samples) -> None:
    with pytest.raises(SettingsError) as caught:
        answer({}, strokes=[[[0, 0], [1, 1]]], samples=samples)
    assert caught.value.code == "setting-range"


def test_the_standalone_script_computes_what_the_module_does(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict = {"__name__": "script"}
    path = Path(__file__).resolve().parents[3] / "docs/lab/scripts/handwriting.py"
    exec(path.read_text(encoding="utf-8"), names)
    bank = elastic.Bank(np.moveaxis(names["templates"], 0, -1), names["BAND"], names["SEGMENTS"])
    query = names["query"][:, :, None]
    brute, fast = (elastic.nearest(bank, query, method=method) for method in ("brute", "coarse"))
    assert names["found"] == fast.index[0] == np.argmin(names["everything"])
    assert names["best"] == pytest.approx(fast.distance[0], rel=1e-12)
    assert names["compared"]["brute force"] == brute.comparisons["distance"][0]
    assert "brute force finds 1234, the bounds find 1234\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "text", "comparisons", "factor"),
    [
        ({}, "Goose", 39_000, 172),
        ({"text": "Quill"}, "Quill", 83_000, 81),
        ({"band": 0}, "Goose", 35_000, 15),
        ({"band": 16}, "Goose", 79_000, 198),
        ({"wobble": 1.0}, "aose", 124_000, 43),
    ],
)
def test_the_articles_numbers(settings: dict, text: str, comparisons: int, factor: int) -> None:
    chosen = Settings(**settings)
    templates, bank = handwriting.templates_of(BYTES, chosen)
    assert bank.size == 1702
    strokes = [handwriting._few(stroke) for stroke in handwriting.written(BYTES, chosen)]
    groups, _ = handwriting.divide(bank, strokes)
    found = elastic.nearest(bank, handwriting._sequences(strokes, groups))
    total = sum(int(each.sum()) for each in found.comparisons.values())
    assert "".join(templates[index][0] for index in found.index) == text
    assert round(total, -3) == comparisons
    assert round(len(groups) * bank.size * elastic.cells(64, chosen.band) / total) == factor
