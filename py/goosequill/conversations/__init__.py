"""Conversations as trees of messages, and the files in which others keep them."""
