"""What serves every room and imports none: bounded files and JSON, text that may be printed, progress."""
