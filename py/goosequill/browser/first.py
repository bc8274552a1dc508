"""What a first text or reply of the default model imports and compiles, and the tables of all jobs.

The build copies Python's memory with that; everything else is imported when it is used.
"""

import encodings.utf_8_sig  # noqa: F401
import sys

import goosequill.browser.bridge  # noqa: F401
from goosequill.browser.jobs import all_jobs, find
from goosequill.tokenizers.pretokenize import GPT2_PATTERN
from goosequill.tokenizers.unicode_classes import compile_pattern

all_jobs()
for name in ("generate", "say"):
    find(name)
compile_pattern(GPT2_PATTERN)


def awake() -> None:
    """Do what remains when Python has started from the copy.

    Pyodide adds the current folder to the path at each start, and random numbers should not be the same
    again.
    """
    sys.path.pop(0)
    if "random" in sys.modules:
        sys.modules["random"].seed()
