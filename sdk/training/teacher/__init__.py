"""The teacher: timed phones and their sound to the motion of a face, by rule."""

from sdk.training.teacher.curve import MotionCurve, Style, motion_curve

__all__ = ["MotionCurve", "Style", "motion_curve"]
