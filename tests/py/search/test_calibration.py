"""The rule that says whether anything fits."""

import pytest

from goosequill.search.calibration import CURVES, FITS, PERHAPS, Curve, names, state


def test_a_likelihood_has_one_of_three_states() -> None:
    found = [state(chance) for chance in (1.0, FITS, FITS - 1e-9, PERHAPS, PERHAPS - 1e-9, 0.0)]
    assert found == ["fits", "fits", "perhaps", "perhaps", "nothing", "nothing"]
    assert state(None) == "fits", "of which nothing is known"
    assert state(0.0, named=True) == "fits"


@pytest.mark.parametrize("curve", CURVES.values())
def test_a_cosine_has_the_likelihood_that_it_was_asked_for(curve: Curve) -> None:
    for likelihood in (0.01, PERHAPS, FITS, 0.99):
        assert curve.likelihood(curve.cosine(likelihood)) == pytest.approx(likelihood)


def test_a_name_is_of_few_words_which_are_all_there() -> None:
    passage = ["cor", "header", "of", "respons"]
    assert names(["cor"], passage) and names({"header": 1.0, "respons": 0.5, "of": 0.1}, passage)
    assert not names([], passage) and not names(["cor", "cooki"], passage)
    assert not names(passage, passage), "a sentence"
