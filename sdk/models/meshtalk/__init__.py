"""MeshTalk (Richard et al. 2021): speech, and a tracked face if there is one, to the vertices of a face.

A published model in its exact form.
"""

from sdk.models.meshtalk.config import MeshTalkConfig
from sdk.models.meshtalk.model import MeshTalk

__all__ = ["MeshTalk", "MeshTalkConfig"]
