"""How well texts and models do: perplexity, text metrics, votes, reports."""
