"""What tests of several rooms use."""

from pathlib import Path

import pytest

from goosequill.loading.load import LoadedModel, load_path

MODEL = Path(__file__).parents[2] / "site" / "models" / "default"


@pytest.fixture(scope="session")
def loaded() -> LoadedModel:
    """The model that the site ships."""
    return load_path(MODEL)
