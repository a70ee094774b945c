"""Command line of the exporter: see `export.cli`."""

from export.cli import main

main()
