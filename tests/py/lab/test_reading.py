"""Reading a page, from the text to its readings: what is found, what is refused, and what a run promises."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from goosequill.cli.lab import plain
from goosequill.errors import SettingsError
from goosequill.lab import experiments, page_cells, page_images, reading, word_beam
from goosequill.support.progress import Progress, finish
from tests.py.lab.in_the_page import at_once
from tests.py.refusals import refused

DATA = {
    name: experiments.path_of(name).read_bytes()
    for name in (reading.NETWORKS, reading.FACES_FILE, reading.WORDS)
}


def run(data: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    return finish(experiments.run("reading", {"model": False, **settings}, data))


def test_a_plain_face_is_read_without_a_mistake() -> None:
    found = run(face="Clear Sans")
    assert found["wanted"] == "THE HARBOUR WAS DARK AND A COLD WIND CAME OVER THE WATER"
    assert found["readings"]["none"] == found["readings"]["words"] == found["wanted"]
    assert set(found["rates"].values()) == {(0, 0)}
    assert len(found["letters"]) == len(found["wanted"].replace(" ", "")) and len(found["lines"]) == 3


def test_the_list_of_words_repairs_what_the_letters_alone_get_wrong() -> None:
    found = run(face="kiloji", spacing=4)["rates"]
    assert found["words"][0] < found["none"][0] / 2 and found["words"][1] < found["corrected"][1]


def test_the_language_model_reads_last_and_after_a_part() -> None:
    parts, steps = [], experiments.run("reading", {"text": "a cold wind", "face": "Clear Sans"})
    while True:
        try:
            item = next(steps)
        except StopIteration as end:
            found = end.value
            break
        if not isinstance(item, Progress):
            parts.append(item)
    assert len(parts) == 1 and "model" not in parts[0]["readings"]
    assert found["readings"]["model"].lower() == "a cold wind"
    assert found["rates"]["model"] == (0, 0)


def test_the_seed_decides_the_noise_and_nothing_else_does() -> None:
    pages = [run(noise=0.3, seed=seed)["page"] for seed in (1, 1, 2)]
    assert pages[0] == pages[1] != pages[2]


def test_probabilities_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.random((5, 784), np.float32)
    (layer,) = reading.networks(DATA[reading.NETWORKS])["linear"]
    expected = log_softmax((pictures - 0.5) @ layer.weights + layer.bias, axis=1)
    found = reading.log_probabilities([layer], pictures)
    assert np.allclose(found, expected, atol=1e-4)


def test_letters_that_touch_are_cut_only_if_asked() -> None:
    cut, whole = (run(face="Clear Sans", spacing=0, cut=cut) for cut in (True, False))
    assert len(cut["letters"]) > len(whole["letters"]) == len(whole["cells"])
    assert any(made for *_, made in cut["cuts"]) and not any(made for *_, made in whole["cuts"])
    assert cut["rates"]["none"][0] < whole["rates"]["none"][0]


def test_a_picture_of_the_visitors_is_read_like_the_page() -> None:
    settings = reading.Settings(face="Clear Sans", text="a cold wind")
    page, _ = reading.page_of(settings, reading.faces(DATA[reading.FACES_FILE])["Clear Sans"])
    shades = np.round(255 * (1 - page)).astype(np.uint8)
    found = run({"image": shades.tobytes(), "width": shades.shape[1]})
    assert found["readings"]["none"] == "A COLD WIND" and found["wanted"] == "" and not found["rates"]
    light_on_dark = run({"image": (255 - shades).tobytes(), "width": shades.shape[1]})
    assert light_on_dark["readings"] == found["readings"]


@pytest.mark.parametrize(
    "data",
    [
        {"image": b"", "width": 8},
        {"image": b"x" * 64, "width": 0},
        {"image": b"x" * 65, "width": 8},
        {"image": [0] * 64, "width": 8},
        {"image": b"x" * 64, "width": "8"},
        {"image": bytes(page_cells.MOST_PIXELS + 1000), "width": 1000},
        {"image": bytes(64), "width": 8},
        {"image": b"\xff" * 6400, "width": 80},
        {"image": np.random.default_rng(0).integers(0, 256, 1_000_000, np.uint8).tobytes(), "width": 1000},
    ],
    ids=["empty", "no width", "half a row", "a list", "a text", "too large", "black", "white", "noise"],
)
def test_what_is_no_page_is_refused(data: dict[str, Any]) -> None:
    with refused(SettingsError, "setting-range"):
        run(data)


@pytest.mark.parametrize("seed", range(3))
def test_the_page_parts_words_as_a_run_with_that_gap(seed: int) -> None:
    settings = {"seed": seed, "noise": 0.25, "spacing": 2 - seed, "face": "Arimo"}
    data = plain(run(**settings))
    gaps = (-0.1, 0.0, 0.04, 0.5, 0.54, 0.56, 1.0)
    given = {"own": None, "data": data}
    found = at_once("reading", [given | {"settings": {**data["settings"], "gap": gap}} for gap in gaps])
    for gap, answered in zip(gaps, found, strict=True):
        again = plain(run(gap=gap, **settings))
        assert answered["data"]["letters"] == again["letters"] and not answered["isWhole"]
        assert answered["data"]["readings"] == {"none": again["readings"]["none"]}
        assert answered["data"]["rates"]["none"] == again["rates"]["none"]
    assert len({answered["data"]["readings"]["none"] for answered in found}) > 4


@pytest.mark.parametrize("text", ["", "123 !", "a" * 161])
def test_a_text_without_letters_or_with_too_many_is_refused(text: str) -> None:
    with refused(SettingsError, "setting-range"):
        run(text=text)


@pytest.mark.parametrize("name", [reading.NETWORKS, reading.FACES_FILE, reading.WORDS])
def test_damaged_files_are_refused(name: str) -> None:
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    for content in (b"", DATA[name][:1000] + b"\xff", empty.getvalue()):
        with refused(SettingsError, "lab-data"):
            run({"files": {name: content}})


def test_the_picture_is_a_png_of_the_page() -> None:
    page = np.linspace(0, 1, 35, dtype=np.float32).reshape(5, 7)
    content = base64.b64decode(reading.png(page).removeprefix("data:image/png;base64,"))
    assert content[:8] == b"\x89PNG\r\n\x1a\n" and content[16:26] == bytes([0, 0, 0, 7, 0, 0, 0, 5, 4, 0])
    start = content.index(b"IDAT")
    size = int.from_bytes(content[start - 4 : start])
    body = content[start : start + 4 + size]
    assert zlib.crc32(body) == int.from_bytes(content[start + 4 + size :][:4])
    rows = np.frombuffer(zlib.decompress(body[4:]), np.uint8).reshape(5, 1 + 4)
    shades = np.stack([rows[:, 1:] >> 4, rows[:, 1:] & 15], axis=-1).reshape(5, 8)[:, :7]
    assert not rows[:, 0].any() and np.abs(shades / 15 - (1 - page)).max() <= 0.5 / 15 + 1e-6


def test_every_spoiled_page_is_read_or_refused() -> None:
    for settings in (
        {"rotation": 6.0, "noise": 0.6, "blur": 3.0},
        {"rotation": -6.0, "spacing": -4},
        {"noise": 0.6},
        {"blur": 3.0, "spacing": 8, "text": "I"},
    ):
        try:
            found = run(**settings)
        except SettingsError as error:
            assert error.code == "setting-range"
        else:
            assert found["readings"].keys() == {"none", "corrected", "words"}


def test_the_model_reads_letters_that_are_certain_as_they_are() -> None:
    files = experiments._complete({}, reading.files(reading.Settings()))
    loaded, spelled = reading.language_model(*(files[reading.FOLDER + name] for name in reading.MODEL))
    words = [page_images.lines_of(word)[0] for word in ("qzxwv", "the", "mat")]
    logs = [np.where(np.arange(26) == np.array([[ord(c) - 65] for c in word]), 0.0, -60.0) for word in words]
    found = finish(word_beam.read(loaded.model, loaded.tokenizer, spelled, logs))
    assert found.upper() == "QZXWV THE MAT"


def test_the_score_of_the_best_path_is_that_of_its_tokens() -> None:
    """With a beam that drops nothing, brute force over all spellings of two letters finds nothing better."""
    files = experiments._complete({}, reading.files(reading.Settings()))
    loaded, spelled = reading.language_model(*(files[reading.FOLDER + name] for name in reading.MODEL))
    rng = np.random.default_rng(3)
    logs = log_softmax(0.5 * rng.standard_normal((2, 26)), axis=1)
    found = finish(word_beam.read(loaded.model, loaded.tokenizer, spelled, [logs], width=60))

    start = loaded.model.new_state()
    first = loaded.model.forward(loaded.tokenizer.encode(word_beam.START), start)
    first = log_softmax(np.asarray(first, np.float64))
    scores: dict[str, float] = {}
    for size, group in spelled.inner.items():
        if size > 2:
            continue
        for token, letters in zip(group.ids, group.letters, strict=True):
            score = first[token] + logs[np.arange(size), letters].sum()
            if size == 2:
                scores[spelled.texts[token]] = max(score, scores.get(spelled.texts[token], -np.inf))
                continue
            state = start.copy()
            after = log_softmax(np.asarray(loaded.model.forward([int(token)], state), np.float64))
            last = spelled.inner[1]
            for other, letter in zip(last.ids, last.letters[:, 0], strict=True):
                text = spelled.texts[token] + spelled.texts[other]
                total = score + after[other] + logs[1, letter]
                scores[text] = max(total, scores.get(text, -np.inf))
    assert found == max(scores, key=scores.__getitem__)
