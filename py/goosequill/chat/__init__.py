"""Conversations: how a model's turns are written, what was said, and saved states to begin from."""
