"""Ways to choose a text other than sampling token by token."""
