"""`python -m sdk render` of a bundle: what stands between the model and the picture."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command


def test_a_retarget_shapes_what_is_filmed(command: Command, rigged: Path, speech: Path) -> None:
    """The clip is that of the animation which `animate` writes with the same file, to the byte."""
    folder = speech.parent
    avatar = folder / "avatar.json"
    avatar.write_text('{"format_version": 1, "other_channels": {"gain": 0, "offset": 0.25}}')
    small = ("--size", 96, "--jobs", 1)
    assert command("animate", rigged, speech, "--retarget", avatar, "-o", folder / "clip.npz")[0] == 0
    assert command("render", folder / "clip.npz", speech, "-o", folder / "wanted.mp4", *small)[0] == 0
    for name, options in (("shaped.mp4", ("--retarget", avatar)), ("plain.mp4", ())):
        assert command("render", rigged, speech, "-o", folder / name, *small, *options)[0] == 0
    wanted = (folder / "wanted.mp4").read_bytes()
    assert (folder / "shaped.mp4").read_bytes() == wanted
    assert (folder / "plain.mp4").read_bytes() != wanted


def test_an_animation_takes_no_retarget(command: Command, speech: Path, tmp_path: Path) -> None:
    code, _, err = command("render", tmp_path / "clip.npz", speech, "-o", tmp_path / "a.mp4", "--retarget", "a.json")
    assert code == 2
    assert "--retarget: an animation file is not run; give it to python -m sdk animate" in err
