"""Forms that an output must have: regular expressions and JSON schemas, as byte automata."""
