"""The command that trains the writing LSTM: it learns, from windows whose answers are the next characters."""

import numpy as np
from scripts.lab_data import lstm_text

from goosequill.lab.recurrent import Lstm, RecurrentNetwork


def test_a_window_is_answered_by_the_characters_that_follow() -> None:
    text = np.arange(500)
    x, targets = lstm_text.windows(text, np.random.default_rng(0), count=6)
    assert x.shape == (lstm_text.LENGTH, 6) and targets.shape == (lstm_text.LENGTH - lstm_text.UNSEEN, 6)
    np.testing.assert_array_equal(targets, x[lstm_text.UNSEEN :] + 1)


def test_training_finds_a_pattern() -> None:
    text = np.tile([0, 1, 2, 1], 200)  # what follows 1 depends on what came before it
    reader = RecurrentNetwork(Lstm(3, 8), 3)
    untrained = lstm_text.train(reader, text, text, steps=0)
    trained = lstm_text.train(reader, text, text, steps=300)
    assert lstm_text.bits(reader, untrained, text) > 1.2
    assert lstm_text.bits(reader, trained, text) < 0.4  # 0.5 without a memory
