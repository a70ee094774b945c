"""Ceiling study: how well a model without lookahead could speak if it knew every phone from the start of it."""
