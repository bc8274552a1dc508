"""The errors that Goosequill raises for what a person can mend.

Every one carries a stable code (for programs), a sentence that says what went wrong, and a
remedy. Faults of our own code are ordinary Python exceptions and are not caught here.
"""

from __future__ import annotations


class GoosequillError(Exception):
    """A failure that a user can understand and mend.

    Parameters
    ----------
    message
        One sentence: what went wrong, with the name and the figures involved.
    code
        Stable kebab-case identifier, for example ``"file-truncated"``.
    remedy
        One sentence: what to do about it; may be empty.
    """

    default_code = "error"

    def __init__(self, message: str, *, code: str | None = None, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()

    def to_dict(self) -> dict[str, str]:
        """Return the form in which the error crosses to JavaScript or JSON."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy}


class FileFormatError(GoosequillError):
    """A file is damaged, truncated or not of a format that Goosequill reads."""

    default_code = "file-format"


class UnsupportedModelError(GoosequillError):
    """The file is sound, but holds a model that Goosequill does not run."""

    default_code = "unsupported-model"


class TokenizerError(GoosequillError):
    """A tokenizer file is unsound, or does not fit the model's vocabulary."""

    default_code = "tokenizer"


class SettingsError(GoosequillError):
    """A setting is out of range, unknown, or contradicts another."""

    default_code = "settings"


class LoadError(GoosequillError):
    """A model could not be fetched or does not fit into memory."""

    default_code = "load"
