"""Stacks of dilated layers against published sizes, against torch's gradients, and counted cell by cell."""

import numpy as np
import pytest
import torch

from goosequill.errors import SettingsError
from goosequill.lab import dilation_stack as stack

STACKS = [(3, [1, 2, 4, 8, 16, 32]), (3, [2] * 6), (2, [1, 3]), (5, [2, 2, 7]), (4, [3, 1, 2]), (3, [32] * 8)]


def test_fields_grow_as_published() -> None:
    assert stack.receptive_field(3, [1, 2, 4, 8, 16, 32]) == [3, 7, 15, 31, 63, 127]
    assert stack.receptive_field(3, [1] * 6) == [3, 5, 7, 9, 11, 13]


@pytest.mark.parametrize(("kernel", "dilations"), STACKS)
def test_the_field_by_formula_is_the_field_by_count(kernel: int, dilations: list[int]) -> None:
    found = stack.compute(stack.Settings(width=kernel, dilations=" ".join(map(str, dilations))))
    assert found["spans"] == found["fields"]
    assert len(found["influence"]) == found["fields"][-1]
    assert found["influence"].sum() == pytest.approx(1)
    assert np.flatnonzero(found["influence"]).tolist() == found["levels"][-1]
    assert found["touched"][-1] == len(found["levels"][-1])


@pytest.mark.parametrize(("kernel", "dilations"), STACKS)
def test_influence_equals_the_gradient_in_torch(kernel: int, dilations: list[int]) -> None:
    size = stack.receptive_field(kernel, dilations)[-1]
    signal = torch.zeros(1, 1, size, dtype=torch.float64, requires_grad=True)
    weight = torch.full((1, 1, kernel), 1 / kernel, dtype=torch.float64)
    hidden = signal
    for dilation in dilations:
        hidden = torch.nn.functional.conv1d(hidden, weight, dilation=dilation)
    assert hidden.shape == (1, 1, 1)
    hidden.sum().backward()
    np.testing.assert_allclose(stack.influence(kernel, dilations), signal.grad[0, 0].numpy(), atol=1e-15)


def test_gridding_leaves_cells_untouched() -> None:
    found = stack.compute(stack.Settings(dilations="2 2 2 2 2 2"))
    assert found["fields"][-1] == found["spans"][-1] == 25 and found["touched"][-1] == 13
    doubled = stack.compute(stack.Settings())
    assert doubled["fields"] == doubled["touched"] == [3, 7, 15, 31, 63, 127]


def test_no_input_is_left_out_if_dilations_do_not_outgrow_the_field() -> None:
    """The page states this condition."""
    rng = np.random.default_rng(0)
    met = 0
    for _ in range(3000):
        kernel, count = int(rng.integers(2, 6)), int(rng.integers(1, 6))
        dilations = [int(each) for each in rng.integers(1, 10, count)]
        ordered = sorted(dilations)
        fields = [1, *stack.receptive_field(kernel, ordered)]
        if all(dilation <= field for dilation, field in zip(ordered, fields, strict=False)):
            assert (stack.influence(kernel, dilations) > 0).all(), (kernel, dilations)
            met += 1
    assert met > 100
    assert (stack.influence(3, [1, 2, 5, 1, 2, 5]) > 0).all()
    assert len(set(stack.influence(3, [1, 3, 9, 27]).round(12))) == 1


def test_the_levels_lead_from_the_output_to_the_input() -> None:
    levels = stack.trace(3, [1, 2])
    assert levels == [[0], [0, 2, 4], [0, 1, 2, 3, 4, 5, 6]]


@pytest.mark.parametrize(("kernel", "dilations"), STACKS)
def test_the_deviation_is_that_of_the_influence(kernel: int, dilations: list[int]) -> None:
    shares = stack.influence(kernel, dilations)
    cells = np.arange(len(shares)) - (len(shares) - 1) / 2
    assert stack.deviation(kernel, dilations) == pytest.approx(np.sqrt(shares @ cells**2))


def test_most_of_the_influence_is_in_the_middle() -> None:
    for kernel, dilations in STACKS:
        shares = stack.influence(kernel, dilations)
        cells = stack.central_cells(shares)
        edge = (len(shares) - cells) // 2
        assert shares[edge : len(shares) - edge].sum() >= 0.95 - 1e-9
        inner = shares[edge + 1 : len(shares) - edge - 1]
        assert inner.sum() < 0.95, (kernel, dilations)
    assert stack.central_cells(np.ones(1)) == 1


@pytest.mark.parametrize(
    "text", ["", " , ", "0", "33", "1 2 x", "-1", "1.5", "1 " * 9, "²", "9" * 5000, "1e1"]
)
def test_wrong_dilations_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="whole numbers from 1 to 32") as caught:
        stack.compute(stack.Settings(dilations=text))
    assert caught.value.code == "setting-range" and len(str(caught.value)) < 300


def test_dilations_may_be_separated_in_any_usual_way() -> None:
    for text in ("1 2 4", "1,2,4", " 1, 2;4\n"):
        assert stack.read_dilations(text) == [1, 2, 4]
