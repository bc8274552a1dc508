"""The columns of the comparison table."""

import pytest
from scripts.train.evaluate import OLDER_STYLES, compressor_row, per_register


def test_styles_that_the_first_model_had_have_a_total_of_their_own():
    texts = ["<verse>\nab", "<novel>\nabcdef", "<manual>\nabcd"]
    assert per_register(texts[:2], [10, 28]) == {"total": 38 / 24, "novel": 2, "verse": 1}
    row = per_register(texts, [10, 28, 39])
    assert row == {
        "total": pytest.approx(77 / 37),
        OLDER_STYLES: 38 / 24,
        "novel": 2,
        "verse": 1,
        "manual": 3,
    }
    assert list(row) == ["total", OLDER_STYLES, "novel", "verse", "manual"]


def test_a_compressor_reads_the_texts_of_a_column_as_one():
    texts = ["<verse>\nab", "<manual>\nab"]
    lengths = {key: value / 8 for key, value in compressor_row(texts, lambda data: data + b"x").items()}
    assert lengths == {"total": 22 / 21, OLDER_STYLES: 11 / 10, "verse": 11 / 10, "manual": 12 / 11}
