"""The reference runtime: a session streams speech through an executor."""
