"""Measures of models and of texts, sampling reports, and blind votes."""
