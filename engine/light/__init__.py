"""Spherical harmonics and colour spaces."""
