"""glTF 2.0 binary: the face, its shapes as morph targets, their weights as an animation, and the sound.

Everything but the sound is core glTF. For sound no extension is ratified. Some readers know the draft
KHR_audio_emitter, so the WAV file lies in a buffer view which that extension names; it is used and not required, and a
reader that does not know it shows the face without sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from sdk import __version__
from sdk.animation.face import Face
from sdk.animation.layout import AddFrame, Layout, Sound
from sdk.animation.motion import Motion, recorded
from sdk.animation.pictures import linear, png
from sdk.errors import MissingDependencyError
from sdk.rigs.head import Floats
from sdk.rigs.surfaces import Surface

try:
    import pygltflib as gltf

    from sdk.animation.gltf_buffer import BufferWriter
except ImportError as error:
    raise MissingDependencyError("pygltflib", "is not installed", "pip install 'nowface[animation]'") from error

AUDIO = "KHR_audio_emitter"


@contextmanager
def gltf_file(path: Path, layout: Layout) -> Iterator[AddFrame]:
    """Writes a ``.glb`` with one node, one mesh with a primitive a surface, and one animation.

    Raises:
        UsageError: the face has no shape of a channel's name.
    """
    with recorded(path, layout) as recorder:
        yield recorder.add
        path.write_bytes(gltf_bytes(recorder.motion(), layout))


def gltf_bytes(motion: Motion, layout: Layout) -> bytes:
    """The file; the same clip gives the same bytes."""
    document = gltf.GLTF2(
        asset=gltf.Asset(version="2.0", generator=f"nowface {__version__}"),
        scene=0,
        scenes=[gltf.Scene(nodes=[0])],
        nodes=[gltf.Node(name="face", mesh=0)],
    )
    buffer = BufferWriter(document)
    document.meshes.append(mesh_of(document, buffer, motion.face))
    document.animations.append(animation_of(buffer, motion, layout))
    if layout.sound is not None:
        add_sound(document, buffer, layout.sound)
    document.set_binary_blob(buffer.finish())
    return b"".join(document.save_to_bytes())


def mesh_of(document: gltf.GLTF2, buffer: BufferWriter, face: Face) -> gltf.Mesh:
    """The mesh; materials and pictures go into the document."""
    rest, moved = face.normals
    primitives = []
    for name, surface in face.surfaces.items():
        used, corners = np.unique(surface.triangles, return_inverse=True)
        attributes = gltf.Attributes(
            POSITION=buffer.dense(face.vertices[used], bounds=True), NORMAL=buffer.dense(unit(rest[used]))
        )
        if surface.texture is not None:
            # From the top, not from the bottom, as pictures are stored.
            share = surface.texture.coordinates(face.vertices[used] * np.float32(1000))
            attributes.TEXCOORD_0 = buffer.dense((share * [1, -1] + [0, 1]).astype(np.float32))
        targets = [
            gltf.Attributes(POSITION=buffer.displacements(shape[used]), NORMAL=buffer.displacements(turn[used]))
            for shape, turn in zip(face.shapes, moved, strict=True)
        ]
        primitives.append(
            gltf.Primitive(
                attributes=attributes,
                indices=buffer.indices(corners, len(used)),
                material=len(document.materials),
                targets=targets,
            )
        )
        document.materials.append(material_of(document, buffer, name, surface))
    return gltf.Mesh(name="face", primitives=primitives, extras={"targetNames": list(face.names)})


def unit(normals: Floats) -> Floats:
    """Normals of length 1; a vertex whose triangles have no area, and so no normal, gets one forward."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    forward = np.array([0, 0, 1], np.float32)
    return np.where(length > 0.5, normals, forward)


def material_of(document: gltf.GLTF2, buffer: BufferWriter, name: str, surface: Surface) -> gltf.Material:
    """Metallic-roughness material of a surface; its picture goes into the document."""
    look = gltf.PbrMetallicRoughness(metallicFactor=0, roughnessFactor=round(1 - surface.gloss, 3))
    if surface.texture is None:
        look.baseColorFactor = [*linear(surface.colour), 1.0]
    else:
        if not document.samplers:
            edge = gltf.CLAMP_TO_EDGE
            document.samplers.append(
                gltf.Sampler(magFilter=gltf.LINEAR, minFilter=gltf.LINEAR_MIPMAP_LINEAR, wrapS=edge, wrapT=edge)
            )
        view = buffer.view(png(surface.texture.pixels))
        document.images.append(gltf.Image(name=name, bufferView=view, mimeType="image/png"))
        document.textures.append(gltf.Texture(sampler=0, source=len(document.images) - 1))
        look.baseColorTexture = gltf.TextureInfo(index=len(document.textures) - 1)
    return gltf.Material(name=name, pbrMetallicRoughness=look)


def animation_of(buffer: BufferWriter, motion: Motion, layout: Layout) -> gltf.Animation:
    """The weights, linear between frames. Its extras hold the exact frame rate, which float32 times do not."""
    times = np.array([layout.time(int(index)) for index in motion.index], np.float32)
    sampler = gltf.AnimationSampler(
        input=buffer.dense(times, bounds=True, target=None),
        output=buffer.dense(motion.weights.ravel(), target=None),
        interpolation="LINEAR",
    )
    channel = gltf.AnimationChannel(sampler=0, target=gltf.AnimationChannelTarget(node=0, path="weights"))
    rate = {"num": layout.frame_rate.num, "den": layout.frame_rate.den}
    return gltf.Animation(name=layout.title, samplers=[sampler], channels=[channel], extras={"frame_rate": rate})


def add_sound(document: gltf.GLTF2, buffer: BufferWriter, sound: Sound) -> None:
    """Puts the sound into the document: heard everywhere alike, from the moment at which the scene is loaded."""
    view = buffer.view(sound.wav())
    document.extensionsUsed.append(AUDIO)
    document.extensions[AUDIO] = {
        "audio": [{"bufferView": view, "mimeType": "audio/wav"}],
        "sources": [{"name": sound.name, "audio": 0, "autoPlay": True}],
        "emitters": [{"name": sound.name, "type": "global", "sources": [0]}],
    }
    document.scenes[0].extensions = {AUDIO: {"emitters": [0]}}
