"""The embedding models give the same vectors in the built engine's Python as natively."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from goosequill.search.embedders import open_folder

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "dist" / "models"
SCRIPT = ROOT / "tests" / "js" / "search" / "embed-in-pyodide.js"
TEXTS = ["How do I make the text less random?", "Größe: 日本 \U0001f600", "word " * 300]

pytestmark = pytest.mark.skipif(
    not (MODELS / "minilm" / "config.json").is_file(), reason="the site has not been built"
)


@pytest.mark.parametrize("name", ["minilm", "minilm-static"])
def test_vectors_are_those_of_the_native_model(name: str) -> None:
    result = subprocess.run(
        ["node", str(SCRIPT), str(MODELS / name), *TEXTS], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    native = open_folder(MODELS / name)
    assert found["name"] == native.name
    assert found["kernel"] in ("relaxed", "plain")
    cosines = (np.array(found["vectors"], np.float32) * native.embed(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.9999
