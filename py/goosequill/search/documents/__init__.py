"""Readers that turn files into plain text with headings, one format a file."""
