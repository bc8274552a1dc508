"""The kernel's interface: its tables fit each other."""

from pathlib import Path

from scripts import abi as writer

from goosequill.kernels import ACTIVATIONS, abi
from goosequill.kernels.native import sources
from tests.py.kernels import plain


def test_every_activation_has_a_number_a_case_in_c_and_a_float64_reference() -> None:
    assert ("none", *ACTIVATIONS) == abi.ACTIVATIONS
    assert set(plain.ACTIVATIONS) == set(ACTIVATIONS)
    assert all(
        f"case {name.upper()}: {code} break;" in writer.header() for name, (_, code) in ACTIVATIONS.items()
    )


def test_a_shortlist_begins_with_the_fields_of_a_product() -> None:
    """simd.c reads the operands of both by one function."""
    common = list(abi.FIELDS["product"])[:11]
    assert list(abi.FIELDS["shortlist"])[:11] == common
    assert common[-1] == "activation"


def test_the_hash_of_the_sources_covers_every_header() -> None:
    folder = Path(abi.__file__).parent
    assert set(sources()) == {folder / "simd.c", *folder.rglob("*.h")}
    assert folder / "simd" / "abi.h" in sources()
