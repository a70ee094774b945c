"""`python -m export`: lower a model's stages to every target, prove parity, and write one bundle."""
