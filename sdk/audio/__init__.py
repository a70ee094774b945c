"""Sound in: files, sample formats, resampling to 16 kHz, the sample clock, and the level and log-mel graph layers.

`files`, `pcm`, `resample` and `clock` are numpy and run on the host; `level` and `logmel` are torch layers that models
put inside their stages, so that every target computes them alike.
"""
