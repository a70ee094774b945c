"""Layers that several models share, each with a whole-clip form and a streaming step."""
