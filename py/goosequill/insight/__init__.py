"""What a model makes of a text: the share of each word, what each layer predicts, what the state holds."""
