"""Rasteriser, shading, visibility."""
