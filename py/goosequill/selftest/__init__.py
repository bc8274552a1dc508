"""Checks of the engine where it runs: what the page selftest/ asks Python for."""
