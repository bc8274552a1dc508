"""Dilated convolution against torch, against plain loops, and against the formulas in the literature."""

import itertools
import json
import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
import torch

from goosequill.cli.lab import plain
from goosequill.errors import SettingsError
from goosequill.lab import dilation, dilation_stack
from tests.py.lab.in_the_page import at_once
from tests.py.tiers import tiers

SETTINGS = [
    dict(zip(("size", "kernel", "padding", "stride", "dilation", "transposed"), values, strict=True))
    for values in itertools.product(
        (1, 4, 7, 9), (1, 2, 3, 5), (0, 1, 3), (1, 2, 3), (1, 2, 4), (False, True)
    )
]
EXTREMES = list(itertools.product((1, 7, 32), (1, 2, 9), (0, 1, 9), (1, 2, 9), (1, 2, 32), (False, True)))
ROOT = Path(__file__).resolve().parents[3]
DEFAULTS = vars(dilation.Settings())
VALID = [setting for setting in SETTINGS if dilation.output_size(**setting) >= 1]


def numbers(setting: dict) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(setting["size"] + 31 * setting["kernel"])
    return (rng.standard_normal((setting["size"],) * 2), rng.standard_normal((setting["kernel"],) * 2))


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


def naive(values: np.ndarray, weights: np.ndarray, setting: dict) -> np.ndarray:
    """The definition: each weight adds a shifted copy of the input; one loop over weights, none shared."""
    size, stride, gap, padding = (setting[name] for name in ("size", "stride", "dilation", "padding"))
    kernel = len(weights)
    span = gap * (kernel - 1) + 1
    if setting["transposed"]:
        whole = np.zeros((stride * (size - 1) + span,) * 2)
        for row, column in itertools.product(range(kernel), repeat=2):
            reach = stride * (size - 1) + 1
            across = slice(gap * column, gap * column + reach, stride)
            whole[gap * row : gap * row + reach : stride, across] += weights[row, column] * values
        return whole[padding : len(whole) - padding, padding : len(whole) - padding]
    around = np.zeros((size + 2 * padding,) * 2)
    around[padding : padding + size, padding : padding + size] = values
    starts = range(0, size + 2 * padding - span + 1, stride)
    out = np.zeros((len(starts),) * 2)
    for row, column in itertools.product(range(kernel), repeat=2):
        down, across = ([start + gap * place for start in starts] for place in (row, column))
        out += weights[row, column] * around[np.ix_(down, across)]
    return out


def every_valid_setting(kernel: int):
    numbers = range(1, 10)
    for values in itertools.product(numbers, range(10), numbers, numbers, (False, True)):
        names = ("size", "padding", "stride", "dilation", "transposed")
        setting = {"kernel": kernel, **dict(zip(names, values, strict=True))}
        if dilation.output_size(**setting) >= 1:
            yield setting


@tiers("step", 31, 1)
@pytest.mark.parametrize("kernel", range(1, 10))
def test_values_equal_a_naive_loop_for_every_valid_setting_up_to_9(kernel: int, step: int) -> None:
    count = 0
    weights = np.random.default_rng(kernel).integers(-9, 10, (kernel, kernel)).astype(float)
    for setting in itertools.islice(every_valid_setting(kernel), None, None, step):
        values = np.random.default_rng(setting["size"]).integers(-9, 10, (setting["size"],) * 2).astype(float)
        ours = dilation.convolve(values, weights, dilation.reads(**setting))
        theirs = naive(values, weights, setting)
        assert ours.shape == theirs.shape == (dilation.output_size(**setting),) * 2, setting
        assert np.array_equal(ours, theirs), setting  # whole numbers, so exactly
        count += 1
    assert count > 5000 // step


def test_the_lattice_puts_each_weight_over_the_cell_that_it_reads() -> None:
    for setting in VALID:
        drawn, rows = dilation.lattice(**setting), dilation.reads(**setting)
        cells = drawn["first"] + drawn["spacing"] * np.arange(setting["size"])
        assert drawn["low"] <= cells[0] and cells[-1] < drawn["high"], setting
        assert drawn["low"] <= drawn["taps"].min() and drawn["taps"].max() < drawn["high"], setting
        for place, cell in zip(drawn["taps"].flat, rows.flat, strict=True):
            assert (cells[cell] == place) if cell >= 0 else place not in cells, setting
        step = setting["stride"] if not setting["transposed"] else 1
        assert (np.diff(drawn["taps"], axis=0) == step).all()


def test_the_pytorch_call_is_the_same_convolution() -> None:
    for setting in VALID[::23]:
        code = dilation.pytorch_call(dilation.Settings(**setting))
        build, shape = code.split("\n")
        names: dict = {"torch": torch}
        exec(build, names)
        assert str(tuple(eval(shape, names))) in shape.split("#")[1].replace("[", "(").replace("]", ")")
        values, weights = numbers(setting)
        with torch.no_grad():
            names["conv"].double().weight[:] = torch.tensor(weights)
            theirs = names["conv"](torch.tensor(values)[None, None])[0, 0].numpy()
        ours = dilation.compute(dilation.Settings(**setting), values=values, weights=weights)["output"]
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_the_arithmetic_of_the_size_is_true() -> None:
    for setting in VALID[::5]:
        words, size = dilation.size_formula(dilation.Settings(**setting)).split(" = ")
        python = words.replace("⌊", "(").replace("⌋", "").replace("−", "-").replace("×", "*")
        if not setting["transposed"]:
            python = python.replace("((", "(").replace(" / ", " // ")
        assert eval(python) == int(size) == dilation.output_size(**setting), words


def test_named_inputs_and_kernels() -> None:
    impulse = dilation.Settings(
        size=3, kernel=3, dilation=1, transposed=True, pattern="impulse", filter="counting"
    )
    found = dilation.compute(impulse)
    assert found["output"][1:4, 1:4].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert np.count_nonzero(found["output"]) == 9
    edges = dilation.compute(dilation.Settings(pattern="edge", dilation=1))["output"]
    assert (edges[:, [0, 1, 4]] == 0).all() and (edges[:, 2] < 0).all() and (edges[:, 3] > 0).all()
    assert dilation.filter_weights("mean", 4).sum() == pytest.approx(1)
    assert dilation.filter_weights("edges", 5).sum() == 0
    assert dilation.filter_weights("edges", 1).tolist() == [[1]]


def test_an_edited_kernel_fits_another_size() -> None:
    def fitted(size: int, to: int) -> list:
        weights = np.arange(1.0, size * size + 1)
        return dilation.compute(dilation.Settings(size=9, kernel=to, dilation=1), weights=weights)[
            "weights"
        ].tolist()

    assert fitted(3, 1) == [[5]]
    assert fitted(1, 3) == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert fitted(2, 3) == [[1, 2, 0], [3, 4, 0], [0, 0, 0]]
    assert fitted(3, 2) == [[1, 2], [4, 5]]


def test_own_weights_are_read_from_text() -> None:
    def weights(text: str, kernel: int = 2) -> list:
        chosen = dilation.Settings(kernel=kernel, filter="own", weights=text)
        return dilation.compute(chosen)["weights"].tolist()

    assert weights("1 -2.5\n.5, 4e1") == weights(" 1;-2.5;+0.5;40. ") == [[1, -2.5], [0.5, 40]]
    assert weights("7", kernel=3) == [[0, 0, 0], [0, 7, 0], [0, 0, 0]]
    assert dilation.compute(dilation.Settings(weights="x"))["weights"].sum() == 0  # not in use
    for text in ("", "1 2", "1 2 3 x", "nan", "inf", "1e999", "0x1", "1_0", "٣", "1 " * 100, "9" * 9999):
        with pytest.raises(SettingsError, match="weights must be a square of 1 to 81 finite numbers"):
            weights(text)


def limits(setting: dict) -> dict[str, list[int]]:
    """The least and the largest value of each number with which the output has at least one cell."""
    found = {}
    for name in ("size", "kernel", "padding", "stride", "dilation"):
        parameter = dilation.Settings.PARAMETERS[name]
        values = range(int(parameter.minimum), int(parameter.maximum) + 1)
        valid = [each for each in values if dilation.output_size(**{**setting, name: each}) >= 1]
        assert valid == list(range(valid[0], valid[-1] + 1) if valid else ()), (setting, name)
        found[name] = [valid[0], valid[-1]] if valid else [values[0], values[0]]
    return found


def test_the_page_limits_its_controls_to_every_valid_setting_and_no_other() -> None:
    settings = [dict(zip(dilation.GEOMETRY, values, strict=True)) for values in EXTREMES] + SETTINGS[::11]
    script = (
        "const { ranges } = await import(process.argv[1]);"
        "process.stdout.write(JSON.stringify(JSON.parse(process.argv[2]).map(ranges)))"
    )
    module = (ROOT / "site/lab/dilation-ranges.js").as_uri()
    command = ["node", "--input-type=module", "-e", script, module, json.dumps(settings)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert len(found) == len(settings)
    for setting, theirs in zip(settings, found, strict=True):
        assert theirs == limits(setting), setting


def in_the_page(settings: list[dict], name: str = "dilation") -> list[dict | None]:
    """What the page computes by itself."""
    return at_once(name, [{"settings": each} for each in settings])


def test_the_page_computes_the_same_at_once() -> None:
    cases = [
        {**setting, "filter": name, "pattern": pattern, "weights": "1 -2 .5 3e-1 0 6 7 8 -.25"}
        for (setting, name), pattern in zip(
            itertools.product(VALID[::40], ("edges", "mean", "ones", "counting", "own")),
            itertools.cycle(("digits", "impulse", "edge")),
            strict=False,
        )
    ]
    for case, found in zip(cases, in_the_page([DEFAULTS | case for case in cases]), strict=True):
        ours = plain(dilation.compute(dilation.Settings(**case)))
        assert found and found["isWhole"] and found["data"].keys() == ours.keys()
        for name, value in ours.items():
            if name in ("output", "weights"):
                np.testing.assert_allclose(found["data"][name], value, atol=1e-12)
            else:
                assert found["data"][name] == json.loads(json.dumps(value)), (case, name)


def test_the_page_computes_the_same_stacks_at_once() -> None:
    cases = [
        {"width": width, "dilations": dilations}
        for width in (2, 3, 5)
        for dilations in ("1", "1,2, 4;8 16 32", "2 2 2 2 2 2", "1 2 5 1 2 5 3 32")
    ]
    for case, found in zip(cases, in_the_page(cases, "dilation-stack"), strict=True):
        ours = plain(dilation_stack.compute(dilation_stack.Settings(**case)))
        assert found and found["isWhole"] and found["data"].keys() == ours.keys()
        for name, value in ours.items():
            if name in ("influence", "deviation"):
                np.testing.assert_allclose(found["data"][name], value, atol=1e-12)
            else:
                assert found["data"][name] == value, (case, name)
    for text in ("", "x", "0", "33", "1 2 3 4 5 6 7 8 9", "1.5", "1 -2"):
        assert in_the_page([{"width": 3, "dilations": text}], "dilation-stack") == [None], text


def test_what_cannot_be_computed_at_once_is_left_to_this_module() -> None:
    for text in ("", "1 2", "1 2 3 x", "nan", "1e999", "0x1", "1_0", "٣", "1 " * 100):
        assert in_the_page([DEFAULTS | {"filter": "own", "weights": text}]) == [None], text
        with pytest.raises(SettingsError):
            dilation.compute(dilation.Settings(filter="own", weights=text))


def test_the_largest_setting_stays_within_memory() -> None:
    largest = dilation.Settings(size=32, kernel=9, stride=9, dilation=32, transposed=True)
    found = dilation.compute(largest)
    assert found["output_size"] == 536 == len(found["output"])
    assert dilation.CHUNK * 8 < 1e7


def test_limits_are_those_of_the_other_settings() -> None:
    default = {name: getattr(dilation.Settings, name) for name in dilation.GEOMETRY}
    assert limits(default)["dilation"] == [1, 3]
    assert limits(default)["kernel"] == [1, 4]


def test_an_impossible_setting_is_refused() -> None:
    with pytest.raises(SettingsError, match="does not fit"):
        dilation.compute(dilation.Settings(size=3, kernel=3, dilation=4))
    with pytest.raises(SettingsError, match="removes all cells"):
        dilation.compute(dilation.Settings(size=1, kernel=1, padding=3, transposed=True))
    with pytest.raises(SettingsError, match="weights must be a square"):
        dilation.compute(dilation.Settings(), weights=[[1.0, 2.0]])
    with pytest.raises(SettingsError, match="weights must be a square"):
        dilation.compute(dilation.Settings(), weights=np.zeros(100))
    with pytest.raises(SettingsError, match="values must be 7 x 7"):
        dilation.compute(dilation.Settings(), values=np.zeros(36))
    with pytest.raises(SettingsError, match="finite"):
        dilation.compute(dilation.Settings(size=1, kernel=1), values=[np.nan])


def test_the_standalone_script_computes_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict = {"__name__": "script"}
    code = (ROOT / "docs/lab/scripts/dilation.py").read_text(encoding="utf-8")
    exec(code.split("try:")[0], names)  # without the plot
    page = dilation.compute(dilation.Settings())
    assert np.array_equal(names["output"], page["output"])
    printed = capsys.readouterr().out
    assert printed.startswith("7 x 7 -> 3 x 3, the kernel covers 5 cells\n")
    for row, column in itertools.product(range(3), repeat=2):
        down, across = page["reads"][row] + 1, page["reads"][column] + 1
        frame = f"output {row + 1}, {column + 1} reads rows {down} and columns {across}\n"
        assert frame in printed
    for dilations in names["stacks"].values():
        settings = dilation_stack.Settings(dilations=" ".join(map(str, dilations)))
        found = dilation_stack.compute(settings)
        np.testing.assert_allclose(names["influence"](3, dilations), found["influence"])
        assert f"spans {found['spans'][-1]} inputs, touches {found['touched'][-1]}" in printed


def test_the_links_of_the_article_lead_to_valid_settings() -> None:
    text = (ROOT / "docs/lab/dilation.md").read_text(encoding="utf-8")
    sizes = {}
    for address in re.findall(r"\]\(#([^)]+)\)", text):
        values = dict(parse_qsl(address))
        if "dilation-stack.dilations" in values:
            dilation_stack.compute(dilation_stack.Settings(dilations=values["dilation-stack.dilations"]))
            continue
        given = {
            key: json.loads(value) if value[0].isdigit() or value == "true" else value
            for key, value in values.items()
        }
        sizes[address] = dilation.compute(dilation.Settings(**given))["output_size"]
    assert sizes["size=4&dilation=1&stride=2&padding=1&transposed=true"] == 7
    assert sizes["padding=2"] == 7
    assert dilation.reads(10, 3, stride=3, dilation=2).max() == 7  # of 0 to 9: the last two are never read
    assert sizes["size=10&stride=3"] == 2 and len(sizes) == 5
