"""The small case of the letters: scikit-learn's optima, and the page that fits by itself finds the same."""

import json

import numpy as np
import pytest
from scripts.lab_data import letters_small

from goosequill.lab import letters
from tests.py.lab.in_the_page import called

sklearn_linear = pytest.importorskip("sklearn.linear_model")

CASE = json.loads(letters_small.OUTPUT.read_text(encoding="utf-8"))
SIZES = (20, 110, 400)


def test_the_committed_case_is_what_its_command_makes() -> None:
    made = letters_small.make()
    assert made["exponents"] == tuple(CASE["exponents"])
    for split in letters_small.COUNTS:
        assert made[split] == CASE[split]
        assert made["curves"][split] == pytest.approx(CASE["curves"][split], abs=0.005)


def test_letters_are_pictures_of_a_to_j_in_turn() -> None:
    (pixels, labels), (others, _) = (letters_small.read(CASE[split]) for split in letters_small.COUNTS)
    assert pixels.shape == (letters.SmallSettings().size, 100) and others.shape == (200, 100)
    assert set(np.unique(pixels)) == {0, 0.5, 1}
    means = [pixels[labels == label].mean(axis=0).reshape(10, 10) for label in range(10)]
    i, h = means[letters.letters_data.ALPHABET.index("I")], means[letters.letters_data.ALPHABET.index("H")]
    assert i[3:7, 4:6].mean() > 2 * i[3:7, :3].mean(), "I is a stroke in the middle"
    assert h[1:3, 4:6].mean() < h[1:3, 1:3].mean(), "H is open at the top"


@pytest.mark.parametrize("size", SIZES)
def test_the_page_finds_what_python_finds(size: int) -> None:
    places = [0, 8, 13, 20, 4]  # in an order in which a pointer might jump
    (found,) = called("letters-small", "fitted", [(CASE, size, places)])
    for place, page in zip(places, found, strict=True):
        ours = letters_small.fit(CASE, size, CASE["exponents"][place])
        largest = np.abs(ours.weights).max()
        np.testing.assert_allclose(page["weights"], ours.weights, atol=0.004 * largest)
        assert {split: page[split] for split in CASE["curves"]} == pytest.approx(
            letters_small.judge(CASE, size, ours), abs=1e-4
        )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("exponent", [-3.0, -1.0, 1.0])
def test_the_optimum_is_scikit_learns(size: int, exponent: float) -> None:
    ours = letters_small.fit(CASE, size, exponent)
    pixels, labels = (each[:size] for each in letters_small.read(CASE["train"]))
    theirs = sklearn_linear.LogisticRegression(C=10**exponent, tol=1e-9, max_iter=20_000).fit(pixels, labels)
    np.testing.assert_allclose(ours.weights.T, theirs.coef_, atol=2e-5 * max(1, np.abs(theirs.coef_).max()))
    guesses = letters.logits(ours, pixels).argmax(axis=1)
    np.testing.assert_array_equal(guesses, theirs.predict(pixels))


def test_fewer_letters_are_memorized_more() -> None:
    gaps = []
    for size in (50, 400):
        found = letters_small.judge(CASE, size, letters_small.fit(CASE, size, 1))
        gaps.append(found["train"] - found["validation"])
    assert gaps[0] > gaps[1] + 0.15
