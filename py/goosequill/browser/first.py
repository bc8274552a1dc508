"""What a first text of the default model imports and compiles, so that a copy of Python's memory has it."""

import encodings.utf_8_sig  # noqa: F401

import goosequill.chat.jobs  # noqa: F401
from goosequill.tokenizers.pretokenize import GPT2_PATTERN
from goosequill.tokenizers.unicode_classes import compile_pattern

compile_pattern(GPT2_PATTERN)
