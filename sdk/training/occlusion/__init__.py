"""Occlusion study: what a tracked face looks like while the tracker does not see it, with sound and without."""
