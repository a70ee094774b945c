"""FaceFormer (Fan et al. 2022): speech to the vertices of a face, a published model in its exact form."""

from sdk.models.faceformer.config import FaceFormerConfig
from sdk.models.faceformer.model import FaceFormer

__all__ = ["FaceFormer", "FaceFormerConfig"]
