"""The command line: `goosequill COMMAND ...`, one module a command."""
