"""What readers of Wavefront's OBJ share."""

from __future__ import annotations


def corner(word: str, listed: int) -> int:
    """The vertex, from 0, of a corner such as ``4/1/1`` or ``-1`` of a face that follows `listed` vertices.

    Numbers count from 1, or back from the last vertex so far: a file may list vertices and faces group by group.

    Raises:
        ValueError: it is no number, zero, or reaches back beyond the first vertex.
    """
    number = int(word.split("/", maxsplit=1)[0])
    if number == 0 or number < -listed:
        raise ValueError(f"a face has the corner {word}, and {listed} vertices stand before it")
    return number - 1 if number > 0 else listed + number
