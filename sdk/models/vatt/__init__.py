"""VATT (Akbari et al. 2021): raw sound, video and words in one transformer's terms, and in common spaces.

A published model in its exact form.
"""

from sdk.models.vatt.config import UnifiedConfig, VattConfig, vatt_bbs, vatt_lbs, vatt_mbs, vatt_unified
from sdk.models.vatt.model import UnifiedVatt, Vatt

__all__ = ["UnifiedConfig", "UnifiedVatt", "Vatt", "VattConfig", "vatt_bbs", "vatt_lbs", "vatt_mbs", "vatt_unified"]
