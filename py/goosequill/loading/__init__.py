"""From files to a model that writes: load, inspect and convert them."""
