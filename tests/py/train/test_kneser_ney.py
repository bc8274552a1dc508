"""The n-gram model for comparison is a probability distribution, and learns."""

import numpy as np
from scripts.train import kneser_ney


def test_probabilities_of_all_continuations_sum_to_one():
    random = np.random.default_rng(0)
    orders = kneser_ney.train(random.zipf(1.5, 5000).clip(max=19).astype(np.uint16), 3)
    for context in ([3, 1], [1, 1], [19, 18], [7, 19]):
        total = sum(
            kneser_ney.probabilities(orders, np.array([*context, token], np.uint16), vocab_size=20)[-1]
            for token in range(20)
        )
        assert abs(total - 1) < 1e-9


def test_a_repeated_phrase_is_predicted():
    tokens = np.tile(np.arange(10, dtype=np.uint16), 50)
    orders = kneser_ney.train(np.concatenate([tokens, np.arange(10, 60, dtype=np.uint16)]), 5)
    found = kneser_ney.probabilities(orders, np.arange(10, dtype=np.uint16), vocab_size=60)
    assert found[-1] > 0.9
