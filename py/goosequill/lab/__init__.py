"""The laboratory: learning experiments that compute plain arrays and never draw."""
