"""The kernel's interface: what was generated from its tables is up to date, and the tables fit each other."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from scripts import abi as writer

from goosequill.kernels import Activation, abi
from goosequill.kernels.native import sources


@pytest.mark.parametrize(("path", "write"), [(writer.HEADER, writer.header), (writer.MODULE, writer.module)])
def test_the_generated_files_are_up_to_date(path: Path, write: writer.Writer) -> None:
    assert path.read_text(encoding="utf-8") == write(), "run: python scripts/abi.py"


def test_every_activation_of_the_models_has_a_number() -> None:
    assert set(abi.ACTIVATIONS) == {"none", *get_args(Activation)}


def test_a_shortlist_begins_with_the_fields_of_a_product() -> None:
    """simd.c reads the operands of both by one function."""
    common = list(abi.FIELDS["product"])[:11]
    assert list(abi.FIELDS["shortlist"])[:11] == common
    assert common[-1] == "activation"


def test_the_hash_of_the_sources_covers_every_header() -> None:
    folder = Path(abi.__file__).parent
    assert set(sources()) == {folder / "simd.c", *folder.rglob("*.h")}
    assert folder / "simd" / "abi.h" in sources()
