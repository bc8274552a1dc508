"""Ways to choose a text other than drawing token by token."""
