"""The package's own facts."""

import re

import goosequill


def test_version_is_semantic() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", goosequill.__version__)
