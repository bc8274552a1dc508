"""Dilated convolution against torch, against plain loops, and against the formulas in the literature."""

import itertools

import numpy as np
import pytest
import torch

from goosequill.errors import SettingsError
from goosequill.lab import dilation

SETTINGS = [
    dict(zip(("size", "kernel", "padding", "stride", "dilation", "transposed"), values, strict=True))
    for values in itertools.product(
        (1, 4, 7, 9), (1, 2, 3, 5), (0, 1, 3), (1, 2, 3), (1, 2, 4), (False, True)
    )
]
VALID = [setting for setting in SETTINGS if dilation.output_size(**setting) >= 1]


def numbers(setting: dict) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(setting["size"] + 31 * setting["kernel"])
    return (
        rng.standard_normal((setting["size"],) * 2),
        rng.standard_normal((setting["kernel"],) * 2),
    )


def test_values_equal_torch_for_every_valid_setting() -> None:
    for setting in VALID:
        values, weights = numbers(setting)
        ours = dilation.compute(dilation.Settings(**setting), values=values, weights=weights)
        pair = torch.tensor(values)[None, None], torch.tensor(weights)[None, None]
        options = {name: setting[name] for name in ("padding", "stride", "dilation")}
        convolve = torch.conv_transpose2d if setting["transposed"] else torch.conv2d
        theirs = convolve(*pair, **options)[0, 0].numpy()
        assert ours["output"].shape == theirs.shape, setting
        np.testing.assert_allclose(ours["output"], theirs, atol=1e-12, err_msg=str(setting))


def test_the_cells_that_are_read_equal_plain_loops() -> None:
    for setting in VALID[::7]:
        if setting["transposed"]:
            continue
        rows = dilation.reads(**setting)
        for out, weight in itertools.product(range(len(rows)), range(setting["kernel"])):
            cell = out * setting["stride"] - setting["padding"] + weight * setting["dilation"]
            assert rows[out, weight] == (cell if 0 <= cell < setting["size"] else -1)


def test_the_articles_figure() -> None:
    found = dilation.compute(dilation.Settings())
    assert found["output"].shape == (3, 3) and found["effective_kernel"] == 5
    assert found["reads"].tolist() == [[0, 2, 4], [1, 3, 5], [2, 4, 6]]


def test_receptive_fields_of_a_stack() -> None:
    assert dilation.receptive_field(3, [1, 2, 4, 8, 16, 32]) == [3, 7, 15, 31, 63, 127]
    for kernel, dilations in ((3, [1, 2, 4]), (2, [1, 3]), (5, [2, 2])):
        assert len(dilation.influence(kernel, dilations)) == dilation.receptive_field(kernel, dilations)[-1]
        assert dilation.influence(kernel, dilations).sum() == pytest.approx(1)


def test_gridding_leaves_cells_untouched() -> None:
    shares = dilation.influence(3, [2] * 6)
    assert len(shares) == 25 and np.count_nonzero(shares) == 13


@pytest.mark.parametrize("setting", SETTINGS[::11])
def test_ranges_reach_every_valid_setting_and_no_other(setting: dict) -> None:
    if dilation.output_size(**setting) < 1:
        return
    for name, (low, high) in dilation.ranges(setting).items():
        assert low <= setting[name] <= high
        for value in range(low, high + 1):
            assert dilation.output_size(**{**setting, name: value}) >= 1, (name, value)


def test_an_impossible_setting_is_refused() -> None:
    with pytest.raises(SettingsError, match="does not fit"):
        dilation.compute(dilation.Settings(size=3, kernel=3, dilation=4))
    with pytest.raises(SettingsError, match="weights must be 3 x 3"):
        dilation.compute(dilation.Settings(), weights=[[1.0, 2.0]])
    with pytest.raises(SettingsError, match="finite"):
        dilation.compute(dilation.Settings(size=1, kernel=1), values=[np.nan])
