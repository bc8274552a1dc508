import pytest

from goosequill.errors import UnsupportedModelError
from goosequill.models import load_model
from goosequill.tuning.versions import gradient_of
from tests.py.checkpoints import MAKERS, source_of


def test_a_version_without_a_gradient_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedModelError, match="RWKV-6 models cannot be tuned") as caught:
        gradient_of(load_model(source_of(MAKERS["6"]())))
    assert caught.value.code == "tuning-version"
