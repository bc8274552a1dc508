"""Readers that turn files into plain text with headings, one format a file."""

from goosequill.search.documents.document import Block, Document
from goosequill.search.documents.pdf import from_pages
from goosequill.search.documents.reading import ReadOptions, Skipped, Source, read

__all__ = ["Block", "Document", "ReadOptions", "Skipped", "Source", "from_pages", "read"]
