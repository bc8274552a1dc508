"""Goosequill: RWKV language models in pure numpy, natively and inside a web page."""

__version__ = "0.1.0"
