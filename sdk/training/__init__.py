"""Corpora, losses, recipes and distillation: what makes trained weights."""
