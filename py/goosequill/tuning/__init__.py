"""Tuning: a model takes on a manner from examples or ratings, and an adapter file keeps what it learned."""
