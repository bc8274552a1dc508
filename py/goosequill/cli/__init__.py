"""The command line: `goosequill COMMAND ...`, one module per command."""
