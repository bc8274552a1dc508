"""Conversations: text formats of messages, conversations with a model, saved states."""
