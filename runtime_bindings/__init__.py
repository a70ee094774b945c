"""Bindings: what runs a bundle in each language."""
