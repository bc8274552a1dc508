"""Search by meaning: documents are split into passages, embedded, indexed and ranked for a question."""
