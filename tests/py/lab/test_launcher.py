"""Scribble to launch: the cascade equals the full search and a plain oracle, and the page equals Python."""

import itertools
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from goosequill.errors import SettingsError
from goosequill.lab import experiments, handwriting, launcher, launcher_search, segmentation
from goosequill.lab.launcher_search import BAND, LABELS, POINTS, Names, Search, Templates, spelled
from goosequill.lab.strokes import perturbed, sequence
from goosequill.support.progress import finish

ROOT = Path(__file__).resolve().parents[3]
FILES = {name: experiments.path_of(name).read_bytes() for name in launcher.files(launcher.Settings())}
PEOPLE = handwriting.writers(FILES[launcher.WRITERS])
LISTS = json.loads(FILES[launcher.NAMES])


def few_templates(writers: int = 3) -> list:
    return launcher.letters_of(FILES[launcher.FONTS], PEOPLE[:writers])


def elastic_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Sakoe and Chiba's recursion, cell by cell."""
    sums = np.full((POINTS + 1, POINTS + 1), np.inf)
    sums[0, 0] = 0
    for i, j in itertools.product(range(POINTS), repeat=2):
        if abs(i - j) <= BAND:
            cost = ((one[:, i] - other[:, j]) ** 2).sum()
            sums[i + 1, j + 1] = cost + min(sums[i, j], sums[i, j + 1], sums[i + 1, j])
    return float(sums[-1, -1])


def plain_score(name: str, strokes: list, letters: list) -> float:
    """The least cost of all divisions of the strokes and all increasing places in the name, tried in turn."""
    wanted, places, nearness = spelled(name), segmentation.spacing(strokes), {}
    for start, end in places:
        query = sequence(strokes[start:end], POINTS)
        for label, template in letters:
            found = elastic_distance(query, sequence(template, POINTS)) / POINTS
            key = (start, end, label)
            nearness[key] = min(found, nearness.get(key, np.inf))
    best = np.inf
    for count in range(1, len(strokes) + 1):
        for cuts in itertools.combinations(range(1, len(strokes)), count - 1):
            groups = list(itertools.pairwise((0, *cuts, len(strokes))))
            if not all(group in places for group in groups):
                continue
            for chosen in itertools.combinations(range(len(wanted)), count):
                total = 0.0
                for group, at, last in zip(groups, chosen, (-1, *chosen), strict=False):
                    letter, begins = wanted[at]
                    total += nearness.get((*group, letter), np.inf) + launcher_search.LETTER_PRICE
                    total += launcher_search.SPACING_PRICE * places[group]
                    if at != last + 1:
                        total += launcher_search.WORD_PRICE if begins else launcher_search.INSIDE_PRICE
                best = min(best, total)
    return best


def test_scores_are_those_of_trying_every_division_and_alignment() -> None:
    letters = [(label, PEOPLE[0][label]) for label in "abknt"]
    names = ["Bank", "tan", "at a bank", "K", "nabt", "zzz"]
    strokes = launcher.written(PEOPLE[1], "ak")
    search = Search(Templates(letters), Names(names))
    for stroke in strokes:
        found = search.add(stroke)
    expected = [plain_score(name, strokes, letters) for name in names]
    order = sorted((name for name in range(6) if np.isfinite(expected[name])), key=expected.__getitem__)
    assert found.order.tolist() == order and 5 not in order
    np.testing.assert_allclose(found.scores, [expected[name] for name in order], rtol=1e-12)


@pytest.mark.parametrize(("listed", "text", "writer"), [("apps", "map", 5), ("contacts", "js", 9)])
def test_the_cascade_finds_what_the_full_search_finds(listed: str, text: str, writer: int) -> None:
    templates, names = Templates(few_templates()), Names(LISTS[listed][:300])
    few, every = (Search(templates, names, method=method, kept=20) for method in ("cascade", "brute"))
    for stroke in launcher.written(PEOPLE[writer], text):
        found, expected = few.add(stroke), every.add(stroke)
        assert np.array_equal(found.order, expected.order) and np.array_equal(found.scores, expected.scores)
        assert found.best == expected.best
        assert expected.distances == expected.everything == found.everything
        assert found.comparisons < expected.comparisons


def test_a_bound_that_is_too_high_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = launcher_search.elastic.Bank
    right = bank.bound

    def wrong(self, *args):
        """What is near seems far."""
        bounds, cost = right(self, *args)
        return 1000 / (1e-3 + bounds), cost

    monkeypatch.setattr(bank, "bound", wrong)
    with pytest.raises(AssertionError):
        test_the_cascade_finds_what_the_full_search_finds("contacts", "js", 9)


def test_an_undone_stroke_leaves_nothing_behind() -> None:
    templates, names = Templates(few_templates(1)), Names(LISTS["apps"])
    search, other = Search(templates, names), Search(templates, names)
    first, second, third = launcher.written(PEOPLE[3], "clo")[:3]
    search.add(first)
    search.add(third)
    search.undo()
    other.add(first)
    found, expected = search.add(second), other.add(second)
    assert np.array_equal(found.order, expected.order) and np.array_equal(found.scores, expected.scores)


def ordered(names: list[int], scores: np.ndarray) -> list[tuple[float, int]]:
    return sorted(zip(np.round(scores, 9).tolist(), names, strict=True))


@pytest.mark.parametrize("full", [False, True])
def test_the_page_finds_what_python_finds(full: bool) -> None:
    letters, rng = few_templates(2), np.random.default_rng(0)
    names = [*LISTS["countries"][:120], "Straße 9", "Ærø", "…", ""]
    scribbles = [launcher.written(PEOPLE[7], "mau"), launcher.written(PEOPLE[3], "sk")]
    scribbles.append([*perturbed(PEOPLE[2]["e"], 1, rng), np.zeros((2, 2))])
    task = {
        "templates": [(label, [each.tolist() for each in strokes]) for label, strokes in letters],
        "names": names,
        "kept": 20,
        "full": full,
        "queries": [{"strokes": [each.tolist() for each in strokes]} for strokes in scribbles],
    }
    command = ["node", str(ROOT / "scripts/lab_data/launcher_search.js")]
    result = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, check=True)
    templates = Templates(letters)
    for strokes, answer in zip(scribbles, json.loads(result.stdout), strict=True):
        search = Search(templates, Names(names), kept=20)
        for stroke, shown in zip(strokes, answer["steps"], strict=True):
            found = search.add(stroke)
            np.testing.assert_allclose(shown["scores"], found.scores, rtol=1e-9)
            # Of names whose scores differ by rounding alone, each may be the first.
            assert ordered(shown["order"], shown["scores"]) == ordered(found.order.tolist(), found.scores)
            read = [((each["group"]["start"], each["group"]["end"]), each["at"]) for each in shown["best"]]
            assert read == found.best and shown["everything"] == found.everything
            assert shown["distances"] == found.everything if full else shown["comparisons"] > 0


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Mary Smith", "mARY sMITH"),
        ("Åland Islands", "aLAND iSLANDS"),
        ("Straße 9", "sTRASSE 9"),
        ("Ærø", "aERO"),
        ("o'Neil-K", "o nEIL k"),
        ("日本", ""),
    ],
)
def test_what_of_a_name_can_be_written(name: str, letters: str) -> None:
    """Small letters begin words here."""
    wanted = [(each.lower(), each.islower() or each.isdigit()) for each in letters if each != " "]
    assert spelled(name) == wanted


def test_everybody_has_every_letter() -> None:
    assert len(PEOPLE) == 20 and [len(LISTS[name]) for name in launcher.LISTS] == [39, 249, 1000]
    assert all("".join(each) == LABELS[:26] and all(each.values()) for each in PEOPLE)


def test_a_run_of_the_sample_searches_both_ways_and_leaves_the_writer_out() -> None:
    found = finish(launcher.compute(launcher.Settings(text="gr", names="apps"), files=FILES))
    assert all(step["same"] for step in found["steps"])
    assert found["counts"].shape == (len(found["scribble"]), 2)
    assert found["templates"] == 19 * 26 + 2 * 26 + 2 * 10
    assert "".join(each["letter"] for each in found["steps"][-1]["read"]) == "gr"


def test_an_own_scribble_and_list_are_used() -> None:
    drawn = [stroke.tolist() for stroke in launcher.written(PEOPLE[4], "qu")]
    data = {"strokes": drawn, "names": ["  Quill ", "", "Goose"]}
    found = finish(launcher.compute(launcher.Settings(), files=FILES, **data))
    assert found["names"] == 2 and found["steps"][-1]["best"][0] == "Quill"


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""},
        {"text": "123"},
        {"text": "abcdefghi"},
        {"names_of_mine": []},
        {"names_of_mine": ["x" * 81]},
        {"names_of_mine": ["x"] * 2001},
        {"names_of_mine": [3]},
        {"names_of_mine": "abc"},
        {"strokes": [[[0, 1e300]]]},
        {"strokes": [[[0, 0]]] * 25},
    ],
)
def test_what_is_wrong_is_refused(wrong: dict) -> None:
    settings = launcher.Settings(text=wrong.get("text", "a"))
    data = {"strokes": wrong.get("strokes"), "names": wrong.get("names_of_mine")}
    with pytest.raises(SettingsError) as caught:
        finish(launcher.compute(settings, files=FILES, **data))
    assert caught.value.code == "setting-range"
