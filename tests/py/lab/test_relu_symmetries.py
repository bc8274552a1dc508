"""Changes of a ReLU network's weights: what stays, where it stays, and noise of the same size."""

import numpy as np
import pytest

from goosequill.cli.lab import plain
from goosequill.lab import networks
from goosequill.lab import relu_symmetries as changes
from goosequill.lab.networks import Network
from tests.py.lab.in_the_page import called

NETWORK = Network(20, 12, "relu", "linear")


@pytest.fixture(scope="module")
def weights():
    return NETWORK.start(np.random.default_rng(3))


@pytest.fixture(scope="module")
def rows(weights):
    rng = np.random.default_rng(4)
    found = changes.measure(NETWORK, weights, rng.random((300, 20)), rng=rng)
    return {row["name"]: row for row in found}


def test_networks_can_be_taken_apart_and_joined(weights) -> None:
    np.testing.assert_array_equal(changes.join(*networks.split(NETWORK, weights)), weights)


def test_symmetries_are_exact_to_rounding(rows) -> None:
    for name in changes.SYMMETRIES:
        assert rows[name]["must"]
        assert rows[name]["largest"] < 1e-14 and rows[name]["single"] < 1e-6
        assert rows[name]["share"] == rows[name]["drawn"] == 1
    assert rows["swap"]["single"] < 3e-7


def test_the_change_of_basis_holds_where_both_units_are_active_or_silent_both_times(rows) -> None:
    row = rows["rotate"]
    assert row["active"] == pytest.approx(0.125, abs=0.02)  # z1 > z2 > 0: one eighth of a circle
    assert row["silent"] == pytest.approx(0.125, abs=0.02)
    assert row["share"] == pytest.approx(row["active"] + row["silent"], abs=1e-9)
    assert row["largest"] > 0.1


def test_other_changes_break_the_output(rows) -> None:
    assert rows["negative"]["share"] == 0 and rows["negative"]["largest"] > 0.1
    assert rows["half"]["share"] < 0.5 and rows["half"]["largest"] > 0.1
    assert set(rows) == set(changes.CHANGES)


def test_the_basis_is_its_own_inverse_and_a_linear_network_keeps_its_output(weights) -> None:
    turn = changes.rotation_matrix(12, np.array([[3, 7], [0, 2]]))
    np.testing.assert_allclose(turn @ turn, np.eye(12), atol=1e-15)
    there = changes.mix(NETWORK, weights, turn, outgoing=turn)
    np.testing.assert_allclose(changes.mix(NETWORK, there, turn, outgoing=turn), weights, atol=1e-14)
    first, _, second, _ = networks.split(NETWORK, there)
    old_first, _, old_second, _ = networks.split(NETWORK, weights)
    np.testing.assert_allclose(second @ first, old_second @ old_first, atol=1e-14)


def test_a_permutation_puts_units_in_the_given_order(weights) -> None:
    order = np.random.default_rng(0).permutation(12)
    moved = changes.permute(NETWORK, weights, order)
    first, _, second, _ = networks.split(NETWORK, moved)
    np.testing.assert_array_equal(first[0], networks.split(NETWORK, weights).first[order[0]])
    np.testing.assert_array_equal(second[5], networks.split(NETWORK, weights).second[order[5]])


def test_noise_moves_the_same_units_as_far(weights) -> None:
    turn = changes.rotation_matrix(12, np.array([[1, 4]]))
    changed = changes.mix(NETWORK, weights, turn, outgoing=turn)
    rng = np.random.default_rng(0)
    noisy = changes.equal_noise(NETWORK, weights, changed, units=np.array([1, 4]), rng=rng)
    assert np.linalg.norm(noisy - weights) == pytest.approx(np.linalg.norm(changed - weights))
    # Of each unit 20 weights, a bias and an outgoing weight.
    own = np.r_[20:40, 80:100, 241, 244, 253, 256]
    np.testing.assert_array_equal(np.flatnonzero(noisy != weights), own)


# ---- The network that is drawn ----


def test_drawn_changes_begin_with_the_same_network_and_say_where_it_is_kept() -> None:
    drawn = changes.picture()["changes"]
    for name, steps in drawn.items():
        assert len(steps) == 3 and steps[0]["share"] == 1
        assert steps[1]["share"] < 1, name
    assert drawn["swap"][2]["share"] == drawn["scale"][2]["share"] == 1
    assert drawn["negative"][2]["share"] == 0
    assert drawn["rotate"][2]["kept"] == [[-3, -2], [1, 3]]


def test_corners_are_all_that_is_needed_to_draw_an_output() -> None:
    x = np.linspace(-changes.REACH, changes.REACH, 501)
    for steps in changes.picture()["changes"].values():
        for step in steps:
            units = np.maximum(np.outer(step["first"], x) + step["bias"][:, None], 0)
            y = step["second"] @ units + step["offset"]
            np.testing.assert_allclose(np.interp(x, step["x"], step["y"]), y, atol=1e-3)


def test_a_basis_at_90_degrees_is_a_swap() -> None:
    turned, swapped = changes.drawn_steps("rotate", 90.0), changes.drawn_steps("swap", 0.0)
    assert turned[2]["share"] == 1
    np.testing.assert_allclose(turned[2]["first"], swapped[2]["first"])


def test_the_page_makes_the_same_changes_at_once() -> None:
    start = {name: plain(value) for name, value in changes.drawn_steps("swap", 0.0)[0].items()}
    network = {"start": start, "reach": changes.REACH}
    cases = [("swap", 0.0), *(("rotate", float(angle)) for angle in range(0, 361, 5))]
    cases += [("scale", factor / 10) for factor in range(-30, 31) if factor]
    found = called("symmetries", "stepsOf", [(name, amount, network) for name, amount in cases])
    for (name, amount), steps in zip(cases, found, strict=True):
        for step, ours in zip(steps, changes.drawn_steps(name, amount), strict=True):
            assert step.keys() == ours.keys()
            for key, value in ours.items():  # which Python rounds to four digits
                np.testing.assert_allclose(step[key], value, atol=5.1e-5, err_msg=f"{name} {amount} {key}")
