"""Command line of the exporter: see `export.cli`."""

import sys

try:
    from export.cli import main
except KeyboardInterrupt:  # PyTorch alone takes seconds to import: time to think better of it
    sys.stderr.write("\npython -m export: interrupted\n")
    sys.exit(130)

main()
