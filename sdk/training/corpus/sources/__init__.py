"""Synthesisers that say a line and know when each of its phones sounds. Each loads only when it is made."""
