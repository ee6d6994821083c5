"""Reconstruct Face: the Blender extension's entry."""

from .blender_addon import register, unregister

__all__ = ["register", "unregister"]
