"""Targets: one table row each, and the exact rewrites that some of them need."""
