"""Recognizing scribbles: the samples, drawings from outside, one's own templates, hostile data."""

import json
from pathlib import Path

import numpy as np
import pytest
from scripts.lab_data import handwriting_study

from goosequill.errors import SettingsError
from goosequill.lab import elastic, experiments, handwriting
from goosequill.lab.handwriting import ALPHABETS, FILE, STUDY, WRITERS, Settings
from goosequill.lab.strokes import POINTS, Strokes, orders, sequence
from goosequill.support.progress import finish
from tests.py.lab.in_the_page import at_once
from tests.py.tiers import tiers

FILES = {name: (experiments.DATA / name).read_bytes() for name in (FILE, STUDY, WRITERS)}
PEOPLE = handwriting.writers(FILES[WRITERS])
SMALL = ALPHABETS["small"]


def run(settings: dict | None = None, **data) -> dict:
    return finish(handwriting.compute(Settings(**(settings or {})), files=FILES, **data))


def answer(settings: dict | None = None, **data) -> dict:
    """The first partial result: everything but the comparison of methods."""
    generator = handwriting.compute(Settings(**(settings or {})), files=FILES, **data)
    return next(part for part in generator if isinstance(part, dict))


def scribble(text: str, **settings) -> list:
    return [stroke.tolist() for stroke in handwriting.written(FILES, Settings(text=text, **settings))]


def same(one: Strokes, other: Strokes) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def plain(result: dict) -> dict:
    return json.loads(json.dumps(result, default=lambda array: array.tolist()))


@pytest.mark.parametrize("seed", range(3))
def test_a_page_matches_the_letters_alike_with_another_band(seed: int) -> None:
    asked = vars(Settings(text="rwkv", seed=seed, alphabet="small"))
    before = plain(answer(asked)) | {"settings": asked}
    bands = (0, 1, 5, 7, 16)
    given = [{"settings": {**asked, "band": band}, "own": None, "data": before} for band in bands]
    exact = features(asked)
    for band, found in zip(bands, at_once("handwriting", given), strict=True):
        assert not found["isWhole"]  # other templates may be nearer then
        for (one, other), letter in zip(exact, found["data"]["letters"], strict=True):
            (wanted,), _ = elastic.distances(one[:, :, None], other[:, :, None], band=band)
            assert letter["choices"][0]["distance"] == pytest.approx(wanted / POINTS, abs=1e-4)
            i, j = np.transpose(letter["path"])
            steps = np.diff(letter["path"], axis=0)
            assert (abs(i - j) <= band).all() and set(map(tuple, steps)) <= {(1, 1), (1, 0), (0, 1)}
            assert (i[0], j[0], i[-1], j[-1]) == (0, 0, POINTS - 1, POINTS - 1)
            cost = np.square(one[:, i] - other[:, j]).sum()
            assert cost == pytest.approx(wanted, rel=2e-3)  # three digits of a coordinate are kept


def features(asked: dict) -> list[tuple[np.ndarray, np.ndarray]]:
    """The unrounded sequences of each letter of the sample and of its best template."""
    settings = Settings(**asked)
    templates, bank = handwriting.templates_of(FILES, settings)
    drawn = handwriting.written(FILES, settings)
    groups, _ = handwriting.divide(bank, drawn)
    queries = np.stack([sequence(drawn[start:end]) for start, end in groups], axis=-1)
    best = [chosen[0][0] for chosen in finish(handwriting.ranked(bank, templates, queries))]
    return [(queries[:, :, at], bank.sequences[:, :, index]) for at, index in enumerate(best)]


def test_a_page_leaves_other_scribbles_and_settings_to_python() -> None:
    asked = vars(Settings())
    before = plain(answer()) | {"settings": asked}
    given = [
        {"settings": {**asked, "band": 3, "seed": 2}, "own": None, "data": before},
        {"settings": {**asked, "band": 3}, "own": {"strokes": []}, "data": before},
        {"settings": asked, "own": None, "data": before},
    ]
    assert at_once("handwriting", given) == [None] * 3


def test_the_fonts_have_every_letter() -> None:
    faces = handwriting.letters(FILES[FILE])
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


def test_a_persons_letters_are_read_by_those_of_others() -> None:
    settings = {"text": "Quiz", "face": "person", "writer": 3, "templates": "people", "alphabet": "small"}
    found = answer(settings)
    assert found["text"] == "quiz" and found["study"] == json.loads(FILES[STUDY])
    faces = {choice["face"] for letter in found["letters"] for choice in letter["choices"]}
    assert "writer 3" not in faces and all(face.startswith("writer ") for face in faces)
    drawn = [stroke.tolist() for stroke in PEOPLE[2]["q"]]
    best = answer(settings, strokes=drawn)["letters"][0]["choices"][0]
    assert best == {"label": "q", "face": "writer 3", "distance": 0}


def test_people_have_written_small_letters_only() -> None:
    templates, bank = handwriting.templates_of(FILES, Settings(alphabet="all", templates="people"))
    assert bank.size == len(templates) and {label for label, _ in templates} == set(ALPHABETS["all"])
    assert all(label.islower() == face.startswith("writer ") for label, face in templates)
    assert handwriting.files(Settings()) == (FILE, STUDY)
    for chosen in ({"face": "person"}, {"templates": "people"}):
        assert WRITERS in handwriting.files(Settings(**chosen))


@pytest.mark.rest
def test_the_study_counts_what_is_read_now() -> None:
    recorded = json.loads(FILES[STUDY])
    for number in range(5):
        for of, found in (
            ("people", handwriting_study.of_people(number)),
            ("samples", handwriting_study.of_samples(recorded["first_seed"] + number)),
        ):
            assert set(found) == set(recorded[of]) - {"network"}
            for name, (first, five) in found.items():
                each = recorded[of][name]
                assert (first, five) == (each["first"]["right"][number], each["five"]["right"][number]), name


def test_the_studys_intervals_are_students() -> None:
    recorded = json.loads(FILES[STUDY])
    for each in [*recorded["people"].values(), *recorded["samples"].values()]:
        for share in each.values():
            shares = np.array(share["right"]) / share["letters"]
            assert len(shares) == recorded["seeds"] == 20 and shares.max() <= 1
            half = 2.093024054 * shares.std(ddof=1) / np.sqrt(20)  # the 97.5% quantile of 19 degrees
            assert (share["mean"], share["half_width"]) == pytest.approx((shares.mean(), half), abs=6e-5)


@pytest.mark.parametrize("band", [6, 0])
def test_a_writers_letters_are_read_as_by_plain_elastic_matching(band: int) -> None:
    """Each distance by Sakoe and Chiba's recursion, of all orders of all letters of the other writers."""
    written = [(label, PEOPLE[6][label]) for label in "agrz"]
    others = [
        (label, sequence(order))
        for number, each in enumerate(PEOPLE)
        if number != 6
        for label, strokes in each.items()
        for order in orders(strokes)
    ]
    every = np.stack([each for _, each in others], axis=-1)
    right = 0
    for label, strokes in written:
        query = sequence(strokes)
        sums = np.full((65, 65, len(others)), np.inf)
        sums[0, 0] = 0
        for i in range(64):
            for j in range(max(0, i - band), min(64, i + band + 1)):
                cost = ((query[:, i, None] - every[:, j]) ** 2).sum(axis=0)
                sums[i + 1, j + 1] = cost + np.minimum(np.minimum(sums[i, j], sums[i, j + 1]), sums[i + 1, j])
        right += others[int(sums[-1, -1].argmin())][0] == label
    found = handwriting_study.matched(written, templates="people", left_out=6, band=band)
    assert found[0] == right


def test_points_with_a_time_and_a_single_dot_are_taken() -> None:
    assert answer({}, strokes=[[[0, 0, 5.0], [0, 3, 9.0]]])["text"]
    assert np.isfinite(answer({}, strokes=[[[2, 2]]])["letters"][0]["choices"][0]["distance"])


@pytest.mark.parametrize(
    ("text", "face"), [*((text, "plain") for text in ("", "123456789", "a b", "é", "<b>")), ("a1", "person")]
)
def test_a_sample_that_cannot_be_written_is_refused(text: str, face: str) -> None:
    with pytest.raises(SettingsError) as caught:
        answer({"text": text, "face": face})
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
    templates, bank = handwriting.templates_of(FILES, chosen)
    assert bank.size == 1702
    strokes = [handwriting._few(stroke) for stroke in handwriting.written(FILES, chosen)]
    groups, _ = handwriting.divide(bank, strokes)
    found = elastic.nearest(bank, handwriting._sequences(strokes, groups))
    total = sum(int(each.sum()) for each in found.comparisons.values())
    assert "".join(templates[index][0] for index in found.index) == text
    assert round(total, -3) == comparisons
    assert round(len(groups) * bank.size * elastic.cells(64, chosen.band) / total) == factor
