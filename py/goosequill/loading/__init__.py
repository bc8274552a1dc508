"""Finds, loads, inspects and converts a model's files."""
