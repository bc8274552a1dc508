"""Make the laboratory's letters: A to Z from the permissively licensed fonts of Debian.

Run it on Debian, in an environment with pillow and fonttools:

    PYTHONPATH=py python scripts/lab_data/letters.py --work /tmp/fonts

It downloads the font packages, keeps the faces whose licence lets anyone do anything with a notice, draws
their letters, drops copies and faces that are not Latin letters, splits the families into train, validation
and test, and writes ``letters-*.npz``, ``letters.json`` and ``letters.LICENSES.md`` into
``py/goosequill/lab/data``. ``letters_data`` reads them.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray
from scripts.lab_data import licences

from goosequill.lab import letters as regression
from goosequill.lab.letters_data import ALPHABET, SPLITS

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "py/goosequill/lab/data"
FIRST = 10  # the article's letters, A to J, of every face; K to Z of one face per family
SIZE, INNER, FINE = 28, 20, 8  # pixels of a letter's side; of its ink's longer side; samples per pixel
LARGEST_PACKAGE = 26_000_000  # bytes; the larger ones are Chinese, Japanese and Korean
NEAR = 0.02  # two faces with a smaller mean difference of their pixels (0 to 1) are copies of one another
FOREIGN = 0.25  # a face of whose letters a smaller share is recognized is not Latin
STYLES = re.compile(
    r"\b(thin|hairline|light|book|regular|roman|normal|medium|demi|bold|black|heavy|italic|oblique|condensed|cond"
    r"|narrow|expanded|compressed|wide|semi|extra|ultra|(semi|demi|extra|ultra)(light|bold|black)|variable|vf)\b"
)
Pixels = NDArray[np.uint8]


@dataclass
class Face:
    """One face of a font, and its letters."""

    package: str
    version: str
    file: str
    name: str
    family: str
    rule: licences.Rule  # its licence and copyright
    letters: Pixels = field(repr=False)  # [26, 28, 28], 0 to 15


# ---- Packages ----


def fetch(work: Path) -> list[Path]:
    """Download and unpack every font package of Debian that is not too large; return the folders."""
    names = subprocess.run(
        ["apt-cache", "pkgnames", "fonts-"], check=True, capture_output=True, text=True
    ).stdout.split()
    shown = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", *sorted(names)], capture_output=True, text=True
    ).stdout
    found = re.findall(r"^Package: (\S+)$.*?^Size: (\d+)$", shown, re.MULTILINE | re.DOTALL)
    wanted = [name for name, size in sorted(found) if int(size) < LARGEST_PACKAGE]
    archives = work / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    missing = [name for name in wanted if not any(archives.glob(f"{name}_*.deb"))]
    if missing:
        subprocess.run(["apt-get", "download", "-q", *missing], check=True, cwd=archives)
    folders = []
    for archive in sorted(archives.glob("fonts-*.deb")):
        folder = work / "fonts" / archive.stem.rsplit("_", 1)[0]
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
        folders.append(folder)
    return folders


def read_faces(folder: Path) -> Iterator[Face]:
    """Yield the permissively licensed faces of one package that have the letters A to Z."""
    package, version = unquote(folder.name).split("_", 1)
    copyright_file = folder / "usr/share/doc" / package / "copyright"
    if not copyright_file.is_file():
        return  # a package that only refers to another
    rules = licences.read(copyright_file.read_text(encoding="utf-8", errors="replace"))
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".ttf", ".otf") or not path.is_file() or path.is_symlink():
            continue
        rule = licences.rule_of(rules, path.name)
        if rule and (face := read_face(path, package, version, rule)):
            yield face


def read_face(path: Path, package: str, version: str, rule: licences.Rule) -> Face | None:
    """Return a face, or None if it lacks letters, is damaged, or states a licence that is not permissive."""
    fonts: Any = import_module("fontTools.ttLib")
    try:
        with fonts.TTFont(path, lazy=True) as font:
            known = font.getBestCmap() or {}
            table = font["name"]
            names = table.getBestFamilyName(), table.getBestFullName()
            family, name = (each if re.search(r"\w\w", each or "") else path.stem for each in names)
            stated = " ".join(str(table.getDebugName(index) or "") for index in (13, 14))
    except Exception:  # a damaged or exotic font is left out, whatever is wrong with it
        return None
    if not all(ord(letter) in known for letter in ALPHABET) or licences.forbids(stated):
        return None
    letters = draw(path)
    if letters is None:
        return None
    return Face(package, version, path.name, name, plain_family(family), rule, letters)


def plain_family(name: str) -> str:
    """Return a family's name without words of weight, width and slant, in lower case."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("-", " ").replace("_", " ").lower()
    return " ".join(STYLES.sub(" ", spaced).split()) or spaced


# ---- Drawing ----


def draw(path: Path) -> Pixels | None:
    """Return a face's letters, [26, 28, 28], 0 to 15, each fitted into the middle; None if one is empty."""
    font = import_module("PIL.ImageFont").truetype(str(path), SIZE * FINE)
    try:
        drawn = [fit(ink(font, letter)) for letter in ALPHABET]
    except (OSError, ValueError):
        return None
    return np.stack(drawn)


def ink(font: Any, letter: str) -> Any:
    """Return a large picture of a letter, cropped to its ink."""
    images: Any = import_module("PIL.Image")
    left, top, right, bottom = font.getbbox(letter)
    if not (0 < right - left < 4000 and 0 < bottom - top < 4000):
        raise ValueError("an empty or endless letter")
    image = images.new("L", (right - left + 8, bottom - top + 8))
    import_module("PIL.ImageDraw").Draw(image).text((4 - left, 4 - top), letter, font=font, fill=255)
    box = image.getbbox()
    if box is None:
        raise ValueError("an empty letter")
    return image.crop(box)


def fit(image: Any) -> Pixels:
    """Return a letter in the middle of [28, 28], its longer side 20 pixels, 0 to 15."""
    images: Any = import_module("PIL.Image")
    scale = INNER / max(image.size)
    width, height = (max(1.0, side * scale) for side in image.size)
    # One output pixel reads 1 / scale input pixels; the canvas is placed so that the ink is centred.
    wide, high = SIZE / scale, SIZE / scale
    canvas = images.new("L", (max(1, round(wide)), max(1, round(high))))
    canvas.paste(image, (round((wide - width / scale) / 2), round((high - height / scale) / 2)))
    small = np.asarray(canvas.resize((SIZE, SIZE), images.Resampling.BOX), np.float64)
    return np.asarray(np.round(small * (15 / 255)), np.uint8)


# ---- Choosing ----


def drop_copies(faces: list[Face]) -> list[Face]:
    """Return the faces without those whose letters almost equal an earlier one's.

    Debian has many fonts that borrow their Latin letters from another; a copy in another split would let a
    classifier see its test letters during training.
    """
    flat = np.stack([face.letters.reshape(-1) for face in faces]).astype(np.float32) / 15
    squares = np.einsum("ij,ij->i", flat, flat)
    held, kept = np.empty_like(flat), list[int]()
    for index, row in enumerate(flat):
        among = held[: len(kept)]
        near = squares[kept] - 2 * (among @ row)
        close = np.argsort(near)[:5]  # the nearest by squared distance, up to a constant
        if all(float(np.abs(held[place] - row).mean()) >= NEAR for place in close):
            held[len(kept)] = row
            kept.append(index)
    return [faces[index] for index in kept]


def drop_foreign(faces: list[Face]) -> list[Face]:
    """Return the faces without those whose letters a classifier trained on the others does not recognize.

    Some fonts draw other scripts or symbols at the codes of A to Z.
    """
    flat = (
        np.stack([face.letters for face in faces]).reshape(len(faces), 26, -1).astype(np.float32) / 15 - 0.5
    )
    fold = np.array([hash_of(face.family) % 5 for face in faces])
    right = np.zeros(len(faces))
    for held in range(5):
        train, test = flat[fold != held], flat[fold == held]
        model = regression.fit(
            train.reshape(-1, train.shape[-1]), np.tile(np.arange(26), len(train)), c=0.01, classes=26
        )
        found = regression.logits(model, test.reshape(-1, test.shape[-1])).argmax(1).reshape(-1, 26)
        right[fold == held] = (found == np.arange(26)).mean(1)
    for face, share in sorted(zip(faces, right, strict=True), key=lambda pair: pair[1]):
        if share < FOREIGN + 0.1:
            print(f"{share:.2f} {'drop' if share < FOREIGN else 'keep'} {face.name} ({face.package})")
    return [face for face, share in zip(faces, right, strict=True) if share >= FOREIGN]


def hash_of(text: str) -> int:
    """Return a number that depends on a text only."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def split_of(family: str) -> str:
    """Return a family's split: 70% train, 15% validation, 15% test, by the first word of its name.

    The first word, because families of one design share it: "fira sans", "fira mono".
    """
    place = hash_of(family.split()[0]) % 100
    return "train" if place < 70 else "validation" if place < 85 else "test"


# ---- Writing ----


def write(faces: list[Face], folder: Path) -> None:
    """Write the pictures, the manifest and the notices."""
    faces = sorted(faces, key=lambda face: (face.family, face.name, face.package))
    splits = np.array([SPLITS.index(split_of(face.family)) for face in faces], np.uint8)
    plainest = one_per_family(faces)
    for name, begin, end, chosen in (
        ("a-j", 0, FIRST, list(range(len(faces)))),
        ("k-z", FIRST, 26, plainest),
    ):
        # Face by face: Deflate finds a bold or italic sister's strokes within its window.
        arrays = {
            "letters": halved(np.concatenate([faces[face].letters[begin:end] for face in chosen])),
            "labels": np.tile(np.arange(begin, end, dtype=np.uint8), len(chosen)),
            "faces": np.repeat(np.array(chosen, np.uint16), end - begin),
            "splits": np.repeat(splits[chosen], end - begin),
        }
        write_npz(folder / f"letters-{name}.npz", arrays)
    columns = ["package", "version", "file", "face", "family", "licence", "split"]
    rows = [
        [face.package, face.version, face.file, face.name, face.family, face.rule.licence, SPLITS[split]]
        for face, split in zip(faces, splits, strict=True)
    ]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    text = f'{{"columns": {json.dumps(columns)},\n"faces": [\n{lines}\n]}}\n'
    (folder / "letters.json").write_text(text, encoding="utf-8")


def one_per_family(faces: list[Face]) -> list[int]:
    """Return the index of one face of each family: the one with the fewest words of style in its name."""
    best: dict[str, int] = {}
    for index, face in enumerate(faces):
        known = best.get(face.family)
        if known is None or len(face.name) < len(faces[known].name):
            best[face.family] = index
    return sorted(best.values())


def halved(images: Pixels) -> Pixels:
    """Return pictures of 0 to 15 as bytes of two pixels, the left one in the high half, [n, 392].

    Two columns at a time, from top to bottom: in this order Deflate needs 15% less than row by row.
    """
    pairs = (images[:, :, 0::2] << 4) | images[:, :, 1::2]  # [n, row, pair of columns]
    return np.asarray(pairs.transpose(0, 2, 1).reshape(len(images), -1), np.uint8)


def write_npz(path: Path, arrays: dict[str, Any]) -> None:
    """Write an archive whose bytes depend on its content only."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, buffer.getvalue(), zipfile.ZIP_DEFLATED, 9)


def notices(faces: list[Face], work: Path) -> str:
    """Return the notices of every package that letters come from, and each licence once."""
    parts = [HEAD]
    texts: dict[str, str] = {}
    for folder in sorted({f"{face.package}_{face.version}" for face in faces}):
        package, version = folder.split("_", 1)
        rules = {face.rule for face in faces if face.package == package}
        named = ", ".join(sorted({rule.licence for rule in rules}))
        copyrights = "\n".join(sorted({f"  {rule.notice}" for rule in rules}))
        parts.append(f"{package} {version}: {named}\n{copyrights}\n")
        for rule in rules:
            for name in rule.licence.split(" and "):
                known = texts.get(name, "")
                if (name == rule.licence and len(rule.text) > len(known)) or not known:
                    texts[name] = rule.text
    texts["Apache-2.0"] = "The text is in the file LICENSE of this project."
    texts.setdefault("CC0-1.0", "See https://creativecommons.org/publicdomain/zero/1.0/legalcode.")
    parts += [f"## {name}\n\n```text\n{texts[name]}\n```\n" for name in sorted(texts)]
    return "\n".join(parts)


HEAD = """# Notices of the fonts

The pictures in `letters-a-j.npz` and `letters-k-z.npz` were drawn by scripts/lab_data/letters.py from the
faces that `letters.json` lists. The faces are in these packages of Debian. Each is under the licence after
its name, whose text is below.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="a folder for the packages, about 3 GB")
    work = parser.parse_args().work.resolve()
    faces = [face for folder in fetch(work) for face in read_faces(folder)]
    print(f"{len(faces)} permissively licensed faces with A to Z")
    faces = drop_copies(sorted(faces, key=lambda face: (face.package, face.file)))
    print(f"{len(faces)} without copies")
    faces = drop_foreign(faces)
    print(f"{len(faces)} faces of {len({face.family for face in faces})} families are Latin letters")
    DATA.mkdir(exist_ok=True)
    write(faces, DATA)
    (DATA / "letters.LICENSES.md").write_text(notices(faces, work), encoding="utf-8")
    for path in sorted(DATA.glob("letters*")):
        print(f"{path.stat().st_size:>9} {path.name}")


if __name__ == "__main__":
    main()
