"""The native runtime in Python: how the library is built for this machine, found and called."""
