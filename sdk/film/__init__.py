"""Clips and filmstrips of the default face: what a bundle does, to be looked at (extra ``render``)."""
