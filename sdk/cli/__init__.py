"""The command line of `python -m sdk`, one module a command."""
