"""Faces and channel sets that a model's output can drive."""
