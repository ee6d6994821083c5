"""Projection, and every change of convention."""
