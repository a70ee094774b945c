"""Animation files: the frames of a session as glTF, OpenUSD, Unity clips, tables and arrays. See docs/animation.md."""
