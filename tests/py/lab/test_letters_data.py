"""The letters: every face licensed and in one split, jitter as SciPy resamples, damaged files refused."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from goosequill.errors import SettingsError
from goosequill.lab import letters_data as data
from tests.py.refusals import refused

FOLDER = Path(data.__file__).parent / "data"
MANIFEST = json.loads((FOLDER / "letters.json").read_text(encoding="utf-8"))
FACES = [dict(zip(MANIFEST["columns"], row, strict=True)) for row in MANIFEST["faces"]]


@pytest.fixture(scope="module")
def letters() -> data.Letters:
    return data.read(classes=26)


def test_the_files_are_small_and_every_licence_stands_beside_them() -> None:
    files = list(FOLDER.glob("letters*"))
    assert len(files) >= 4 and sum(file.stat().st_size for file in files) < 2_000_000
    notices = (FOLDER / "letters.LICENSES.md").read_text(encoding="utf-8")
    for face in FACES:
        assert f"{face['package']} {face['version']}: " in notices
    for licence in {name for face in FACES for name in face["licence"].split(" and ")}:
        text = notices.partition(f"\n## {licence}\n")[2].partition("\n## ")[0]
        assert len(text) > 60, licence
    assert not any("GPL" in face["licence"] for face in FACES)


def test_a_family_is_in_one_split_and_the_manifest_says_which(letters: data.Letters) -> None:
    splits = {face["family"].split()[0]: face["split"] for face in FACES}
    assert all(splits[face["family"].split()[0]] == face["split"] for face in FACES)
    for face, split in zip(letters.faces, letters.splits, strict=True):
        assert FACES[face]["split"] == data.SPLITS[split]
    assert {
        split: sum(face["split"] == split for face in FACES) > 100 for split in data.SPLITS
    } == dict.fromkeys(data.SPLITS, True)


def test_no_face_is_a_copy_of_one_in_another_split(letters: data.Letters) -> None:
    of_a_to_j = letters.labels < 10
    rows = letters.ink[of_a_to_j].reshape(len(FACES), -1)
    splits = letters.splits[of_a_to_j].reshape(len(FACES), 10)[:, 0]
    train, others = rows[splits == 0], rows[splits != 0]
    apart = (train**2).sum(axis=1) - 2 * others @ train.T  # squared distances, but for a constant in each row
    nearest = [
        np.abs(train[near] - row).mean(axis=1).min()
        for near, row in zip(apart.argsort()[:, :3], others, strict=True)
    ]
    assert min(nearest) > 0.01


def test_a_to_j_has_every_face_and_k_to_z_one_per_family(letters: data.Letters) -> None:
    counts = np.bincount(letters.labels)
    families = {face["family"] for face in FACES}
    assert counts.tolist() == [len(FACES)] * 10 + [len(families)] * 16
    first = data.read(classes=10)
    assert first.classes == 10 and np.array_equal(first.images, letters.images[letters.labels < 10])


def test_letters_fill_the_middle(letters: data.Letters) -> None:
    assert letters.images.max() == 15
    assert not letters.images[:, :3].any() and not letters.images[:, -3:].any()
    assert (letters.images.reshape(len(letters.images), -1).sum(axis=1) > 100).mean() > 0.99


def test_resampling_equals_scipy() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    rng = np.random.default_rng(0)
    ink = rng.random((40, data.PIXELS), np.float32)
    maps = data.transforms(40, rng)
    found = data.resample(ink, maps).reshape(-1, 28, 28)
    for image, (linear, offset), ours in zip(
        ink.reshape(-1, 28, 28),
        ((m[::-1, 1::-1], m[::-1, 2]) for m in maps.astype(float)),
        found,
        strict=True,
    ):
        shift = offset + 13.5 - linear @ [13.5, 13.5]
        theirs = ndimage.affine_transform(image.astype(float), linear, shift, order=1, mode="grid-constant")
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_the_maps_turn_shear_and_scale_within_their_bounds() -> None:
    maps = data.transforms(20_000, np.random.default_rng(1)).astype(float)
    scale = np.linalg.det(maps[:, :, :2]) ** -0.5
    assert np.exp(-0.15) - 1e-5 < scale.min() < 0.87 and 1.15 < scale.max() < np.exp(0.15) + 1e-5
    # The middle of the letter moves by the shift alone.
    middle = -np.linalg.solve(maps[:, :, :2], maps[:, :, 2:])[:, :, 0]
    assert 1.99 < np.abs(middle).max() < 2 + 1e-4
    unsheared = np.linalg.inv([[1, data.SHEAR], [0, 1]]) @ maps[0, :, :2]
    assert unsheared.shape == (2, 2)
    ratio = maps[:, 1, 0] / maps[:, 1, 1]  # minus the tangent of the angle, whatever the shear
    assert 0.25 < np.abs(ratio).max() < np.tan(np.pi / 12) + 1e-5


def test_a_map_that_moves_nothing_changes_nothing(letters: data.Letters) -> None:
    still = np.tile(np.eye(2, 3, dtype=np.float32), (50, 1, 1))
    np.testing.assert_array_equal(data.resample(letters.ink[:50], still), letters.ink[:50])


def test_samples_are_balanced_seeded_and_of_one_split(letters: data.Letters) -> None:
    first = data.read()
    made = data.sample(first, "validation", 5003, rng=np.random.default_rng(3))
    again = data.sample(first, "validation", 5003, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(made.pixels, again.pixels)
    counts = np.bincount(made.labels, minlength=10)
    assert counts.max() - counts.min() == 1 and counts.sum() == 5003
    assert set(first.splits[made.sources]) == {1}
    uses = np.bincount(made.sources)
    uses = uses[first.members("validation")]
    assert uses.max() - uses.min() == 1, "every face before one comes again"
    np.testing.assert_array_equal(made.labels, first.labels[made.sources])
    assert made.pixels.dtype == np.float32 and made.pixels.min() == -0.5 and made.pixels.max() <= 0.5
    other = data.sample(letters, "train", 260, rng=np.random.default_rng(4))
    assert np.bincount(other.labels).tolist() == [10] * 26


def test_without_jitter_the_letters_are_the_clean_ones() -> None:
    letters = data.read()
    made = data.sample(letters, "test", 100, rng=np.random.default_rng(5), jitter=False)
    np.testing.assert_allclose(made.pixels + np.float32(0.5), letters.ink[made.sources], atol=1e-7)


def test_the_nearest_letter_to_a_training_letter_is_itself() -> None:
    letters = data.read()
    index = letters.members("train")[123]
    found = data.nearest(letters, letters.ink[index] - np.float32(0.5), 5)
    assert found[0] == index and len(set(found)) == 5 and set(letters.splits[found]) == {0}


def damaged() -> dict[str, dict[str, bytes]]:
    good = (FOLDER / "letters-a-j.npz").read_bytes()

    def archive(**arrays: object) -> bytes:
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    columns = {"labels": np.zeros(3), "faces": np.zeros(3), "splits": np.zeros(3)}
    return {
        "missing": {},
        "empty": {"letters-a-j.npz": b""},
        "truncated": {"letters-a-j.npz": good[:5000]},
        "altered": {"letters-a-j.npz": good[:5000] + bytes(100) + good[5100:]},
        "other": {"letters-a-j.npz": b"<!doctype html>"},
        "shape": {"letters-a-j.npz": archive(letters=np.zeros((2, 392), np.uint8), **columns)},
        "columns": {"letters-a-j.npz": archive(letters=np.zeros((3, 392), np.uint8))},
        "pickle": {"letters-a-j.npz": archive(letters=np.array([{}], object), **columns)},
    }


@pytest.mark.parametrize("name", damaged())
def test_damaged_files_are_refused(name: str) -> None:
    with refused(SettingsError, "lab-data"):
        data.read(damaged()[name])
