"""The arithmetic of the static table against direct solutions."""

import numpy as np
from scripts.search.gptq import input_moments, quantize_for
from scripts.search.table import fit, means, piece_weights, principal_axes
from scripts.search.texts import Sense, definitions, questions

from goosequill.tokenizers.wordpiece import WordPiece
from goosequill.weights.quantize import quantize

from . import encoder
from .test_minilm import Tensors


def test_the_fit_solves_the_normal_equations() -> None:
    source = np.random.default_rng(2)
    texts = [source.integers(0, 12, size=length).tolist() for length in source.integers(1, 9, size=80)]
    mean = means(texts, 12)
    wanted, start = source.standard_normal((80, 5)), source.standard_normal((12, 5))
    dense = mean.toarray()
    assert np.allclose(dense.sum(axis=1), 1)
    guess = dense @ start
    scaled = start * ((guess * wanted).sum() / np.square(guess).sum())
    exact = np.linalg.solve(dense.T @ dense + 0.3 * np.eye(12), dense.T @ wanted + 0.3 * scaled)
    assert np.allclose(fit(mean, wanted, start, ridge=0.3), exact, atol=1e-6)


def test_the_axes_are_orthogonal_and_sorted_by_variance() -> None:
    source = np.random.default_rng(4)
    vectors = (source.standard_normal((500, 6)) * [1, 5, 2, 0.1, 3, 4] + 7).astype(np.float32)
    mean, axes = principal_axes(vectors)
    variances = ((vectors - mean) @ axes.T).var(axis=0)
    assert np.allclose(axes @ axes.T, np.eye(6), atol=1e-9)
    assert (np.diff(variances) <= 0).all()
    assert np.allclose(variances.sum(), vectors.var(axis=0, dtype=np.float64).sum(), rtol=1e-5)


def test_frequent_words_weigh_least() -> None:
    weights = piece_weights(30_522)
    assert weights[1996] < weights[2100] < weights[20_000] < 1
    assert weights[1996] < 0.02


def test_texts_are_the_same_each_time_and_half_name_their_words() -> None:
    senses = [Sense("noun", (f"word{at}",), f"thing {at}", f"thing {at}; as in {at}") for at in range(40)]
    made = definitions(senses)
    assert made == definitions(senses)
    assert sum(text.startswith("word") for text in made) == 20
    asked = questions(senses)
    assert len(asked) == 40 and asked == questions(senses)
    assert sum("word" in text for text in asked) == 20


def test_calibrated_rounding_loses_less_than_rounding_alone() -> None:
    source = np.random.default_rng(8)
    weights = source.standard_normal((24, 200)).astype(np.float32)
    inputs = source.standard_normal((900, 30)) @ source.standard_normal((30, 200)) + 3
    moments = inputs.T @ inputs

    def loss(values: np.ndarray) -> float:
        return float(np.square(inputs @ (values - weights).T).mean())

    ours, plain = quantize_for(weights, moments), quantize(weights, 8)
    assert np.array_equal(ours.scales, plain.scales)
    assert loss(ours.dequantize()) < loss(plain.dequantize()) / 5


def test_moments_belong_to_the_matrices_by_name() -> None:
    arrays = encoder.encoder_tensors()
    found = input_moments(Tensors(arrays), WordPiece(encoder.PIECES), ["a b", "c"], heads=encoder.HEADS)
    assert len(found) == 6 * encoder.LAYERS
    assert found["encoder.layer.1.output.dense.weight"].shape == (encoder.INNER, encoder.INNER)
    for name, moments in found.items():
        assert moments.shape[0] == arrays[name].shape[1]
