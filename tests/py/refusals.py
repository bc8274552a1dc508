"""What a test expects to be refused, by the code of the error."""

from typing import Any

import pytest


def refused(kind: type[Exception], code: str, **options: Any) -> Any:
    """Expect an error of a kind with this code; `options` are those of `pytest.raises`."""

    def has_the_code(error: Any) -> bool:
        return bool(error.code == code)

    return pytest.raises(kind, check=has_the_code, **options)
