"""What serves every room and imports none: budgets for files and JSON, text that may be printed, progress."""
