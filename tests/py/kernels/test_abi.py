"""The kernel's interface: its tables fit each other."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from goosequill.kernels import Activation, abi
from goosequill.kernels.native import sources


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
