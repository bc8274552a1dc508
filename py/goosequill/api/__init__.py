"""What a program needs to run a model: `load` one by path or id, and write with it. Not part of a page."""
