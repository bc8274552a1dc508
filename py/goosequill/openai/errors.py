"""Errors with the fields that OpenAI's have: `type`, and `param`, the field of the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from goosequill.errors import GoosequillError, SettingsError

INVALID, SERVER = "invalid_request_error", "server_error"
SERVER_CODES = frozenset({"internal", "model-nan", "model-unloaded", "out-of-memory"})
"""Codes of errors that no other request could avoid."""


def error_type(code: str) -> str:
    """Return OpenAI's type of an error: "server_error" or "invalid_request_error"."""
    return SERVER if code in SERVER_CODES else INVALID


def error_object(error: GoosequillError) -> dict[str, Any]:
    """Return an error as OpenAI's API has it; its message includes the remedy.

    Examples
    --------
    >>> error_object(refusal("n", "a whole number from 1 to 128"))["error"]["param"]
    'n'
    """
    fields = {"message": str(error), "type": error_type(error.code), "param": error.param, "code": error.code}
    return {"error": fields}


def refusal(param: str, wanted: str) -> SettingsError:
    """Return the error that a field of a request cannot have its value."""
    return SettingsError(
        f"“{param}” has to be {wanted}.", code="option", remedy="Change the request.", param=param
    )


@contextmanager
def typed_errors(fields: Mapping[str, str]) -> Iterator[None]:
    """Give errors their type, and the request's names of settings.

    Parameters
    ----------
    fields
        Fields of the request, by the settings that they have become.
    """
    try:
        yield
    except GoosequillError as error:
        error.type = error_type(error.code)
        if error.param:
            error.param = fields.get(error.param, error.param)
        raise
