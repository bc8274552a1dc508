"""Small random models over bytes, and a text for them."""

from functools import cache

from goosequill.kernels import load_kernel
from goosequill.models import Model, load_model
from goosequill.tokenizers import load_tokenizer
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from tests.py.checkpoints import MAKERS

BYTE = load_tokenizer("byte")
TEXT = "The cat sat on the mat, because the mat was warm. The cat"
VERSIONS = tuple(MAKERS)


@cache
def small_model(version: str, kernel: str = "auto") -> Model:
    data = b"".join(encode(MAKERS[version](vocab=256).items()))
    return load_model(open_tensors(BytesSource(data)), kernel=load_kernel(kernel))
