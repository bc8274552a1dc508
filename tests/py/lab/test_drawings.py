"""The drawings of cats and other things: bounds, balance, determinism, and that they can be told apart."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from goosequill.lab import drawings


def draw(count: int, seed: int = 0, **options: float) -> drawings.Drawings:
    return drawings.draw(count, np.random.default_rng(seed), **options)


def test_drawings_are_ink_between_0_and_1_and_the_same_for_the_same_seed() -> None:
    one, other = draw(300), draw(300)
    assert one.images.shape == (300, 144)
    assert one.images.min() >= 0 and one.images.max() <= 1
    np.testing.assert_array_equal(one.images, other.images)
    assert np.any(one.images != draw(300, seed=1).images)


def test_half_are_cats_and_all_kinds_occur() -> None:
    found = draw(2000)
    assert abs(found.labels.mean() - 0.5) < 0.05
    np.testing.assert_array_equal(found.labels == 1, found.kinds == list(drawings.KINDS).index("cat"))
    counts = np.bincount(found.kinds, minlength=len(drawings.KINDS))
    assert counts[1:].min() > 100


def test_every_kind_draws_something_that_is_not_cut_off() -> None:
    found = draw(800, noise=0.0)
    pictures = found.images.reshape(-1, drawings.SIDE, drawings.SIDE)
    edges = np.concatenate([pictures[:, 0], pictures[:, -1]], axis=1)
    for kind in range(len(drawings.KINDS)):
        chosen = found.kinds == kind
        assert pictures[chosen].sum(axis=(1, 2)).min() > 4
        assert edges[chosen].mean() < 0.5 * pictures[chosen].mean() + 0.05


def test_no_two_drawings_are_alike_even_without_noise() -> None:
    images = draw(300, noise=0.0).images
    assert len(np.unique(images, axis=0)) == 300


def test_cats_can_be_told_apart_but_not_easily() -> None:
    """A linear model does better than chance, and is far from perfect."""
    found = draw(1200, noise=0.1)
    model = LogisticRegression(C=1.0, max_iter=2000).fit(found.images[:400], found.labels[:400])
    assert 0.75 < model.score(found.images[400:], found.labels[400:]) < 0.99
