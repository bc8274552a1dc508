"""Readers of weight files, one format a module."""
