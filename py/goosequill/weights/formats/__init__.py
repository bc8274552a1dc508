"""Readers of weight files, one format per module.

Each module has `matches(source)`, whether a file's first bytes are those of the format, and
`open_source(source)`, which returns its tensors. `goosequill.weights.opening` lists the modules.
"""
