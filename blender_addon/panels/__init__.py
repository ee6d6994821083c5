"""The sidebar's tab "Face": these files draw and do nothing else."""

from . import expression, head, main, preview, quality, shape

MODULES = (preview, main, head, quality, shape, expression)
