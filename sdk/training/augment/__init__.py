"""Augmentation of labelled speech: one idea a file, each a pure function of its input and a seeded generator.

`speaker` and `silences` change when things happen, so they change the phones too, and the teacher sees their result.
The others change only how it sounds: the labels stay.
"""
