"""The interface of the compiled kernel as plain data: operations, their fields, limits, exported functions.

Python reads these tables directly. `scripts/abi.py` writes them as kernels/simd/abi.h for C and as
site/engine/abi.js for the helper threads; both files are committed, and a test fails if they are stale.

Fields and arguments are C declarations. Everything in a step is one machine word: an address or a size.
"""

from __future__ import annotations

from collections.abc import Mapping

from goosequill.kernels import activations
from goosequill.weights.packing import PANEL
from goosequill.weights.quantize import GROUP

_PRODUCT = (
    # out is [tokens, rows], inputs [tokens, columns], bias [rows] or 0. There is one scale per row in 8 bits;
    # in 4 bits the scales are among the weights. scratch has `scratch_words` words per token.
    "float *out, const void *weights, const float *scales, const float *inputs, const float *bias, "
    "int *scratch, word tokens, word columns, word rows, word activation"
)

OPERATIONS: Mapping[str, str] = {
    "embed": "float *out, const void *table, const float *scales, const int *ids, word tokens, word width, "
    "word bits",
    # Each of the rows, of this size, is normalized by itself; weight and bias repeat after `heads` rows.
    "normalize": "float *out, const float *x, const float *weight, const float *bias, word rows, word size, "
    "word heads, const float *eps",
    # out has two rows more than x, the gradients of weight and bias.
    "normalize_back": "float *out, const float *slope, const float *x, const float *weight, word rows, "
    "word size, word heads, const float *eps",
    # count is the number of vectors of weights, and of results.
    "mix": "float *out, const float *x, float *previous, const float *weights, word tokens, word width, "
    "word count",
    # slopes has `count` parts; out has `count` rows more than x, the gradients of the weights.
    "mix_back": "float *out, const float *slopes, const float *x, const float *weights, word tokens, "
    "word width, word count",
    "shift": "float *out, const float *x, float *previous, word tokens, word width",
    # period is the length after which the last operand repeats.
    "lerp": "float *out, const float *a, const float *b, const float *weight, word size, word period",
    "add": "float *out, const float *a, const float *b, word size, word period",
    "multiply": "float *out, const float *a, const float *b, word size, word period",
    # form is the bits of a weight in panels, or one of FORMS. Whoever divides a product writes first_row and
    # end_row, the range to compute now. joined, in the first of the products that are computed as one, counts
    # them; it is 0 in the others. The rows after the `first_part` are `gap` bytes further than if the matrix
    # were in one place.
    "product": f"{_PRODUCT}, word form, word first_row, word end_row, word joined, word gap",
    "wkv4": "float *out, const float *k, const float *v, const float *decay, const float *bonus, "
    "float *state, word tokens, word width",
    # out has two parts and two rows; spare is memory for a state of each token.
    "wkv4_back": "float *out, const float *slope, const float *k, const float *v, const float *decay, "
    "const float *bonus, float *state, word tokens, word width, float *spare",
    # decay_step leads from one token's decays to the next one's; it is 0 if all tokens share them.
    "wkv5": "float *out, const float *r, const float *k, const float *v, const float *decay, "
    "word decay_step, const float *bonus, float *state, word tokens, word heads, word size",
    # spare is memory for two vectors of each head.
    "wkv7": "float *out, const float *r, const float *decay, const float *k, const float *v, "
    "const float *removal, const float *a, float *state, word tokens, word heads, word size, float *spare",
    # out has six parts; spare is memory for `kept` states of a head, one for each `kept` tokens, one more and
    # one of its rows.
    "wkv7_back": "float *out, const float *slope, const float *r, const float *decay, const float *k, "
    "const float *v, const float *removal, const float *a, float *state, word tokens, word heads, word size, "
    "float *spare",
    "delta_keys": "float *unit, float *keys, const float *k, const float *a, const float *removal, "
    "const float *replacement, word tokens, word heads, word size",
    "head_bonus": "float *out, const float *r, const float *k, const float *v, const float *weight, "
    "word tokens, word heads, word size",
    # x is [tokens, size], base [tokens, size * columns]; rows has at least as many rows as base.
    "deep_embed": "float *out, const float *x, const float *rows, const float *base, word tokens, word size, "
    "word columns",
    # All logits become exact from the count-th highest on, and those less than so many thousandths below it.
    # reach is what the function sketch measured. indices is memory for one of every panel and row, and one
    # more, then for as many floats. C itself changes rest, for how many tokens no sketch is read, and pause,
    # for how many that was when it began.
    "shortlist": f"{_PRODUCT}, const float *reach, word *indices, word count, word thousandths, word rest, "
    "word pause",
    # q, k and v are [tokens, heads * size]; count is the number of sequences, whose lengths add up to tokens.
    # scratch has attention_words words.
    "attention": "float *out, const float *q, const float *k, const float *v, const int *lengths, "
    "word count, word heads, word size, float *scratch",
}
"""Each operation's fields in a step, after the operation's number, which is its position here."""

ACTIVATIONS = ("none", *activations.ACTIVATIONS)
"""What a product applies to its result; the number is the position here."""

FORMS: Mapping[str, int] = {"pairs": 2}
"""How a matrix is stored. For one in panels, the form is the number of bits, 32, 8 or 4."""

TYPES = ("F32", "F16", "BF16")
"""How weights to quantize are stored (`goosequill.weights.elements`); the number is the position here."""

LIMITS: Mapping[str, int] = {
    "step_words": 1 + max(len(fields.split(", ")) for fields in OPERATIONS.values()),
    "panel": PANEL,  # rows of a panel
    "group": GROUP,  # columns that share a scale in int4
    "chunk": 64,  # tokens that pass through a matrix at once, at most; a prompt is read in such pieces
    "kept": 16,  # tokens from one state that wkv7_back keeps to the next; those between are computed again
    "max_joined": 8,  # products that are computed as one, at most
}

EXPORTS: Mapping[str, tuple[str, str]] = {
    "run": ("void", "step *steps, word count, word (*share)(step *)"),
    "pack": (
        "void",
        "signed char *out, const signed char *weights, const short *scales, word rows, word columns, "
        "word form",
    ),
    "quantize": (
        "word",
        "signed char *out, float *scales, const void *weights, float *row, word rows, word columns, "
        "word type, word bits",
    ),
    "sketch": (
        "void",
        "signed char *out, float *reach, const signed char *weights, const float *scales, word rows, "
        "word columns",
    ),
    "turned": ("word", "word columns, word form"),
    "turn": (
        "void",
        "signed char *out, const signed char *weights, word bytes, word columns, word form, word back",
    ),
    "scratch_words": ("word", "word columns, word form"),
    "first_part": ("word", "word rows"),
    "attention_words": ("word", "word size, word longest"),
    "nearest": (
        "word",
        "word *indices, double *scores, const signed char *vectors, const float *scales, "
        "const int *question, const short *high, word n, word columns, word count, double step",
    ),
    "nearest_bits": (
        "void",
        "word *indices, int *found, unsigned short *distances, word *counts, const unsigned char *bits, "
        "const unsigned char *question, word n, word bytes, word count",
    ),
    "highest_logit": ("float", "const float *logits, word n"),
    "argmax": ("word", "const float *logits, word n"),
    "weigh_logits": ("double", "float *weights, const float *logits, word n, float highest"),
    "temper_logits": ("void", "float *out, const float *logits, word n, double highest, double temperature"),
    "cumulative_index": ("word", "const float *weights, word n, double target"),
    "at_least": ("word", "word *indices, const float *values, word n, float limit"),
    "leading": (
        "word",
        "word *indices, const float *values, const float *weights, word n, double mass, float limit",
    ),
}
"""What Python calls: the type of the result, and the arguments."""

HELPER_EXPORTS: Mapping[str, tuple[str, str]] = {
    "product_begin": ("void", "const step *steps"),
    "product_rows": ("void", "const step *steps"),
    "product_ahead": ("word", "const step *steps, word done"),
}
"""What helper threads of a browser call."""

NATIVE_EXPORTS: Mapping[str, tuple[str, str]] = {
    "share_rows": ("word", "step *steps"),
    "set_threads": ("void", "word threads"),
    "help": ("word", "word patience"),
    "processor_level": ("word", "void"),
}
"""What only native builds have (simd/threads.h)."""

NUMBERS: Mapping[str, int] = {operation: number for number, operation in enumerate(OPERATIONS)}
"""The number of each operation, which is the first word of its steps."""

FIELDS: Mapping[str, Mapping[str, int]] = {
    operation: {
        declaration.replace("*", " ").split()[-1]: index
        for index, declaration in enumerate(f"word operation, {declarations}".split(", "))
    }
    for operation, declarations in OPERATIONS.items()
}
"""The index in a step of each field of each operation."""
