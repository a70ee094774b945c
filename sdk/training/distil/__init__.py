"""Distillation: an offline model labels plain audio, and a student learns to say the same without waiting."""
