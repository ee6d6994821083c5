"""Reconstruct Face: the Blender extension's entry."""

from .blender_addon import register, unregister

# Blender before 4.2 reads this literal from the file's text; later ones read blender_manifest.toml.
bl_info = {
    "name": "Reconstruct Face",
    "description": "Photos to a rigged, textured, animatable head",
    "author": "Reconstruct Face contributors",
    "version": (0, 1, 0),
    "blender": (3, 4, 0),
    "location": "3D Viewport > Sidebar > Face",
    "category": "3D View",
}

__all__ = ["register", "unregister"]
